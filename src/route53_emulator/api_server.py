"""The API over HTTP or HTTPS: a thread for each connection, bounded in number, size and time."""

from __future__ import annotations

import logging
import secrets
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from route53_emulator.access import Access
from route53_emulator.errors import ApiError
from route53_emulator.operations import Operations
from route53_emulator.wire_format import WireFormat, write_error

log = logging.getLogger(__name__)
_MOST_BYTES = 1 << 20
_MOST_CONNECTIONS = 64
_IDLE_SECONDS = 30.0


class Api:
    """The whole way of a request, from its bytes to the answer's. `on` is the switch for faults."""

    def __init__(self, operations: Operations, access: Access) -> None:
        self._operations = operations
        self._access = access
        self._wire = WireFormat()
        self.on = threading.Event()
        self.on.set()

    def answer(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body. Never raises: a fault of this program is an InternalFailure, with its log."""
        request_id = "-".join(secrets.token_hex(size) for size in (4, 2, 2, 2, 6))
        common = {"x-amzn-RequestId": request_id, "Content-Type": "text/xml"}
        try:
            key = self._access.admit(method, target, headers, body)
            path, _, query = target.partition("?")
            operation, uri = self._wire.find(method, path)
            self._access.permit(key, operation.name)
            self._access.throttle()
            parameters = self._wire.read(operation, uri, dict(parse_qsl(query, keep_blank_values=True)), body)
            result, more = self._wire.write(operation, self._operations.run(operation.name, parameters))
            return operation.success, common | more, result
        except ApiError as error:
            return error.status, common, write_error(error, request_id)
        except Exception:
            log.exception("%s %s", method, target)
            fault = ApiError("InternalFailure", f"a fault of the emulator itself; see its log, request {request_id}")
            return fault.status, common, write_error(fault, request_id)


class ApiServer(ThreadingHTTPServer):
    """Serves an Api at an address; with a certificate by TLS."""

    daemon_threads = True
    request_queue_size = _MOST_CONNECTIONS

    def __init__(
        self, address: tuple[str, int], api: Api, certificate: Path | None = None, key: Path | None = None
    ) -> None:
        super().__init__(address, _Handler)
        self.api = api
        self._free = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        self._tls: ssl.SSLContext | None = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate, key)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread: TLS here, so that a client that says nothing holds up nobody else."""
        with self._free:
            request.settimeout(_IDLE_SECONDS)
            try:
                if self._tls:
                    request = self._tls.wrap_socket(request, server_side=True)
            except (OSError, ssl.SSLError):
                self.shutdown_request(request)
                return
            super().process_request_thread(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - not ours to name
        """A client that went away is no news."""
        log.debug("connection of %s ended", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ApiServer

    def _serve(self) -> None:
        # A service that is down says nothing at all; the client's own time-out has to end it.
        if not self.server.api.on.wait(timeout=_IDLE_SECONDS):
            self.close_connection = True
            return
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > _MOST_BYTES:
            error = ApiError("RequestEntityTooLarge", f"a request takes at most {_MOST_BYTES} bytes")
            self._send(error.status, {}, write_error(error, "none"))
            self.close_connection = True
            return
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(*self.server.api.answer(self.command, self.path, headers, body))

    do_GET = do_POST = do_DELETE = do_PUT = _serve  # noqa: N815 - the names that http.server looks for

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
