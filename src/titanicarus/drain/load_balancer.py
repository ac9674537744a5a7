"""A load balancer leaves by giving the shared addresses to its peer and finishing the connections that it has.

Packets of those connections now arrive at the peer. Told by a datagram twice a second that we are draining, its
packet filter passes on to us what belongs to no connection of its own (salt/nftables, docs/web.md).
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from titanicarus import haproxy
from titanicarus.drain import decide, look

KEEPALIVED_FLAG = Path("/var/lib/titanicarus/drained/keepalived")
HAPROXY_FLAG = Path("/var/lib/titanicarus/drained/haproxy.acl")
BEACON_PORT = 8406
BEACON_SECONDS = 0.5
PORTS = frozenset({80, 443})
# keepalived hands over within a tenth of a second; a peer that takes nothing over in this time never will.
TAKEOVER_SECONDS = 3.0


class NobodyTookOver(Exception):
    """The addresses would be nowhere: the drain was undone."""


def drained() -> bool:
    return KEEPALIVED_FLAG.exists() and KEEPALIVED_FLAG.read_text().strip() not in ("", "0")


def peers_of(pillar: Mapping[str, Any]) -> list[str]:
    return list(pillar["vrrp"]["peers"])


def addresses_of(pillar: Mapping[str, Any]) -> list[str]:
    """The shared addresses, without their prefix length."""
    return [vip["address"].split("/")[0] for vip in pillar["vrrp"]["vips"]]


def may_leave(peers: Sequence[str]) -> decide.Decision:
    states: dict[str, str | None] = {}
    for peer in peers:
        answer = look.health(peer, "/healthz/lb")
        states[peer] = None if answer is None else str(answer[1].get("state", "unknown"))
    return decide.load_balancer(states)


def router_id_of(pillar: Mapping[str, Any]) -> int:
    """The VRRP instance of the shared addresses."""
    return int(pillar["vrrp"]["router_id"])


def leave(pillar: Mapping[str, Any], seconds: float, *, force: bool) -> str:
    """Hand the addresses over and wait until the connections to them are finished. Returns what was seen.

    Raises NobodyTookOver, after undoing everything, when no peer announces the addresses (unless `force`).
    """
    peers, addresses = peers_of(pillar), addresses_of(pillar)
    with look.advertisements(router_id_of(pillar)) as heard_from, _beacon(peers):
        _flag(True)
        owner = heard_from(peers, TAKEOVER_SECONDS)
        if owner is None and not force:
            _flag(False)
            raise NobodyTookOver(f"no peer announced the addresses within {TAKEOVER_SECONDS:.0f} s; nothing is changed")
        finished = look.wait_for(lambda: look.connections(PORTS, addresses) == 0, seconds)
        left = look.connections(PORTS, addresses)
    holder = f"{owner} holds the addresses" if owner else "nobody holds the addresses"
    rest = "no connection is left here" if finished else f"{left} connections left after {seconds:.0f} s"
    return f"{holder}; {rest}"


def come_back() -> str:
    """Be ready to take over again. The addresses stay where they are. Returns what was seen."""
    if not drained():
        return "was not drained"
    _flag(False)
    return "stands by; the addresses stay where they are"


def _flag(on: bool) -> None:
    """For keepalived and HAProxy, on disk (both read it at start) and in the running HAProxy."""
    haproxy.set_flag(HAPROXY_FLAG, on)
    KEEPALIVED_FLAG.write_text("1\n" if on else "0\n")


@contextmanager
def _beacon(peers: Sequence[str]) -> Iterator[None]:
    """Tell the peers, for as long as the block lasts, that connections of ours may arrive at them."""
    over = threading.Event()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            while True:
                for peer in peers:
                    try:
                        sender.sendto(b"draining", (peer, BEACON_PORT))
                    except OSError:  # a peer that cannot be reached has no packets of ours either
                        continue
                if over.wait(BEACON_SECONDS):
                    return

    thread = threading.Thread(target=send, name="drain-beacon", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
