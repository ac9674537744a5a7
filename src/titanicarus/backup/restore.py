"""One database as it was at a moment: from a base copy and logs on this host, by a scratch instance, to a dump."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from titanicarus.backup.base import CopyFailed, mib, verify
from titanicarus.backup.binlog import BadLog, Transaction, end_before, read_log
from titanicarus.backup.plan import Restore, room_needed, told
from titanicarus.backup.scratch import ScratchFailed, running, unpack
from titanicarus.backup.store import COPY, Base, Place, free_bytes
from titanicarus.control import files

WORK = "restoring"
Say = Callable[[str], None]


class RestoreFailed(Exception):
    """Nothing was restored, and nothing is left of the try; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Dump:
    """A packed dump of one database; dumps of one restore share a folder. `last` is the newest transaction in it."""

    database: str
    path: str
    size: int
    last: str


def restore(place: Place, plan: Restore, databases: Sequence[str], say: Say) -> tuple[Dump, ...]:
    """Dumps of `databases` as they were just before the plan's time. Raises RestoreFailed."""
    try:
        _check_room(place, plan)
        work = Path(tempfile.mkdtemp(prefix=f"{place.shard}-", dir=files.folder(place.store / WORK, 0o711)))
    except OSError as error:
        raise RestoreFailed(f"{place.shard}: the copies cannot be read: {error}") from error
    try:
        return _restore(place, plan, databases, work, say)
    except BaseException as error:
        shutil.rmtree(work, ignore_errors=True)
        if isinstance(error, (OSError, ScratchFailed, CopyFailed, BadLog)):
            raise RestoreFailed(f"{place.shard} could not be restored: {error}") from error
        raise


def _restore(place: Place, plan: Restore, databases: Sequence[str], work: Path, say: Say) -> tuple[Dump, ...]:
    base = plan.base
    copy = place.bases(plan.generation) / base.name / COPY
    verify(copy, base.sha256)
    used, last = _cut(_sources(place, plan), base, plan.time, work)
    say(f"unpacks the copy of {told(base.ended)}")
    unpack(copy, work / "data")
    dumps = []
    with running(work) as scratch:
        say(f"replays {len(used)} logs, from {base.gtid or 'the beginning'} to {last.gtid if last else 'there'}")
        scratch.replay(used, base.position)
        there = scratch.databases()
        for database in databases:
            if database not in there:
                raise RestoreFailed(f"there was no database {database} at {told(plan.time)}")
            target = work / f"{database}.sql.gz"
            scratch.dump(database, target)
            say(f"{database} is dumped")
            dumps.append(Dump(database, str(target), target.stat().st_size, last.gtid if last else base.gtid))
    shutil.rmtree(work / "data")
    return tuple(dumps)


def forget(place: Place, path: str) -> None:
    """Take the dumps of a restore away, by the path of one of them."""
    folder = Path(path).parent
    if folder.parent == place.store / WORK:
        shutil.rmtree(folder, ignore_errors=True)


def _sources(place: Place, plan: Restore) -> list[Path]:
    return [place.logs(plan.generation) / name for name in plan.logs]


def _check_room(place: Place, plan: Restore) -> None:
    log_bytes = sum(path.stat().st_size for path in _sources(place, plan))
    needed, free = room_needed(plan.base, log_bytes), free_bytes(place.store)
    if free < needed:
        raise RestoreFailed(
            f"a restore of {place.shard} needs {mib(needed)} in {place.store}, and {mib(free)} are free: make room"
        )


def _cut(sources: list[Path], base: Base, time: float, work: Path) -> tuple[list[Path], Transaction | None]:
    """The logs up to `time`, and the last transaction in them. The last log is a copy that ends with a transaction.

    Of the first log only what comes after the base is looked at: what is in the base is in the base.
    """
    used: list[Path] = []
    last = None
    for number, path in enumerate(sources):
        whole = read_log(path)
        end, found = end_before(path, int(time))
        if number == 0 and (end < base.position):
            raise RestoreFailed(
                f"the copy of {told(base.ended)} has commits that were made after {told(time)}: choose a moment some "
                "seconds later, or an older copy"
            )
        last = found or last
        if end < whole.length or number == len(sources) - 1:
            cut = work / path.name
            with path.open("rb") as reading, cut.open("wb") as writing:
                shutil.copyfileobj(reading, writing)
                writing.truncate(end)
            used.append(cut)
            return used, last
        used.append(path)
    return used, last
