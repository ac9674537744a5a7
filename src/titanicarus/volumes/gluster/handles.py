"""Every file of a brick has a second name, its handle, by which the other bricks ask for it: `.glusterfs/ab/cd/abcd…`.

When a disk has not one free block a file can get its first name and not its handle. Then nothing heals it, for ever:
the other bricks ask by a name that is not there. Handles are as in GlusterFS 11, `posix-handle.c`: another hard link to
a file, a symbolic link to a folder's name in the folder above.
"""

from __future__ import annotations

import os
import stat
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

_FOLDER = ".glusterfs"
_IDENTITY = "trusted.gfid"
YOUNG_SECONDS = 60.0
"""What has just been made gets its handle from the brick itself."""


def mend(brick: Path) -> tuple[int, int]:
    """Give a handle to every file and folder that has none; how many there were, and how many were too young and have
    to be looked at again. Raises OSError.

    Looks at every file of the brick.
    """
    mended = young = 0
    for path, about in _below(brick, brick):
        identity = _lacks(brick, path, about)
        if identity is None:
            continue
        if time.time() - about.st_ctime < YOUNG_SECONDS:
            young += 1
        else:
            mended += _make(brick, path, about, identity)
    return mended, young


def _below(brick: Path, folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if folder == brick and entry.name == _FOLDER:
                continue
            try:
                yield Path(entry.path), entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    yield from _below(brick, Path(entry.path))
            except FileNotFoundError:
                continue  # it has just been removed


def _lacks(brick: Path, path: Path, about: os.stat_result) -> uuid.UUID | None:
    """What it is called in the handle that it lacks; None when it lacks none."""
    if not stat.S_ISDIR(about.st_mode) and about.st_nlink > 1:
        return None
    identity = _identity(path)
    return None if identity is None or os.path.lexists(handle(brick, identity)) else identity


def _make(brick: Path, path: Path, about: os.stat_result, identity: uuid.UUID) -> bool:
    made = handle(brick, identity)
    made.parent.parent.mkdir(mode=0o700, exist_ok=True)
    made.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        if stat.S_ISDIR(about.st_mode):
            above = _identity(path.parent)
            if above is None:
                return False
            made.symlink_to(Path("../..", handle(Path(), above).relative_to(_FOLDER), path.name))
        else:
            os.link(path, made, follow_symlinks=False)
    except (FileExistsError, FileNotFoundError):
        return False  # the brick was quicker, or it has just been removed
    return True


def _identity(path: Path) -> uuid.UUID | None:
    """None for what the brick does not know yet."""
    try:
        return uuid.UUID(bytes=os.getxattr(path, _IDENTITY, follow_symlinks=False))
    except OSError:
        return None


def handle(brick: Path, identity: uuid.UUID | str) -> Path:
    """Where a brick has the handle of a file or folder."""
    name = str(identity)
    return brick / _FOLDER / name[:2] / name[2:4] / name
