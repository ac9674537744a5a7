"""A whole island leaves by turning its health checks red: Route53 sends nobody new, and who comes is still served.

No call to AWS is on the way. The flag is on each of the island's load balancers, and kept over a reboot.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from titanicarus import haproxy
from titanicarus.drain import decide, look

FLAG = Path("/var/lib/titanicarus/drained/island.acl")


def drained() -> bool:
    return haproxy.flag_is_up(FLAG)


def states(islands: Mapping[str, str]) -> dict[str, str | None]:
    """What each island says of its web service ("up", "down", "drained", "held"), or None when it does not answer.

    islands
        Island to the public address of its services: this is what Route53's checkers see.
    """
    seen: dict[str, str | None] = {}
    for name, address in sorted(islands.items()):
        answer = look.health(address, "/healthz/web")
        seen[name] = None if answer is None else str(answer[1].get("state", "unknown"))
    return seen


def may_leave(others: Mapping[str, str | None]) -> decide.Decision:
    return decide.island(others)


def leave() -> str:
    haproxy.set_flag(FLAG, up=True)
    return "its health checks are red; users follow as their name look-ups expire"


def come_back() -> str:
    if not drained():
        return "was not drained"
    haproxy.set_flag(FLAG, up=False)
    return "its health checks tell the truth again"
