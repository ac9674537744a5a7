"""How an instance may recover from a crash: keep the end of its history, or cut off what no replica acknowledged.

A primary that is killed has commits in its binary log that no client was told of, because the standby had not
acknowledged them. The standby takes over without them, so a copy that keeps them is no beginning of the shard's history
any more and has to be rebuilt. mariadbd can roll them back while it recovers (`--init-rpl-role=SLAVE`), and then simply
follows. That is right only when commits waited for the standby all the time, and that very standby took over: what was
acknowledged alone would be cut off as well.

So an instance that was open waits at its start, for a moment, for the keeper to say which it is. Two files tell:

`opened` (on the disk)  written before it opens for writes and each time that commits begin to wait or cease to
`said` (in /run)        "cut" or "keep", written by the keeper; taken back when the instance opens again
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from titanicarus.control import files
from titanicarus.mariadb.instance import named

WAIT_SECONDS = 3.0
STATE = Path("/var/lib/titanicarus/mariadb")
RUN = Path("/run/titanicarus/keeper")
"""The keeper's own: it may write nowhere else in /run."""


class Recovery(StrEnum):
    """CUT rolls back what no replica acknowledged; KEEP, the default of mariadbd, keeps everything."""

    CUT = "cut"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Notes:
    """The two files of a shard, and `tried`: it was started with CUT, which mariadbd may refuse."""

    opened: Path
    said: Path
    tried: Path


def notes(shard: str, state: Path = STATE, run: Path = RUN) -> Notes:
    """Where a shard's notes are."""
    name = named(shard)
    return Notes(state / f"{name}.opened", run / f"recovery-{name}", run / f"recovery-{name}-tried")


def say(shard: str, recovery: Recovery, where: Notes | None = None) -> None:
    """For the keeper, when a database that was open is down.

    CUT only when the item names, as owner of a later epoch, the host that was the standby of the epoch that was open
    here; KEEP when nobody takes over. Idempotent.
    """
    place = (where or notes(shard)).said
    files.write(place, recovery.value, durable=False)


def opening(where: Notes, epoch: int, waits: bool) -> None:
    """Before an instance opens for writes, or goes on alone: on the disk before it happens."""
    files.write(where.opened, json.dumps({"epoch": epoch, "waits": waits}))
    where.said.unlink(missing_ok=True)
    where.tried.unlink(missing_ok=True)


def waiting(where: Notes, waits: bool) -> None:
    """Commits wait for a replica from now on, or no longer. Nothing to note for one that is not open."""
    epoch = _epoch(where)
    if epoch is not None:
        files.write(where.opened, json.dumps({"epoch": epoch, "waits": waits}))


def following(where: Notes) -> None:
    """It is a replica: whatever it has, it has from another."""
    for path in (where.opened, where.said, where.tried):
        path.unlink(missing_ok=True)


def try_cut(where: Notes) -> None:
    """Before a start with CUT. When mariadbd refuses it (a change of a table's shape cannot be rolled back), the next
    start keeps everything."""
    files.write(where.tried, "", durable=False)


def decide(where: Notes) -> Recovery | None:
    """How to recover now; None when the keeper may know it in a moment."""
    if not _waited(where) or where.tried.exists():
        return Recovery.KEEP
    try:
        return Recovery(where.said.read_text(encoding="utf-8").strip())
    except (FileNotFoundError, ValueError):
        return None


def _epoch(where: Notes) -> int | None:
    try:
        return int(json.loads(where.opened.read_text(encoding="utf-8"))["epoch"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _waited(where: Notes) -> bool:
    """Whether it was open, and every commit waited for a replica. A damaged note is none: nothing is cut."""
    try:
        return json.loads(where.opened.read_text(encoding="utf-8"))["waits"] is True
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return False
