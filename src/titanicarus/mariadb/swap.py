"""A shard's data folder is replaced whole: built beside it, marked ready, and swapped by two renames.

After a crash at any moment there is one clear way on: without the mark, what was built is nothing; with it and no data
folder, it becomes the data folder. The old folder stays until somebody says that the new one runs.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from titanicarus.mariadb.instance import DATA, named

_READY = "titanicarus-ready"


@dataclass(frozen=True, slots=True)
class Folders:
    """`data` is the instance's own, `fresh` the one that is being built, `old` the one that was replaced."""

    data: Path
    fresh: Path
    old: Path


def folders(shard: str, base: Path = DATA) -> Folders:
    """All on one file system, so that a rename is atomic."""
    name = named(shard)
    return Folders(base / name, base / f".{name}.new", base / f".{name}.old")


def begin(where: Folders) -> None:
    """An empty folder to build in; whatever was built before is thrown away."""
    if where.fresh.exists():
        shutil.rmtree(where.fresh)
    where.fresh.mkdir(mode=0o700)


def ready(where: Folders) -> None:
    """What was built is whole. On the disk before this returns."""
    os.sync()
    mark = where.fresh / _READY
    mark.touch()
    _sync(mark)
    _sync(where.fresh)


def is_ready(where: Folders) -> bool:
    return (where.fresh / _READY).exists()


def swap(where: Folders) -> None:
    """Put what was built in the place of the data. The instance must not run. Idempotent."""
    if is_ready(where) and where.data.exists():
        if where.old.exists():
            shutil.rmtree(where.old)
        where.data.rename(where.old)
        _sync(where.data.parent)
    finish(where)


def finish(where: Folders) -> None:
    """Go on with a swap that was cut off between its renames."""
    if is_ready(where) and not where.data.exists():
        where.fresh.rename(where.data)
        _sync(where.data.parent)
    mark = where.data / _READY
    if mark.exists():
        mark.unlink()
        _sync(where.data)


def drop_old(where: Folders) -> None:
    """The new one runs: the old one is not needed any more."""
    if where.old.exists():
        shutil.rmtree(where.old)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
