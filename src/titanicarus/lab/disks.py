"""A disk of its own for a host that stores data: an ext4 file system in a sparse file, loop-mounted below its root.

It can be full, stand still, or lose its power without the machine's other hosts noticing. Other than the rest of a
host's disk it loses, when the power is cut, what was not synced.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from titanicarus.lab.cgroup import wait_until
from titanicarus.lab.errors import LabError
from titanicarus.lab.mounts import mounted_below, read_mounts, who_keeps

DATABASES = "srv/mariadb"
"""Where a database host has its disk, below its root."""
FILES = "srv/bricks"
"""Where a filer has its disk."""
DEFAULT_MIB = 2048
_LEAST_MIB = 64
_RELEASE_SECONDS = 20.0
# linux/fs.h and fs/ext4/ext4.h: _IOWR('X', 119, int), _IOWR('X', 120, int), _IOR('X', 125, __u32)
_FIFREEZE, _FITHAW, _EXT4_SHUTDOWN = 0xC0045877, 0xC0045878, 0x8004587D
_NO_LOG_FLUSH = 2  # EXT4_GOING_FLAGS_NOLOGFLUSH: not even what is in the journal's memory gets out
_FILLER = "titanicarus-filler"
_LARGEST_PIECE = 1 << 28


@dataclass(frozen=True)
class Disk:
    """`image` is the sparse file, `target` the directory where it is mounted, `mib` the size that it is made with.

    `small_files`: it has room for many files, and for attributes beside each.
    """

    image: Path
    target: Path
    mib: int = DEFAULT_MIB
    small_files: bool = False

    def __post_init__(self) -> None:
        if self.mib < _LEAST_MIB:
            raise LabError(f"a disk of {self.mib} MiB is too small: say at least {_LEAST_MIB}")

    @property
    def mounted(self) -> bool:
        """Whether it is mounted now."""
        return any(mount.target == self.target for mount in read_mounts())

    def mount(self) -> None:
        """Mount it, and make it first when it is not there. What a power cut left unfinished the kernel puts right.

        Raises LabError, also when an earlier mount of the same file is not wholly gone: two would destroy it.
        """
        if self.mounted:
            return
        if not wait_until(lambda: not loops_below(self.image), _RELEASE_SECONDS):
            loops = ", ".join(loops_below(self.image))
            raise LabError(f"{self.image} is still in use by {loops}{who_keeps(self.target)}")
        self._frozen_mark.unlink(missing_ok=True)
        if not self.image.is_file():
            self._make()
        self.target.mkdir(parents=True, exist_ok=True)
        _run("mount", "-t", "ext4", "-o", "loop,nodev,nosuid,noatime", str(self.image), str(self.target))

    def _make(self) -> None:
        # Half a file system is no file system: the name that counts comes last.
        half = self.image.with_suffix(".new")
        half.unlink(missing_ok=True)
        with half.open("wb") as file:
            file.truncate(self.mib << 20)
        # Few inodes, so that little is written; no reserve for root, so that full is full for everybody.
        inodes = ("-i", "16384", "-I", "512") if self.small_files else ("-i", "65536")
        _run("mkfs.ext4", "-q", "-F", "-m", "0", *inodes, "-E", "nodiscard", str(half))
        half.rename(self.image)

    def cut_power(self) -> None:
        """Lose at once all that was written and not synced, as a disk without power does; nothing if not mounted.

        The file system answers every later request with an error, until it is unmounted and mounted again.
        """
        if not self.mounted:
            return
        with self._opened() as directory:
            fcntl.ioctl(directory, _EXT4_SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
            _thaw(directory)  # who waited for a frozen disk now gets that error, and can be killed
        self._frozen_mark.unlink(missing_ok=True)

    def freeze(self) -> None:
        """Let every write and sync hang (reads of what is in memory go on), as a disk that stops answering does.

        What was written before gets out first. Raises LabError when it is frozen already.
        """
        with self._opened() as directory:
            try:
                fcntl.ioctl(directory, _FIFREEZE, 0)
            except OSError as error:
                if error.errno != errno.EBUSY:
                    raise
                raise LabError(f"the disk at {self.target} stands still already") from error
        self._frozen_mark.touch()  # the kernel tells nobody

    def thaw(self) -> None:
        """Let a frozen disk go on. Raises LabError when it was not frozen."""
        with self._opened() as directory:
            if not _thaw(directory):
                raise LabError(f"the disk at {self.target} does not stand still")
        self._frozen_mark.unlink(missing_ok=True)

    @property
    def frozen(self) -> bool:
        """Whether `freeze` stopped it."""
        return self._frozen_mark.exists() and self.mounted

    @property
    def _frozen_mark(self) -> Path:
        return self.image.with_suffix(".frozen")

    def fill(self) -> int:
        """Take all the room that is left; gives back how many bytes that were."""
        self._must_move()
        filler = os.open(self.target / _FILLER, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            taken = before = os.fstat(filler).st_size
            piece = _LARGEST_PIECE
            while piece >= 4096:
                try:
                    os.posix_fallocate(filler, taken, piece)
                    taken += piece
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    piece //= 2
            os.fsync(filler)
            return taken - before
        finally:
            os.close(filler)

    def drain(self) -> None:
        """Give the room back. Raises LabError when the disk was not filled."""
        self._must_move()
        try:
            (self.target / _FILLER).unlink()
        except FileNotFoundError:
            raise LabError(f"the disk at {self.target} was not filled") from None

    @property
    def filled(self) -> bool:
        """Whether `fill` took its room."""
        return (self.target / _FILLER).exists()

    def _must_move(self) -> None:
        if self.frozen:
            raise LabError(f"the disk at {self.target} stands still: thaw it first")
        if not self.mounted:
            raise LabError(f"no disk is mounted at {self.target}")

    def _opened(self) -> _Directory:
        if not self.mounted:
            raise LabError(f"no disk is mounted at {self.target}")
        return _Directory(self.target)


class _Directory:
    """A file descriptor of a mounted disk's top directory, closed at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> int:
        self._descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def _thaw(directory: int) -> bool:
    try:
        fcntl.ioctl(directory, _FITHAW, 0)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return False
    return True


def thaw_below(directory: Path) -> None:
    """Let every frozen disk below a directory go on: nothing that waits for one can be killed, nor unmounted."""
    targets = set(mounted_below(directory, [mount for mount in read_mounts() if mount.kind == "ext4"]))
    for target in targets:
        with suppress(FileNotFoundError), _Directory(target) as opened:
            _thaw(opened)


def loops_below(path: Path, devices: Path = Path("/sys/block")) -> tuple[str, ...]:
    """Loop devices of this machine whose file is `path` or below it, sorted."""
    found = []
    for device in sorted(devices.glob("loop*")):
        with suppress(OSError):  # one that is not in use, or was let go just now
            backing = Path((device / "loop/backing_file").read_text().strip().removesuffix(" (deleted)"))
            if backing.is_relative_to(path):
                found.append(device.name)
    return tuple(found)


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"`{' '.join(argv)}` ended with {done.returncode}: {done.stderr.strip()}")
