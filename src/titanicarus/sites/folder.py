"""Root writing into a folder that belongs to a tenant: every step by descriptor, no symbolic link ever followed.

A tenant may replace `public` by a link to `/etc` at any moment. A path would be followed; a descriptor cannot be.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from titanicarus.sites.model import FILE_MODE, FOLDER_MODE

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class NotAFolder(OSError):
    """Something else stands where a folder has to be; the message says what and where."""


@contextmanager
def opened(root: str, parts: tuple[str, ...], owner: tuple[int, int] | None = None) -> Iterator[int]:
    """A descriptor of the folder `root`/`parts`. With `owner` (uid, gid) missing folders are made."""
    descriptor = os.open(root, _FOLDER)
    try:
        for depth, part in enumerate(parts):
            deeper = _enter(descriptor, part, owner, f"{root}/{'/'.join(parts[: depth + 1])}")
            os.close(descriptor)
            descriptor = deeper
        yield descriptor
    finally:
        os.close(descriptor)


def _enter(above: int, name: str, owner: tuple[int, int] | None, path: str) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=above)
    except FileNotFoundError:
        if owner is None:
            raise
        os.mkdir(name, 0o700, dir_fd=above)
        descriptor = os.open(name, _FOLDER, dir_fd=above)
        os.fchown(descriptor, *owner)
        os.fchmod(descriptor, FOLDER_MODE)
        return descriptor
    except OSError as error:  # ENOTDIR: a file; ELOOP: a link
        raise NotAFolder(f"{path} is no folder (a link or a file): {error.strerror}") from error


def write(root: str, path: str, data: bytes, owner: tuple[int, int]) -> None:
    """Put `data` at `root`/`path` by one rename, owned by `owner`, readable by its group."""
    *folders, name = path.split("/")
    with opened(root, tuple(folders), owner) as folder:
        fresh = f".{name}.{os.getpid()}.new"
        descriptor = os.open(
            fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder
        )
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                os.fchown(stream.fileno(), *owner)
                os.fchmod(stream.fileno(), FILE_MODE)
            _give_way(folder, name, f"{root}/{path}")
            os.replace(fresh, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            os.unlink(fresh, dir_fd=folder)
            raise


def _give_way(folder: int, name: str, path: str) -> None:
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    if stat.S_ISDIR(status.st_mode):
        raise NotAFolder(f"{path} is a folder, but should be a file; it is not removed with what is in it")


def fix(root: str, path: str, owner: tuple[int, int]) -> None:
    """Set owner and mode of a regular file."""
    *folders, name = path.split("/")
    with opened(root, tuple(folders)) as folder:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        try:
            status = os.fstat(descriptor)
            # A second name of the file could be one of another tenant's or the system's: nothing is changed then.
            if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
                raise NotAFolder(f"{root}/{path} is no plain file with one name")
            os.fchown(descriptor, *owner)
            os.fchmod(descriptor, FILE_MODE)
        finally:
            os.close(descriptor)


def remove(root: str, path: str) -> None:
    """Remove a file, and the folders above it inside `root` that become empty."""
    *folders, name = path.split("/")
    try:
        with opened(root, tuple(folders)) as folder:
            os.unlink(name, dir_fd=folder)
        while folders:
            last = folders.pop()
            with opened(root, tuple(folders)) as folder:
                os.rmdir(last, dir_fd=folder)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in _NOT_EMPTY:
            raise


# EEXIST is what some file systems say instead.
_NOT_EMPTY = frozenset({errno.ENOTEMPTY, errno.EEXIST})
