"""A folder that is shipped from or to. No link in it is ever followed: its users choose what links point to."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from titanicarus.shipping.model import RESERVED, Item, Kind, checked

_PIECE = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MODE = 0o7777


class Tree:
    """`root` is a volume's top. `own` are folders of each island's own in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.own = root / ".titanicarus/shipping"
        self._incoming = self.own / "incoming"

    # -- looking ------------------------------------------------------------------------------------------------------

    def look(self, path: str, *, changed: bool = False, names: bool = False) -> Item:
        """What there is at a path. Sockets, devices and pipes are not shipped: they count as GONE."""
        try:
            with self._above(path) as (folder, name):
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if stat.S_ISLNK(found.st_mode):
                    return _item(path, Kind.LINK, found, target=os.readlink(name, dir_fd=folder))
                if stat.S_ISDIR(found.st_mode):
                    return _item(path, Kind.FOLDER, found, names=self._names(path, folder, name) if names else None)
                if stat.S_ISREG(found.st_mode):
                    return _item(path, Kind.FILE, found, changed=changed)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            if error.errno != errno.ELOOP:  # a link where a folder was looked for
                raise
        return Item(path, Kind.GONE)

    def walk(self, path: str, *, changed: bool = False) -> Iterator[Item]:
        """What there is at a path, which is taken for changed, and everything below it. Folders come before what is in
        them, with all their names."""
        yield from self._walk(self.look(path, changed=True, names=True), changed)

    def _walk(self, item: Item, changed: bool) -> Iterator[Item]:
        yield item
        for name in sorted(item.names or ()):
            path = f"{item.path}/{name}" if item.path else name
            yield from self._walk(self.look(path, changed=changed, names=True), changed)

    def read(self, path: str) -> Iterator[bytes]:
        """The content of a file. Raises FileNotFoundError when it is none any more."""
        try:
            with self._above(path) as (folder, name):
                descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENXIO):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from error
            raise
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            while piece := file.read(_PIECE):
                yield piece

    def digest(self, path: str) -> str:
        """Of the content of a file; "" when it is none any more."""
        found = hashlib.sha256()
        try:
            for piece in self.read(path):
                found.update(piece)
        except FileNotFoundError:
            return ""
        return found.hexdigest()

    # -- changing -----------------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Forget what was being written when it was interrupted."""
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in self._incoming.iterdir():
            path.unlink()

    def put_file(self, item: Item, content: Iterable[bytes]) -> None:
        """Put a whole file in place, at once, over a file, a link or nothing."""
        fresh = self._incoming / secrets.token_hex(8)
        with fresh.open("xb") as file:
            for piece in content:
                file.write(piece)
            self._dress(file.fileno(), item)
            file.flush()
            os.utime(file.fileno(), ns=(item.mtime, item.mtime))
            os.fsync(file.fileno())
        with self._above(item.path) as (folder, name):
            os.replace(fresh, name, dst_dir_fd=folder)

    def put_link(self, item: Item) -> None:
        """Put a symbolic link in place, at once, over a file, a link or nothing."""
        fresh = self._incoming / secrets.token_hex(8)
        fresh.symlink_to(item.target)
        if (os.getuid(), os.getgid()) != (item.uid, item.gid):
            os.lchown(fresh, item.uid, item.gid)
        with self._above(item.path) as (folder, name):
            os.replace(fresh, name, dst_dir_fd=folder)

    def make_folder(self, path: str) -> None:
        """Make a folder that nobody but root can use yet; one that is there stays."""
        if path:
            with self._above(path) as (folder, name):
                try:
                    os.mkdir(name, 0o700, dir_fd=folder)
                except FileExistsError:
                    return

    def dress(self, item: Item) -> None:
        """Give a folder, or a file whose content is right, its owner, mode and time."""
        with self._above(item.path) as (folder, name):
            flags = _FOLDER if item.kind is Kind.FOLDER else os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(name, flags, dir_fd=folder)
        try:
            self._dress(descriptor, item)
            os.utime(descriptor, ns=(item.mtime, item.mtime))
        finally:
            os.close(descriptor)

    def link_to(self, path: str, place: str) -> bool:
        """Give a file or link a second name, below the volume's top and outside of what is shipped, unless there is a
        file or link of that name.

        False when a file or link stands where a folder would have to be made, or a folder where the file would.
        """
        parts = place.split("/")
        try:
            with self._above(path) as (folder, name), self._folder(parts[:-1], make=True) as there:
                try:
                    os.link(name, parts[-1], src_dir_fd=folder, dst_dir_fd=there, follow_symlinks=False)
                except FileExistsError:
                    return not stat.S_ISDIR(os.stat(parts[-1], dir_fd=there, follow_symlinks=False).st_mode)
        except NotADirectoryError:
            return False
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            return False
        return True

    def remove(self, path: str) -> None:
        """Take a file or link away, or a folder that is empty; nothing when nothing is there."""
        try:
            with self._above(path) as (folder, name):
                try:
                    os.unlink(name, dir_fd=folder)
                except IsADirectoryError:
                    os.rmdir(name, dir_fd=folder)
        except (FileNotFoundError, NotADirectoryError):
            return

    def _dress(self, descriptor: int, item: Item) -> None:
        found = os.fstat(descriptor)
        if (found.st_uid, found.st_gid) != (item.uid, item.gid):
            os.fchown(descriptor, item.uid, item.gid)
        os.fchmod(descriptor, item.mode)  # after the owner, whose change takes set-id bits away

    def _names(self, path: str, folder: int, name: str) -> frozenset[str]:
        descriptor = os.open(name, _FOLDER, dir_fd=folder)
        try:
            with os.scandir(descriptor) as entries:
                found = frozenset(entry.name for entry in entries)
        finally:
            os.close(descriptor)
        return found if path else found - RESERVED

    @contextmanager
    def _above(self, path: str) -> Iterator[tuple[int, str]]:
        """The folder that a path is in, open, and the path's name there. No part of it is a link."""
        parts = checked(path).split("/")
        with self._folder(parts[:-1]) as folder:
            yield folder, parts[-1] or "."

    @contextmanager
    def _folder(self, parts: Iterable[str], *, make: bool = False) -> Iterator[int]:
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in parts:
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(part, 0o700, dir_fd=descriptor)
                inner = os.open(part, _FOLDER, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)


def _item(
    path: str,
    kind: Kind,
    found: os.stat_result,
    *,
    target: str = "",
    changed: bool = False,
    names: frozenset[str] | None = None,
) -> Item:
    is_file = kind is Kind.FILE
    return Item(
        path,
        kind,
        mode=0 if kind is Kind.LINK else found.st_mode & _MODE,
        uid=found.st_uid,
        gid=found.st_gid,
        mtime=0 if kind is Kind.LINK else found.st_mtime_ns,
        size=found.st_size if is_file else 0,
        target=target,
        changed=changed,
        names=names,
    )
