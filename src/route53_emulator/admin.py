"""The switches for faults: a Unix socket that takes one line and gives one line of JSON."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Status = Callable[[], dict[str, Any]]


class AdminServer(socketserver.ThreadingUnixStreamServer):
    """`switches` are the parts that can be turned off: `api`, `dns`, `checkers`."""

    daemon_threads = True

    def __init__(self, path: Path, switches: Mapping[str, threading.Event], status: Status) -> None:
        path.unlink(missing_ok=True)
        super().__init__(str(path), _Handler)
        path.chmod(0o600)
        self.switches = switches
        self.status = status

    def obey(self, line: str) -> Mapping[str, Any]:
        """The answer to one line: `status`, or `NAME on|off`."""
        words = line.split()
        if len(words) == 2 and words[0] in self.switches and words[1] in ("on", "off"):
            switch = self.switches[words[0]]
            switch.set() if words[1] == "on" else switch.clear()
        elif words != ["status"]:
            return {"error": f"say status, or one of {', '.join(self.switches)} with on or off"}
        states: dict[str, Any] = {name: "on" if one.is_set() else "off" for name, one in self.switches.items()}
        return states | self.status()


class _Handler(socketserver.StreamRequestHandler):
    server: AdminServer
    timeout = 5.0

    def handle(self) -> None:
        answer = self.server.obey(self.rfile.readline(1000).decode(errors="replace"))
        self.wfile.write(json.dumps(answer).encode() + b"\n")


def tell(path: Path, line: str) -> Mapping[str, Any]:
    """Say a line to a running emulator and give back its answer. Raises OSError when none listens there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line_to:
        line_to.settimeout(5.0)
        line_to.connect(str(path))
        line_to.sendall(line.encode() + b"\n")
        with line_to.makefile() as answer:
            result: Mapping[str, Any] = json.loads(answer.readline())
    return result
