"""What it means when a source will not serve a replica: error 1236 has one number for three different things."""

from __future__ import annotations

from enum import StrEnum

_NUMBER = "1236:"  # ER_MASTER_FATAL_ERROR_READING_BINLOG
# Texts of MariaDB 11.8's sql/sql_repl.cc.
_DIVERGED = "it probably means that the slave has diverged"
_AHEAD = "which is not in the master's binlog"
_PURGED = ("required binlog files have been purged", "The binlog on the master is missing the GTID")


class Trouble(StrEnum):
    """DIVERGED: this copy has commits that the source went on without. PURGED: the source no longer has what this copy
    needs next. Both need a rebuild. AHEAD: this copy has a commit that the source has not yet: the source may be behind
    (as a standby that has received and not applied it), or this copy has a tail that the source never gets: only the
    lease's history tells which. OTHER: anything else that ended the connection for good.
    """

    AHEAD = "ahead"
    DIVERGED = "diverged"
    PURGED = "purged"
    OTHER = "other"


def trouble(io_error: str) -> Trouble | None:
    """Of `Look.io_error`; None when it is no refusal of the source (a source that cannot be reached is none)."""
    if not io_error.startswith(_NUMBER):
        return None
    if _DIVERGED in io_error:
        return Trouble.DIVERGED
    if any(words in io_error for words in _PURGED):
        return Trouble.PURGED
    return Trouble.AHEAD if _AHEAD in io_error else Trouble.OTHER
