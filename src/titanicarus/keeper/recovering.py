"""When a database that was open here, and is down, may forget what its standby never had. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from titanicarus.lease.record import Record, Stage


@dataclass(frozen=True, slots=True)
class Heir:
    """Who was the standby of an epoch, and owns the one after it."""

    owner: str
    epoch: int


def heir(known: Heir | None, record: Record, me: str) -> Heir | None:
    """The heir by this record. `known` is by the record before: an open item names another standby."""
    if record.owner == me:
        return None
    found = Heir(record.owner, record.epoch)
    if record.stage is Stage.OPEN:
        return found if found == known else None
    return found if record.owner == record.standby else None


def cut(heir: Heir | None, record: Record) -> int | None:
    """The epoch that the heir has opened: it has applied every commit that it ever acknowledged. None until then."""
    return record.epoch if heir is not None and record.stage is Stage.OPEN else None
