"""May this host leave? Pure decisions, each with the sentence that the operator reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decision:
    """`allowed` and why."""

    allowed: bool
    why: str


def web_server(usable: Mapping[str, int | None], counted: bool) -> Decision:
    """Whether a web server may leave.

    usable
        For each load balancer of the island: how many web servers it could send requests to now; None when it did
        not answer.
    counted
        Whether this host is healthy itself, so that it is one of those that are counted.

    No answer at all is a no: unknown is not the same as fine.
    """
    known = {balancer: count for balancer, count in usable.items() if count is not None}
    if not known:
        return Decision(False, f"no load balancer answers ({', '.join(sorted(usable)) or 'there is none'})")
    others = {balancer: count - int(counted) for balancer, count in known.items()}
    bare = sorted(balancer for balancer, count in others.items() if count < 1)
    if bare:
        return Decision(False, f"{', '.join(bare)} would have no web server left")
    return Decision(True, f"each load balancer keeps {min(others.values())} or more other web servers")


def load_balancer(peers: Mapping[str, str | None]) -> Decision:
    """Whether a load balancer may leave. `peers`: state by address, "up", "drained", or None for no answer."""
    ready = sorted(address for address, state in peers.items() if state == "up")
    if ready:
        return Decision(True, f"{', '.join(ready)} can take over")
    seen = [f"{address}: {state or 'no answer'}" for address, state in sorted(peers.items())]
    return Decision(False, f"no other load balancer of the island is in service ({', '.join(seen) or 'there is none'})")


def island(others: Mapping[str, str | None]) -> Decision:
    """Whether an island may leave. `others`: what each other island says of itself, None for no answer."""
    up = sorted(name for name, state in others.items() if state == "up")
    if up:
        return Decision(True, f"{', '.join(up)} {'takes' if len(up) == 1 else 'take'} its users")
    seen = [f"{name}: {state or 'no answer'}" for name, state in sorted(others.items())]
    return Decision(False, f"it is the last healthy island ({', '.join(seen) or 'there is no other'})")


def databases(standbys: Mapping[str, str | None]) -> Decision:
    """Whether a database host may leave. `standbys`: for each shard that it writes, who is in step; None for nobody."""
    alone = sorted(shard for shard, standby in standbys.items() if standby is None)
    if alone:
        names = ", ".join(alone)
        return Decision(False, f"{names} has no standby in step here: `saguire db move {alone[0]} --to HOST` first")
    if not standbys:
        return Decision(True, "it writes nothing")
    return Decision(True, ", ".join(f"{standby} takes {shard}" for shard, standby in sorted(standbys.items())))
