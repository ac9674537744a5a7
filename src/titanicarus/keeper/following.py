"""Whom a copy follows, and when it has to be made anew. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from titanicarus.lease.record import Record, Stage
from titanicarus.mariadb.look import Look
from titanicarus.mariadb.trouble import Trouble, trouble

REBUILD_AFTER = 5.0
"""Seconds for which a copy must have been unfit before it is thrown away: an epoch row may be on its way."""


@dataclass(frozen=True, slots=True)
class Follow:
    """Follow that host; `acknowledge` when its commits are to wait for this copy."""

    host: str
    acknowledge: bool


def source(record: Record, me: str, places: Mapping[str, str]) -> Follow | None:
    """Whom to follow; None to leave everything as it is.

    Other islands follow the standby while there is one, not the primary: so they never hold what the standby lacks.
    Until the owner is open, nobody knows which history goes on.
    """
    if record.owner == me or record.stage is not Stage.OPEN:
        return None
    if places[record.owner] == places[me]:
        return Follow(record.owner, acknowledge=True)
    if record.standby and record.standby != me:
        return Follow(record.standby, acknowledge=False)
    return Follow(record.owner, acknowledge=False)


def follows(look: Look, follow: Follow) -> bool:
    """Whether a copy does so already."""
    right = look.source == follow.host and look.acknowledges is follow.acknowledge
    return right and look.io_running and look.sql_running


def unfit(record: Record, look: Look, behind: int | None) -> str | None:
    """Why a copy cannot simply go on following; None when it can. `behind` is `commits_behind` of it."""
    if record.stage is not Stage.OPEN:
        return None
    if behind is None:
        return (
            f"it ends in epoch {look.epoch} of {look.owner} after {look.received} commits, which is no beginning of "
            f"the shard's history in epoch {record.epoch}"
        )
    # A source that lacks what this copy has may only be slower in applying: the history above tells.
    if trouble(look.io_error) not in (None, Trouble.AHEAD):
        return f"its source cannot serve it any more ({look.io_error})"
    if look.sql_error:
        return f"it cannot apply what it received ({look.sql_error})"
    return None
