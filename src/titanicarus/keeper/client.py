"""How one keeper asks another: HTTP/1.1 over TLS with certificates on both sides."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, TypeVar

from titanicarus.keeper.tls import Identity, NoIdentity, peer_name

T = TypeVar("T")

PORT = 3600
ANSWER_SECONDS = 1.0
"""For connecting, for the handshake, and for each answer."""
SILENCE_SECONDS = 3.0
"""A stream has a line each second; one that is silent for longer is broken off."""
_LONGEST = 1 << 20
"""Bytes of a document; the largest fleet's has some 100 kB."""


class KeeperError(Exception):
    """A keeper could not be asked; the message says which one, and what to do."""


class Unreachable(KeeperError):
    """No connection, or no answer in time: nothing is known."""


class Ended(Unreachable):
    """The connection was there and was closed."""


class Untrusted(KeeperError):
    """One of the two certificates is not accepted by the other side."""


class BadAnswer(KeeperError):
    """It answered, and not as a keeper does."""


class Connection:
    """The keeper at an address. Connects when it is first asked, and again after an error. For one
    thread, but for `break_off`.

    `host` is the host id that the certificate must name; without it, it must have the address.
    """

    def __init__(
        self,
        address: str,
        port: int = PORT,
        identity: Identity | None = None,
        *,
        host: str = "",
        timeout: float = ANSWER_SECONDS,
        silence: float = SILENCE_SECONDS,
    ) -> None:
        self._address, self._port, self._host = address, port, host
        self._identity = identity or Identity()
        self._timeout, self._silence = timeout, silence
        self._open: tuple[http.client.HTTPConnection, ssl.SSLSocket] | None = None
        self.peer = ""
        """Host id in the certificate that was shown; "" before the first connection."""

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def get_status(self) -> dict[str, Any]:
        """The /status document. Raises KeeperError, as all of these do."""
        return self._document(self._ask("GET", "/status")[1])

    def holds(self, shard: str, role: str = "primary") -> bool:
        """Whether that host is the shard's open `primary`, or a `replica` that is near enough."""
        return self._ask("GET", f"/shards/{shard}/{role}", expected=(200, 503))[0] == 200

    def promise(self, request: Mapping[str, Any]) -> bool:
        """Whether that host promises not to take the item (docs/leases.md, rule 3)."""
        content = self._ask("POST", "/promise", json.dumps(request).encode())[1]
        return self._document(content).get("granted") is True

    def watch(self) -> Iterator[dict[str, Any]]:
        """The /status document at once, whenever somebody opens or shuts, and each second, without an end.

        Raises Unreachable when nothing was heard for `silence` seconds or the other side ended the stream.
        """
        response = self._request("GET", "/watch", b"")
        if response.status != 200:
            self._refuse(response.status, self._read(response, "/watch"))
        while True:
            line = self._told(lambda: response.readline(_LONGEST), f"said nothing for {self._silence:g} s")
            if not line.endswith(b"\n"):
                self.close()
                raise Ended(f"{self._name} ended the stream")
            yield self._document(line)
            if self._open is not None:
                self._open[1].settimeout(self._silence)

    def close(self) -> None:
        """Give the connection up."""
        opened, self._open = self._open, None
        if opened is not None:
            opened[0].close()

    def break_off(self) -> None:
        """From another thread: end what is going on there, which finds the connection closed."""
        opened = self._open
        if opened is not None:
            with suppress(OSError):  # when the other side was faster
                # Of the socket below TLS, whose state belongs to the thread that reads.
                socket.socket.shutdown(opened[1], socket.SHUT_RDWR)

    @property
    def _name(self) -> str:
        return f"the keeper of {self._host or self._address} ({self._address}:{self._port})"

    def _ask(self, method: str, path: str, body: bytes = b"", expected: tuple[int, ...] = (200,)) -> tuple[int, bytes]:
        response = self._request(method, path, body)
        content = self._read(response, path)
        if response.status not in expected:
            self._refuse(response.status, content)
        return response.status, content

    def _read(self, response: http.client.HTTPResponse, path: str) -> bytes:
        return self._told(lambda: response.read(_LONGEST), f"did not answer {path} within {self._timeout:g} s")

    def _refuse(self, status: int, content: bytes) -> None:
        self.close()
        words = content.decode(errors="replace").strip()[:200]
        raise BadAnswer(f"{self._name} answered {status}: {words or 'without a word'}")

    def _document(self, text: bytes) -> dict[str, Any]:
        try:
            data = json.loads(text)
        except ValueError:
            data = None
        if not isinstance(data, dict):
            self.close()
            raise BadAnswer(f"{self._name} answered with something that is no JSON object: {text[:80]!r}")
        return data

    def _request(self, method: str, path: str, body: bytes) -> http.client.HTTPResponse:
        """Send, and wait for the head of the answer. A kept connection that turns out to be closed is opened anew."""
        kept = self._open is not None
        try:
            return self._send(method, path, body)
        except Ended:
            if not kept:
                raise
        return self._send(method, path, body)

    def _send(self, method: str, path: str, body: bytes) -> http.client.HTTPResponse:
        def send() -> http.client.HTTPResponse:
            if self._open is None or self._open[0].sock is None:
                self._open = self._connect()
            connection = self._open[0]
            connection.request(method, path, body or None, {"Content-Type": "application/json"} if body else {})
            return connection.getresponse()

        return self._told(send, f"did not answer {path} within {self._timeout:g} s")

    def _connect(self) -> tuple[http.client.HTTPConnection, ssl.SSLSocket]:
        context = self._identity.client()
        plain = socket.create_connection((self._address, self._port), self._timeout)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            secured = context.wrap_socket(plain, server_hostname=self._host or self._address)
        except BaseException:
            plain.close()
            raise
        self.peer = peer_name(secured)
        connection = http.client.HTTPConnection(self._address, self._port, timeout=self._timeout)
        connection.auto_open = 0  # by itself it would connect without TLS
        connection.sock = secured
        return connection, secured

    def _told(self, ask: Callable[[], T], silence: str) -> T:
        """What `ask` gives. Whatever goes wrong becomes a KeeperError, and closes the connection."""
        try:
            return ask()
        except TimeoutError as error:
            problem: KeeperError = Unreachable(f"{self._name} {silence}")
            cause: Exception = error
        except NoIdentity as error:
            problem, cause = Untrusted(str(error)), error
        except ssl.SSLCertVerificationError as error:
            words = error.verify_message or error
            problem, cause = Untrusted(f"the certificate of {self._name} is not accepted: {words}"), error
        except ssl.SSLError as error:
            refused = "ALERT" in (error.reason or "")
            words = f"does not accept this host's certificate, or speaks another TLS: {error.reason}"
            problem, cause = Untrusted(f"{self._name} {words}") if refused else Ended(f"{self._name}: {error}"), error
        except (http.client.RemoteDisconnected, http.client.IncompleteRead, ConnectionError) as error:
            refused = isinstance(error, ConnectionRefusedError)
            problem = Unreachable(f"{self._name} is not running") if refused else Ended(f"{self._name}: {error}")
            cause = error
        except http.client.HTTPException as error:
            problem, cause = BadAnswer(f"{self._name} does not speak HTTP: {error!r}"), error
        except (OSError, ValueError) as error:
            problem, cause = Unreachable(f"{self._name} cannot be reached: {error}"), error
        self.close()
        raise problem from cause
