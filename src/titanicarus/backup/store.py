"""Where copies are: /srv/backup/<shard>/<generation>/{logs,bases}.

A generation is an unbroken run of one instance's binary logs with the base copies that fit to them. An instance that
was made anew begins a new one. Names of generations and bases are their UTC times, so they sort.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from titanicarus.backup.binlog import BadLog, Log, read_log
from titanicarus.control import files
from titanicarus.mariadb.instance import named

STORE = Path("/srv/backup")
NAME = "%Y%m%dT%H%M%SZ"
COPY = "copy.mbstream.gz"
RECORD = "base.json"
SYNCED = "synced.json"


@dataclass(frozen=True, slots=True)
class Base:
    """A base copy. Times are seconds of the epoch: it holds what was committed before `ended`, and is exact at the
    place `position` of the log `file`. `size` is of the data in use, `packed` of the file that is kept."""

    name: str
    started: float
    ended: float
    file: str
    position: int
    gtid: str
    size: int
    packed: int
    sha256: str
    version: str


@dataclass(frozen=True, slots=True)
class Generation:
    """`until`: everything that was committed before that time (seconds of the epoch) is in the logs.

    `logs` are names, oldest first; `written` is their size in bytes.
    """

    name: str
    bases: tuple[Base, ...]
    logs: tuple[str, ...]
    written: int
    until: float


class Place:
    """One shard's copies on this host."""

    def __init__(self, shard: str, store: Path = STORE) -> None:
        self.shard = named(shard)
        self.store = store
        self.folder = store / self.shard

    def generations(self) -> list[str]:
        """Names, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(path.name for path in self.folder.iterdir() if (path / "logs").is_dir())

    def begin(self, now: float) -> str:
        """A new generation. Two in the same second get different names."""
        name = stamp(now)
        while (self.folder / name).exists():
            now += 1
            name = stamp(now)
        files.folder(self.store, 0o711)
        (self.folder / name / "logs").mkdir(parents=True)
        (self.folder / name / "bases").mkdir()
        return name

    def logs(self, generation: str) -> Path:
        """The folder of a generation's binary logs."""
        return self.folder / generation / "logs"

    def bases(self, generation: str) -> Path:
        """The folder of a generation's base copies."""
        return self.folder / generation / "bases"

    def log_names(self, generation: str) -> list[str]:
        """Names of the logs, oldest first; their numbers have a fixed width until there are a million."""
        names = (path.name for path in self.logs(generation).iterdir())
        return sorted(names, key=lambda name: (len(name), name))

    def read(self, generation: str) -> Generation:
        """What is there. A base that is not whole is not."""
        names = self.log_names(generation)
        bases = [base for path in sorted(self.bases(generation).iterdir()) if (base := _base(path))]
        written = sum((self.logs(generation) / name).stat().st_size for name in names)
        return Generation(generation, tuple(bases), tuple(names), written, self.until(generation))

    def until(self, generation: str) -> float:
        """See Generation; 0 when nothing is known."""
        try:
            return float(json.loads((self.folder / generation / SYNCED).read_text())["until"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0.0

    def set_until(self, generation: str, until: float) -> None:
        """Note how far the logs reach; never back."""
        if until > self.until(generation):
            files.write(self.folder / generation / SYNCED, json.dumps({"until": until}), durable=False)

    def keep(self, generation: str, base: Base) -> None:
        """The record of a base copy, last: without it there is no copy."""
        files.write(self.bases(generation) / base.name / RECORD, json.dumps(asdict(base), indent=1) + "\n", 0o600)

    def log(self, generation: str, name: str) -> Log:
        """What is in one log. Raises BadLog."""
        return read_log(self.logs(generation) / name)


def _base(path: Path) -> Base | None:
    try:
        base = Base(**json.loads((path / RECORD).read_text()))
        return base if (path / COPY).stat().st_size == base.packed else None
    except (OSError, ValueError, TypeError):
        return None


def stamp(now: float) -> str:
    """The name of something that was begun at this time."""
    return datetime.fromtimestamp(now, UTC).strftime(NAME)


def free_bytes(path: Path) -> int:
    """What is free for root on the disk of a folder, or of the nearest one above that exists."""
    while not path.exists():
        path = path.parent
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


__all__ = ["COPY", "STORE", "BadLog", "Base", "Generation", "Place", "free_bytes", "stamp"]
