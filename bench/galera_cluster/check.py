"""Answers HAProxy: 200 while the Galera node here is in sync and takes writes, 503 otherwise. Runs on a node.

`check.py ADDRESS PORT SOCKET`. What Percona's clustercheck does, with one open connection instead of a client's process
for each check.
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pymysql

_ASK = (
    "SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_local_state', 'wsrep_ready', 'wsrep_cluster_status',"
    " 'wsrep_cluster_size', 'wsrep_local_recv_queue')"
)
_SYNCED = "4"
_SECONDS = 0.5


class Node:
    """The node's own word, by its socket."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._open: Any = None

    def ask(self) -> dict[str, str]:
        """Names and values of its status; empty when it does not answer."""
        try:
            if self._open is None:
                self._open = pymysql.connect(
                    unix_socket=self._socket, user="mysql", connect_timeout=1, read_timeout=_SECONDS, autocommit=True
                )
            with self._open.cursor() as cursor:
                cursor.execute(_ASK)
                return dict(cursor.fetchall())
        except (pymysql.MySQLError, OSError):
            if self._open is not None:
                self._open._force_close()
            self._open = None
            return {}


class Answer(BaseHTTPRequestHandler):
    """One check."""

    node: Node
    wbufsize = -1  # an answer is one packet: HAProxy reads its first line and hangs up

    def do_GET(self) -> None:
        """Says it in the status, and for people in words."""
        told = self.node.ask()
        good = (
            told.get("wsrep_local_state") == _SYNCED
            and told.get("wsrep_ready") == "ON"
            and told.get("wsrep_cluster_status") == "Primary"
        )
        body = "".join(f"{name} {value}\n" for name, value in sorted(told.items())).encode()
        self.send_response(200 if good else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: there are ten a second."""


def main() -> None:
    """Answer for ever."""
    address, port, Answer.timeout = sys.argv[1], int(sys.argv[2]), 1
    Answer.node = Node(sys.argv[3])
    HTTPServer((address, port), Answer).serve_forever()


if __name__ == "__main__":
    main()
