"""Which bricks a client of GlusterFS is connected to, as the kernel knows it: asks no daemon, and never hangs.

A client whose brick ended and began anew in the very moment in which it looked for it again was seen never to look
again (GlusterFS 11.1, with TLS): all goes on, without that copy, until the next fault takes another one. So whoever
lacks a brick that is there is begun anew.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

GLUSTERD = 24007
"""The port of glusterd; bricks have others."""
BRICK_PORTS = (49152, 49183)
"""First and last port where glusterd puts the bricks of a host, in no order."""
PKI = Path("/etc/titanicarus/pki")
_ESTABLISHED = "01"
_PROC = Path("/proc")


def lacking(pid: int, hosts: Iterable[str], proc: Path = _PROC) -> list[str]:
    """Those of the hosts with a brick that a client is not connected to. Raises OSError when the client has ended, or a
    host has no address."""
    there = _connected(pid, proc)
    return [host for host in hosts if socket.gethostbyname(host) not in there]


def answers(host: str, seconds: float = 1.0) -> bool:
    """Whether a host serves a brick: its glusterd and something at a port of bricks speak TLS with this host.

    To take a connection is not enough, as the kernel of a host that hangs does. A host has the brick of one volume.
    Takes up to a few times `seconds`.
    """
    import ssl  # noqa: PLC0415 -- only for who lacks a brick

    context = ssl.create_default_context(cafile=str(PKI / "root.crt"))
    context.check_hostname = False  # what is asked is whether it speaks; GlusterFS looks at who it is
    context.load_cert_chain(PKI / "host.crt", PKI / "host.key")

    def speaks(port: int) -> bool:
        try:
            with (
                socket.create_connection((host, port), seconds) as plain,
                context.wrap_socket(plain, server_hostname=host),
            ):
                return True
        except OSError:
            return False

    return speaks(GLUSTERD) and any(speaks(port) for port in range(BRICK_PORTS[0], BRICK_PORTS[1] + 1))


def _connected(pid: int, proc: Path) -> set[str]:
    """Addresses of the other ends of a process's connections, but for those to glusterds."""
    own = set()
    for link in (proc / str(pid) / "fd").iterdir():
        with suppress(OSError):  # it has just been closed
            own.add(str(link.readlink()))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in (proc / str(pid) / "net" / table).read_text().splitlines()[1:]:
            words = line.split()
            address, _, port = words[2].partition(":")
            if words[3] == _ESTABLISHED and f"socket:[{words[9]}]" in own and int(port, 16) != GLUSTERD:
                found.add(_address(address))
    return found


def _address(text: str) -> str:
    """The kernel writes an address as numbers of four bytes each, in this machine's order."""
    raw = b"".join(struct.pack("=I", int(text[at : at + 8], 16)) for at in range(0, len(text), 8))
    address = ipaddress.ip_address(raw)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
