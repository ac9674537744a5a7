"""How an instance may recover from a crash: keep the end of its history, or cut off what no replica acknowledged.

A primary that is killed has commits in its binary log that no client was told of, because the standby had not
acknowledged them. The standby takes over without them, so a copy that keeps them is no beginning of the shard's history
any more and has to be rebuilt. mariadbd can roll them back while it recovers (`--init-rpl-role=SLAVE`), and then simply
follows. It also rolls back some that were acknowledged, and of those made alone. So that is right only when commits
waited for the standby all the time, and that very standby has opened the next epoch: by then it has them all applied
(titanicarus.lease.record.inherited).

An instance that was open waits at its start, for a moment, for the keeper to say so. Two files tell:

`opened` (on the disk)  epoch and whether commits wait: written before it opens for writes, and when that changes
`said` (in /run)        the epoch whose end may go, written by the keeper; taken back when the instance opens again
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


def say_cut(shard: str, epoch: int, where: Notes | None = None) -> None:
    """For the keeper, when a database that was open in `epoch` is down: what was its standby has opened the next.

    Idempotent.
    """
    files.write((where or notes(shard)).said, str(epoch), durable=False)


def opening(where: Notes, epoch: int, waits: bool) -> None:
    """Before an instance opens for writes, or goes on alone: on the disk before it happens."""
    files.write(where.opened, json.dumps({"epoch": epoch, "waits": waits}))
    where.said.unlink(missing_ok=True)
    where.tried.unlink(missing_ok=True)


def waiting(where: Notes, waits: bool) -> None:
    """Commits wait for a replica from now on, or no longer. Nothing to note for one that is not open."""
    opened = _opened(where)
    if opened is not None:
        files.write(where.opened, json.dumps({"epoch": opened[0], "waits": waits}))


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
    if where.tried.exists():
        return Recovery.KEEP
    return choose(_opened(where), _said(where))


def choose(opened: tuple[int, bool] | None, said: int | None) -> Recovery | None:
    """How to recover, by what was noted of the last opening (its epoch, and whether commits wait) and the keeper's
    word (the epoch whose end may go). None when the word is still to come. Pure."""
    if opened is None or not opened[1]:
        return Recovery.KEEP
    if said is None:
        return None
    return Recovery.CUT if said == opened[0] else Recovery.KEEP


def _said(where: Notes) -> int | None:
    try:
        return int(where.said.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _opened(where: Notes) -> tuple[int, bool] | None:
    """The epoch that was open and whether commits waited. A damaged note is none: nothing is cut."""
    try:
        data = json.loads(where.opened.read_text(encoding="utf-8"))
        return int(data["epoch"]), data["waits"] is True
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
