"""What a keeper answers, over TLS with certificates on both sides: docs/leases.md lists the paths.

GET  /shards/<shard>/primary   200 if this host's gate is open, else 503
GET  /shards/<shard>/replica   200 if its copy follows, else 503
GET  /status                   the whole document
GET  /watch                    the document as a line: at once, when somebody opens or shuts, and each second; to hosts
                               that carry shards also when anything else changed
POST /promise                  {"granted": true or false}; only hosts that carry the shard may ask
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from titanicarus.keeper.board import Board
from titanicarus.keeper.tls import Identity, accept, peer_name
from titanicarus.lease.messages import Ask

REQUEST_SECONDS = 10.0
"""A kept connection that says nothing for so long is closed; a handshake that takes so long as well."""
PAUSE_SECONDS = 0.2
"""How soon a keeper that carries shards, too, hears of what is not urgent; a planned move waits for positions. Load
balancers hear it each second: while a shard is written to, its position changes with every commit."""
LONGEST_SECONDS = 1.0
_LONGEST_BODY = 4096

Grant = Callable[[str, Ask], bool]


@dataclass(frozen=True, slots=True)
class Callers:
    """Who may do what, by the host id in their certificate: look, and, for each item, ask for a promise."""

    readers: frozenset[str]
    askers: Mapping[str, frozenset[str]]


class Api:
    """The server; it runs in threads of its own from `start` on."""

    def __init__(
        self, where: tuple[str, int], identity: Identity, board: Board, callers: Callers, grant: Grant
    ) -> None:
        self._server = _Server(where, identity, board, callers, grant)

    def start(self) -> None:
        """Begin to answer."""
        threading.Thread(target=self._server.serve_forever, name="api", daemon=True).start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self, where: tuple[str, int], identity: Identity, board: Board, callers: Callers, grant: Grant
    ) -> None:
        self.identity, self.board, self.callers, self.grant = identity, board, callers, grant
        super().__init__(where, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Callers that go away, or show no certificate, are no events of this host."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        """The handshake, in the caller's own thread."""
        self.request = accept(self.request, self.server.identity)
        self.request.settimeout(REQUEST_SECONDS)
        self.peer = peer_name(self.request)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def do_GET(self) -> None:
        if self.peer not in self.server.callers.readers:
            self._say(403, {"error": f"{self.peer or 'nobody'} may not look here"})
            return
        document = self.server.board.document
        match self.path.strip("/").split("/"):
            case ["status"]:
                self._say(200, document)
            case ["watch"]:
                self._stream()
            case ["shards", shard, "primary" | "replica" as role] if shard in document["shards"]:
                facts = document["shards"][shard]
                holds = facts["open"] if role == "primary" else facts["replicates"]
                self._say(200 if holds else 503, facts)
            case _:
                self._say(404, {"error": f"there is no {self.path} here"})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if self.path != "/promise" or not 0 < length <= _LONGEST_BODY:
            self.close_connection = True
            self._say(404, {"error": "POST /promise with a short JSON body is all there is"})
            return
        try:
            data = json.loads(self.rfile.read(length))
            ask = Ask("", int(data["round"]), str(data["item"]), int(data["epoch"]), str(data["nonce"]))
        except (ValueError, KeyError, TypeError) as error:
            self._say(400, {"error": f"cannot be read: {error!r}"})
            return
        if self.peer not in self.server.callers.askers.get(ask.item, ()):
            self._say(403, {"error": f"{self.peer or 'nobody'} does not carry {ask.item}"})
            return
        self._say(200, {"granted": self.server.grant(self.peer, ask)})

    def _say(self, status: int, document: Mapping[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Connection", "close")
        self.end_headers()
        carries = any(self.peer in hosts for hosts in self.server.callers.askers.values())
        pause, seen = PAUSE_SECONDS if carries else LONGEST_SECONDS, (-1, -1)
        while True:
            seen, document = self.server.board.wait(seen, pause, LONGEST_SECONDS)
            try:
                self.wfile.write(json.dumps(document).encode() + b"\n")
            except (OSError, ssl.SSLError):
                return  # the caller has gone

    def log_message(self, format: str, *arguments: Any) -> None:
        """Requests are not logged: there are some each second."""
