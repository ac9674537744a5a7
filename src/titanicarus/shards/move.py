"""Whether a shard can be moved to a host or an island, and to which copy. A planned move loses nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from titanicarus.shards.view import CopyView, ShardView

MAX_LAG_SECONDS = 10.0
"""The gate is shut while the last commits travel: a copy that is further behind would make the gap long."""
MAX_LAG_COMMITS = 1000


class Refused(Exception):
    """It cannot be done now; the message says why and what to do, one sentence a line."""


@dataclass(frozen=True, slots=True)
class Move:
    """The order: the owner of this epoch hands the lease to `target`. Without an `owner` it is there already."""

    shard: str
    owner: str | None
    target: str
    epoch: int


def plan_move(view: ShardView, to: str, islands: Collection[str]) -> Move:
    """`to` is a host or the name of one of `islands`. Raises Refused with every reason that stands against it."""
    writer = view.writer
    if writer is None:
        raise Refused(
            f"{view.name}: nobody is open, so there is nothing to hand over. `saguire db status {view.name}` says why; "
            "`saguire db override` is the last resort"
        )
    there = [copy for copy in view.copies if to == (copy.island if to in islands else copy.host)]
    if not there:
        hosts = ", ".join(copy.host for copy in view.copies)
        raise Refused(f"{to} has no copy of {view.name}: it can be moved to {hosts}")
    if writer in there:
        return Move(view.name, None, writer.host, writer.epoch)
    if writer.owner != writer.host:
        raise Refused(f"{view.name} is open on {writer.host} by an override that has not won the lease yet")
    against = {copy.host: _against(copy, writer) for copy in there}
    good = [copy for copy in there if not against[copy.host]]
    if not good:
        raise Refused("\n".join(f"{host}: {reason}" for host, reasons in against.items() for reason in reasons))
    nearest = min(good, key=lambda copy: (copy.host != view.standby, copy.behind(writer) or 0, copy.host))
    return Move(view.name, writer.host, nearest.host, writer.epoch)


def _against(copy: CopyView, writer: CopyView) -> list[str]:
    """Why the lease should not go to this copy; empty when it may."""
    if copy.silence is not None:
        return [f"gives no answer: {copy.silence}"]
    reasons = []
    if copy.commits is None or copy.failed:
        reasons.append(f"its {copy.state(writer)}")
    elif copy.rebuilding:
        reasons.append("its copy is just made anew; move it when that is done")
    elif not copy.replicates:
        reasons.append(f"its copy follows nobody: {copy.why}")
    behind = copy.behind(writer)
    if behind is not None and behind > MAX_LAG_COMMITS:
        reasons.append(f"it lacks {behind} commits, more than {MAX_LAG_COMMITS}; wait until it has caught up")
    if copy.lag is not None and copy.lag > MAX_LAG_SECONDS:
        reasons.append(f"it is {copy.lag:g} s behind, more than {MAX_LAG_SECONDS:g} s; wait until it has caught up")
    if copy.wish.drained:
        reasons.append(f"it is drained: `saguire restore {copy.host}` first")
    return reasons
