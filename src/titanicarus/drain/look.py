"""What a host can see for itself: other hosts' health, its own connections, who announces the shared addresses."""

from __future__ import annotations

import http.client
import json
import select
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

ANSWER_SECONDS = 1.0
PAUSE_SECONDS = 0.05
VRRP = 112  # IP protocol number, RFC 5798
_ESTABLISHED, _CLOSE_WAIT = "01", "08"
_SOCKETS = Path("/proc/net/tcp")


def health(address: str, path: str, port: int = 80) -> tuple[int, dict[str, Any]] | None:
    """Status code and JSON of a health endpoint, or None when there is no answer within a second."""
    connection = http.client.HTTPConnection(address, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path, headers={"Host": "healthz.invalid"})
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    try:
        said = json.loads(body)
    except ValueError:
        said = {}
    return response.status, said if isinstance(said, dict) else {}


def connections(ports: Collection[int], addresses: Collection[str] | None = None, table: str | None = None) -> int:
    """How many TCP connections to these local ports are open (to these local addresses only, when given)."""
    wanted = None if addresses is None else {_hex(address) for address in addresses}
    count = 0
    for line in (table if table is not None else _SOCKETS.read_text()).splitlines()[1:]:
        _, local, _, state, *_ = line.split()
        address, _, port = local.partition(":")
        if state in (_ESTABLISHED, _CLOSE_WAIT) and int(port, 16) in ports and (wanted is None or address in wanted):
            count += 1
    return count


def _hex(address: str) -> str:
    """An address as /proc/net/tcp writes it: the bytes in the order of a little-endian machine."""
    return socket.inet_aton(address)[::-1].hex().upper()


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition came true before the deadline; looked at every 50 ms."""
    deadline = monotonic() + seconds
    while not condition():
        if monotonic() >= deadline:
            return False
        sleep(PAUSE_SECONDS)
    return True


@contextmanager
def advertisements(router_id: int) -> Iterator[Callable[[Collection[str], float], str | None]]:
    """Listen for VRRP. The given function waits up to so many seconds for an advertisement from one of the peers.

    It returns the peer's address: that host holds the addresses of the instance `router_id`. Needs CAP_NET_RAW.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, VRRP) as listener:

        def heard_from(peers: Collection[str], seconds: float) -> str | None:
            deadline = monotonic() + seconds
            while (left := deadline - monotonic()) > 0:
                ready, _, _ = select.select([listener], [], [], left)
                if ready:
                    packet, (sender, _) = listener.recvfrom(2048)
                    if sender in peers and _announced(packet) == router_id:
                        return str(sender)
            return None

        yield heard_from


def _announced(packet: bytes) -> int | None:
    """The router id in a VRRP packet with its IPv4 header; None for priority 0, which means "I am leaving"."""
    header = (packet[0] & 0x0F) * 4
    if len(packet) <= header + 2 or packet[header + 2] == 0:
        return None
    return packet[header + 1]
