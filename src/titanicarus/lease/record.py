"""An item as the witness stores it, and what can be told from it alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


def table_name(domain: str) -> str:
    """The fleet's table of the witness."""
    return f"titanicarus.{domain}"


class Stage(StrEnum):
    """How far the owner has come. Until OPEN, `standby` and `position` are those of the epoch before."""

    TAKEN = "taken"
    HANDED = "handed"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Branch:
    """An epoch that was opened: by whom, and after how many commits of the shard's history.

    `complete`: from the very run of a database that was the standby, so with everything acknowledged before.
    """

    epoch: int
    owner: str
    base: int
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """How far a copy is: the epoch and owner of the last epoch row in it, and its number of commits."""

    epoch: int
    owner: str
    commits: int


@dataclass(frozen=True, slots=True)
class Record:
    """One item. `history` has the last epochs that were opened, oldest first; `position` is a number of commits."""

    item: str
    owner: str
    epoch: int
    nonce: str
    stage: Stage
    standby: str | None
    standby_start_id: str | None
    position: int
    eligible: tuple[str, ...]
    history: tuple[Branch, ...]


HISTORY = 16
"""Epochs kept. A copy that is older than all of them is rebuilt rather than compared."""


def never_opened(record: Record) -> bool:
    """Whether the item is as it was born: nobody has opened it since."""
    return all(branch.epoch == 0 for branch in record.history)


def opened(record: Record, position: Position, complete: bool = False) -> tuple[Branch, ...]:
    """The history once the record's owner opens its epoch from a copy at `position`; `complete` as in Branch.

    Epochs which that copy never had are no longer part of it.
    """
    kept = record.history
    while kept and (kept[-1].epoch, kept[-1].owner) != (position.epoch, position.owner):
        kept = kept[:-1]
    return (*kept, Branch(record.epoch, record.owner, position.commits, complete))[-HISTORY:]


def commits_behind(record: Record, position: Position) -> int | None:
    """How many commits a copy lacks of what the item states; 0 when it has them all.

    None when it cannot be a beginning of the shard's history: it has commits which a later epoch went on without, or
    is older than the history reaches back.
    """
    later = None
    for branch in reversed(record.history):
        if (branch.epoch, branch.owner) == (position.epoch, position.owner):
            if later is not None and position.commits > later.base:
                return None
            return max(0, record.position - position.commits)
        later = branch
    return None


def inherited(record: Record, host: str) -> int | None:
    """The epoch of `host` that the open owner went on from with every commit that was acknowledged in it.

    A database that was open in that epoch and died may forget whatever else it has: no client was told of it. None
    when nothing may be forgotten.
    """
    if record.stage is not Stage.OPEN or len(record.history) < 2:
        return None
    before, last = record.history[-2:]
    return before.epoch if last.complete and last.epoch == record.epoch and before.owner == host else None
