"""The last resort: opening a shard although nobody can prove that no other host does, or although commits are lost.

What is said here is what the operator reads before typing the shard's name, so it says everything that can be lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from titanicarus.shards.move import Refused
from titanicarus.shards.view import CopyView, ShardView


@dataclass(frozen=True, slots=True)
class Statement:
    """What would be done, and what can be lost by it. `epoch` is the one that is overridden; `clears` are wishes of the
    host that stand in the way."""

    shard: str
    host: str
    epoch: int
    sentences: tuple[str, ...]
    clears: tuple[str, ...]


def plan_override(view: ShardView, host: str) -> Statement:
    """Raises Refused when it cannot be done, or when something safer can."""
    chosen = view.copy(host)
    if chosen is None:
        hosts = ", ".join(copy.host for copy in view.copies)
        raise Refused(f"{host} has no copy of {view.name}; {hosts} have")
    _refuse(view, chosen)
    clears = tuple(key for key in ("paused", "drained") if getattr(chosen.wish, key))
    return Statement(view.name, host, chosen.epoch, tuple(_sentences(view, chosen, clears)), clears)


def _refuse(view: ShardView, chosen: CopyView) -> None:
    writer = view.writer
    if chosen.silence is not None:
        raise Refused(f"{chosen.host} gives no answer: {chosen.silence}")
    if writer is chosen:
        raise Refused(f"{chosen.host} is open already: {chosen.why}")
    if writer is not None:
        raise Refused(
            f"{writer.host} is open and answers, so nothing needs to be lost: `saguire db move {view.name} "
            f"--to {chosen.host}`"
        )
    if chosen.commits is None or chosen.failed:
        raise Refused(f"{chosen.host}: its {chosen.state(None)}: it cannot be opened")
    if chosen.rebuilding:
        raise Refused(f"{chosen.host}: its copy is just made anew, and is not whole")
    if chosen.owner is None:
        raise Refused(
            f"{chosen.host}: its keeper has not read the item since it started and the witness does not answer, so it "
            "does not know which epoch to override. Choose a host whose keeper knows it, or bring the witness back"
        )


def _sentences(view: ShardView, chosen: CopyView, clears: tuple[str, ...]) -> Iterator[str]:
    mine = chosen.commits or 0
    yield f"{view.name} would be opened on {chosen.host} as epoch {chosen.epoch + 1}, without the protocol's proof."
    yield f"Epoch {chosen.epoch} belongs to {chosen.owner}, which {_how(view, chosen.owner)}."
    asked = "never" if chosen.witness_age is None else f"{chosen.witness_age:.0f} s ago"
    yield f"The witness last answered {chosen.host} {asked}; its keeper says: {chosen.why}."
    yield f"{chosen.host} has {mine} commits, in epoch {chosen.epoch}."
    yield "What can be lost:"
    for copy in view.answering:
        more = (copy.commits or 0) - mine
        if copy is not chosen and more > 0:
            yield f"- {copy.host} has {more} commits more: they are lost, and would not be with --on {copy.host}"
    away = [copy.host for copy in view.copies if copy.silence is not None or copy.commits is None]
    if away:
        yield (
            f"- {' and '.join(away)} cannot be asked: whatever they acknowledged after commit {mine} is lost. How many "
            "commits that is, nobody knows; their reports will say when they return"
        )
    elif all((copy.commits or 0) <= mine for copy in view.answering):
        yield f"- nothing that any copy has: every one answers, and none has more than {chosen.host}"
    if chosen.owner != chosen.host and chosen.owner in away:
        yield (
            f"- if {chosen.owner} is alive and serves clients where you cannot see it, two hosts accept writes until "
            "the witness answers; then one of them loses all it accepted. Make sure that it is off"
        )
    for key in clears:
        yield f"{chosen.host} is {key}; that ends with this."


def _how(view: ShardView, owner: str | None) -> str:
    copy = view.copy(owner)
    if copy is None:
        return "carries the shard no more"
    if copy.silence is not None:
        return f"gives no answer ({copy.silence})"
    return f"answers and says: {copy.why}"
