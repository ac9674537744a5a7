"""A brick as it lies on this host's disk, and what the host remembers of it on another one. Asks nobody."""

from __future__ import annotations

import errno
import json
import os
import time
import uuid
from pathlib import Path

from titanicarus.control import files
from titanicarus.volumes.errors import VolumeError
from titanicarus.volumes.processes import pids

BRICKS = Path("/srv/bricks")
MEMORY = Path("/var/lib/titanicarus/files/bricks.json")
"""Volume to the id of the one that this host has had a brick of. Not on the disk of the bricks: so one that is not
mounted is told from a blank machine."""
BRICK = "glusterfsd"
"""The program that serves a brick."""
_MARK = "trusted.glusterfs.volume-id"
MAKING_SECONDS = 30.0
"""Longer than glusterds need to make a volume of folders that they have marked for it."""
_WAITING = ".glusterfs/indices/xattrop"


def first_folder(volume: str) -> Path:
    """Where the first brick of a volume is on every host."""
    return BRICKS / f"{volume}.1"


def next_folder(present: Path) -> Path:
    """Where the next one is when a brick is replaced: the present folder's name with the next number."""
    stem, _, number = present.name.rpartition(".")
    if not stem or not number.isdigit():
        return present.with_name(f"{present.name}.2")
    return present.with_name(f"{stem}.{int(number) + 1}")


def mark(folder: Path) -> str | None:
    """The id of the volume that a folder belongs to; None when it belongs to none or is not there.

    Raises VolumeError when the disk does not answer that.
    """
    try:
        return str(uuid.UUID(bytes=os.getxattr(folder, _MARK)))
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.ENOENT):
            return None
        raise VolumeError(f"{folder}: {error.strerror}") from error


def take_mark_back(folder: Path, now: float | None = None) -> bool:
    """Whether the folder was marked by the making of a volume that did not come about, and is blank again now.

    Such a one has at most an empty `.glusterfs` in it: there is more in that of a brick that ever ran. And it was
    marked a while ago: one that is being made now is left alone. Raises VolumeError.
    """
    own = folder / ".glusterfs"
    try:
        age = (time.time() if now is None else now) - folder.stat().st_ctime
        if age < MAKING_SECONDS or set(folder.iterdir()) - {own} or (own.exists() and any(own.iterdir())):
            return False
        os.removexattr(folder, _MARK)
        if own.exists():
            own.rmdir()
    except OSError as error:
        raise VolumeError(f"{folder}: {error.strerror}") from error
    return True


def waiting(folder: Path) -> frozenset[str] | None:
    """The files, by their ids, that this brick knows other bricks to lack; None when that cannot be read."""
    try:
        with os.scandir(folder / _WAITING) as entries:
            # Each is a link to one file, `xattrop-<id>`, that stands for nothing itself.
            return frozenset(entry.name for entry in entries if not entry.name.startswith("xattrop-"))
    except OSError:
        return None


def free(folder: Path) -> int | None:
    """Bytes that are left on the disk of a brick; None when it cannot be asked."""
    try:
        space = os.statvfs(folder)
    except OSError:
        return None
    return space.f_bavail * space.f_frsize


def served(folder: Path, proc: Path = Path("/proc")) -> bool:
    """Whether a process of a brick in that folder lives. By its words: of two that were started at once, the one that
    ended may have been the last to write the file that is said to hold the number."""
    return bool(pids(BRICK, str(folder), proc=proc))


def remembered(path: Path = MEMORY) -> dict[str, str]:
    """Raises VolumeError when the file is damaged."""
    try:
        return {str(name): str(volume) for name, volume in json.loads(path.read_text()).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        raise VolumeError(f"{path}: {error}; remove it if the bricks of this host are there") from error


def remember(volume: str, identity: str, path: Path = MEMORY) -> None:
    """Keep that this host has a brick of this one."""
    known = remembered(path)
    if known.get(volume) != identity:
        files.write(path, json.dumps({**known, volume: identity}))


def forget(volume: str, path: Path = MEMORY) -> bool:
    """So that a blank folder is filled; False when nothing was remembered."""
    known = remembered(path)
    if known.pop(volume, None) is None:
        return False
    files.write(path, json.dumps(known))
    return True
