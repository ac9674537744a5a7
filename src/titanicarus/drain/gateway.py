"""A firewall leaves by giving the island's gateway to a load balancer; connections that it forwards go on there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from titanicarus.drain import look
from titanicarus.drain.load_balancer import KEEPALIVED_FLAG, TAKEOVER_SECONDS, NobodyTookOver, drained


def leave(pillar: Mapping[str, Any], *, force: bool) -> str:
    """Hand the gateway over. `pillar` is the host's `gateway:`. Returns what was seen.

    Raises NobodyTookOver, after undoing it, when no peer announces the addresses (unless `force`).
    """
    vrrp = pillar["vrrp"]
    with look.advertisements(int(vrrp["router_id"])) as heard_from:
        KEEPALIVED_FLAG.write_text("1\n")
        owner = heard_from(vrrp["peers"], TAKEOVER_SECONDS)
    if owner is None and not force:
        KEEPALIVED_FLAG.write_text("0\n")
        raise NobodyTookOver(f"no peer announced the addresses within {TAKEOVER_SECONDS:.0f} s; nothing is changed")
    return f"{owner} is the gateway" if owner else "the island has no gateway"


def come_back(pillar: Mapping[str, Any]) -> str:
    """Take part again. Returns what follows."""
    if not drained():
        return "was not drained"
    KEEPALIVED_FLAG.write_text("0\n")
    seconds = pillar["vrrp"]["give_back_seconds"]
    return f"is the gateway again in {seconds} s" if seconds else "stands by"
