"""What the service and the timer do for each shard: copy its logs, take base copies, take away what is not needed."""

from __future__ import annotations

import fcntl
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from titanicarus.backup.archive import sync
from titanicarus.backup.base import CopyFailed, take
from titanicarus.backup.plan import is_due, may_copy, no_longer_needed
from titanicarus.backup.store import Base, Place
from titanicarus.control import files
from titanicarus.mariadb.connection import Connection
from titanicarus.mariadb.errors import ServerError
from titanicarus.mariadb.instance import data_folder, socket_of
from titanicarus.mariadb.tenants.writer import KEEPER_FILE

CONFIG = Path("/etc/titanicarus/backup/backup.json")
PAUSE_SECONDS = 5.0
ANSWER_SECONDS = 5.0
STALE_SECONDS = 3.0
LATE_SECONDS = 2.0
"""A commit's time is when it was begun: it may be in the log so much later."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Config:
    """Which shards this host keeps copies of; `days` for how long, `hour` (UTC) when base copies are due."""

    shards: tuple[str, ...]
    days: int
    hour: int


def read_config(path: Path = CONFIG) -> Config:
    """Raises CopyFailed when there is none, or it cannot be used."""
    try:
        data = json.loads(path.read_text())
        return Config(tuple(map(str, data["shards"])), int(data["days"]), int(data["hour"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CopyFailed(f"{path}: {type(error).__name__}: {error}; state.apply writes this file") from error


def archive_once(shard: str, say: Say, said: dict[str, str]) -> None:
    """Copy what is new in a shard's logs. What goes wrong is said once, and tried again the next time."""
    try:
        copy_logs(Place(shard), say)
        if said.pop(shard, None):
            say(f"{shard}: its logs are copied again")
    except (CopyFailed, ServerError, OSError) as error:
        if said.get(shard) != str(error):
            said[shard] = str(error)
            say(f"{shard}: its logs are not copied now: {error}")


def run_bases(config: Config, say: Say) -> int:
    """For each shard a base copy if one is due and this host may; 1 when one failed."""
    failed = 0
    for shard in config.shards:
        try:
            with locked(Place(shard)) as place:
                _base_if_due(place, config, say)
                _tidy(place, config.days, say)
        except (CopyFailed, ServerError, OSError) as error:
            say(f"{shard}: {error}")
            failed = 1
    return failed


def base_now(shard: str, say: Say) -> Base:
    """A base copy whether or not one is due. Raises CopyFailed, with the reason why this host does not take it."""
    try:
        with locked(Place(shard)) as place:
            generation = copy_logs(place, say)
            verdict = may_copy(place.shard, facts_of(shard), None)
            if not verdict.yes:
                raise CopyFailed(f"{shard}: {verdict.why}")
            base = take(place, generation, data_folder(shard), say)
            copy_logs(place, say)
            return base
    except ServerError as error:
        raise CopyFailed(str(error)) from error


def copy_logs(place: Place, say: Say) -> str:
    """Bring the newest generation up to date, and note how far it reaches; gives back its name."""
    began = time.time()
    facts = facts_of(place.shard)
    with Connection(place.shard, socket_of(place.shard), ANSWER_SECONDS) as connection:
        where, logs = connection.ask("SELECT @@log_bin_basename AS base", "SHOW BINARY LOGS")
    source = Path(str(where[0]["base"])).parent
    with locked(place, "logs"):
        synced = sync(place, source, [str(row["Log_name"]) for row in logs], began)
    if synced.begun:
        say(f"{place.shard}: the logs are kept in {place.logs(synced.generation)}: {synced.begun}")
    if facts is not None and (lag := _lag(facts)) is not None:
        place.set_until(synced.generation, began - lag - LATE_SECONDS)
    return synced.generation


def facts_of(shard: str, path: Path = KEEPER_FILE) -> Mapping[str, Any] | None:
    """What the keeper says of a shard; None when it says nothing, or said it too long ago."""
    try:
        if time.time() - path.stat().st_mtime > STALE_SECONDS:
            return None
        facts = json.loads(path.read_text())["shards"].get(shard)
    except (OSError, ValueError, KeyError):
        return None
    return facts if isinstance(facts, Mapping) else None


def _lag(facts: Mapping[str, Any]) -> float | None:
    """How many seconds this copy is behind the writer; None when that is not known."""
    if facts.get("open"):
        return 0.0
    if facts.get("replicates") and facts.get("lag") is not None:
        return float(facts["lag"])
    return None


def _base_if_due(place: Place, config: Config, say: Say) -> None:
    generation = copy_logs(place, say)
    now = time.time()
    newest = (place.read(generation).bases or (None,))[-1]
    due = is_due(now, newest, config.hour)
    if not due.yes:
        return
    verdict = may_copy(place.shard, facts_of(place.shard), now - newest.ended if newest else None)
    if not verdict.yes:
        say(f"{place.shard}: no base copy is taken here: {verdict.why}")
        return
    take(place, generation, data_folder(place.shard), say)
    copy_logs(place, say)


def _tidy(place: Place, days: int, say: Say) -> None:
    generations = [place.read(name) for name in place.generations()]
    dropped = no_longer_needed(generations, time.time(), days)
    for name in dropped.generations:
        say(f"{place.shard}: the copies of {name} are taken away: nothing of the last {days} days needs them")
        shutil.rmtree(place.folder / name)
    for generation, name in dropped.bases:
        shutil.rmtree(place.bases(generation) / name)
    for generation, name in dropped.logs:
        (place.logs(generation) / name).unlink()
    for name in place.generations():
        _clear_halves(place, name)


def _clear_halves(place: Place, generation: str) -> None:
    """Copies that were cut off: without a record, and nobody is at one while the lock is held."""
    whole = {base.name for base in place.read(generation).bases}
    for path in place.bases(generation).iterdir():
        if path.name not in whole:
            shutil.rmtree(path)


@contextmanager
def locked(place: Place, what: str = "bases") -> Iterator[Place]:
    """One at a time at the base copies of a shard, or at its logs. Copies are only taken away by who has the former."""
    files.folder(place.store, 0o711)
    with (place.store / f"{place.shard}.{what}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield place
