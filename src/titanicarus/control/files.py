"""Writing files so that a reader, or a crash, sees the old content or the new one, never a mixture."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One writer of a file at a time, on this host; readers need no lock, for `write` replaces the file whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write(path: Path, content: str | bytes, mode: int = 0o644, *, durable: bool = True) -> bool:
    """Make `path` hold exactly `content` with `mode`, whatever the umask. Returns whether anything was changed.

    Parent folders that are missing are made with mode 0755 (use `folder` first for stricter ones). With `durable` the
    content is on the disk before the name is; without, a power cut may leave an empty file.
    """
    data = content.encode() if isinstance(content, str) else content
    if path.is_file() and not path.is_symlink() and path.read_bytes() == data:
        if path.stat().st_mode & 0o7777 == mode:
            return False
        path.chmod(mode)
        return True
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(data)
        if durable:
            stream.flush()
            os.fsync(stream.fileno())
    fresh.replace(path)
    return True


def folder(path: Path, mode: int = 0o755) -> Path:
    """Make sure that the folder exists with `mode`."""
    path.mkdir(parents=True, exist_ok=True)
    if path.stat().st_mode & 0o7777 != mode:
        path.chmod(mode)
    return path


def link(path: Path, target: str | Path) -> bool:
    """Make `path` a symbolic link to `target`, atomically. Returns whether anything was changed."""
    if path.is_symlink() and str(path.readlink()) == str(target):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(path)
    return True
