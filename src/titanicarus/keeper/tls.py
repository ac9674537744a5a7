"""Who talks to whom between keepers: TLS 1.3 with the host's own certificate on both sides, from the fleet's own CA."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

PKI = Path("/etc/titanicarus/pki")
HANDSHAKE_SECONDS = 1.0
_FILES = ("root.crt", "host.crt", "host.key")


class NoIdentity(Exception):
    """This host has no usable certificate; the message says which file and what to do."""


class Identity:
    """This host's certificate and key, for both directions, read anew when a file changed (certificates are renewed
    while keepers run). For any number of threads."""

    def __init__(self, folder: Path = PKI) -> None:
        self.folder = folder
        self._lock = Lock()
        self._seen: tuple[tuple[int, int, int], ...] | None = None
        self._contexts: tuple[ssl.SSLContext, ssl.SSLContext] | None = None

    def server(self) -> ssl.SSLContext:
        """For connections that are accepted. The peer must show a certificate of the fleet. Raises NoIdentity."""
        return self._fresh()[0]

    def client(self) -> ssl.SSLContext:
        """For connections that are opened: `wrap_socket(..., server_hostname=<host id or address>)` is checked against
        the names and addresses in the peer's certificate. Raises NoIdentity."""
        return self._fresh()[1]

    def _fresh(self) -> tuple[ssl.SSLContext, ssl.SSLContext]:
        with self._lock:
            try:
                seen = tuple(_stamp(self.folder / name) for name in _FILES)
                if self._contexts is None or seen != self._seen:
                    self._contexts = (
                        _context(ssl.PROTOCOL_TLS_SERVER, self.folder),
                        _context(ssl.PROTOCOL_TLS_CLIENT, self.folder),
                    )
                    self._seen = seen
            except (OSError, ssl.SSLError) as error:
                # Between the two writes of a renewal, key and certificate do not fit: the old pair is good meanwhile.
                if self._contexts is None:
                    raise NoIdentity(
                        f"the certificate of this host in {self.folder} cannot be used: {error}; state.apply writes it"
                    ) from error
            return self._contexts


def peer_name(connection: ssl.SSLSocket) -> str:
    """The host id in the peer's certificate (its common name); "" when there is none."""
    subject: Any = (connection.getpeercert() or {}).get("subject", ())
    names = [value for part in subject for key, value in part if key == "commonName"]
    return str(names[0]) if len(names) == 1 else ""


def accept(plain: socket.socket, identity: Identity, seconds: float = HANDSHAKE_SECONDS) -> ssl.SSLSocket:
    """The handshake of a server, within `seconds` for each of its steps. On failure the socket is closed, after the
    other side has been told why. Raises OSError (ssl.SSLError is one) and NoIdentity."""
    plain.settimeout(seconds)
    try:
        secured = identity.server().wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
    except (OSError, NoIdentity):
        plain.close()
        raise
    try:
        secured.do_handshake()
    except OSError:
        _let_it_hear(secured, seconds)
        raise
    return secured


def _let_it_hear(connection: socket.socket, seconds: float) -> None:
    """Close after the other side did. Closed with bytes unread, it would be reset, and the alert before it lost."""
    deadline = time.monotonic() + seconds
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_WR)
        while time.monotonic() < deadline and socket.socket.recv(connection, 4096):
            pass
    connection.close()


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


def _context(protocol: int, folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(folder / "root.crt")
    context.load_cert_chain(folder / "host.crt", folder / "host.key")
    return context
