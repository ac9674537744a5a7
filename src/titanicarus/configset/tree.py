"""The directory on disk: reading it, building a candidate beside it, asking the daemon, swapping files in.

A candidate lives in the same parent directory, so that each swap is one rename on one file system: a daemon, or a
host that loses its power, sees the old file or the new one and nothing between.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from titanicarus.configset.plan import FileState, Plan, Wanted, parents

# Checks take seconds of a processor at most, but Salt gives way to everything else: while a whole fleet boots on two
# slow cores they have been seen to take a minute.
CHECK_SECONDS = 180
WORDS_SHOWN = 4000
PLACEHOLDER = "{dir}"


class Refused(Exception):
    """The daemon does not accept the candidate; the message is what it said."""


def read(root: Path) -> tuple[dict[str, FileState], list[str]]:
    """Every entry below `root` by relative path, and the relative paths of its folders. A missing root is empty."""
    files: dict[str, FileState] = {}
    folders: list[str] = []
    for folder, entry in _walk(root, ""):
        path = f"{folder}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            folders.append(path)
            continue
        status = entry.stat(follow_symlinks=False)
        data = Path(entry.path).read_bytes() if stat.S_ISREG(status.st_mode) else None
        files[path] = FileState(data, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)
    return files, folders


def _walk(root: Path, prefix: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    try:
        entries = list(os.scandir(root))
    except FileNotFoundError:
        return
    for entry in entries:
        yield prefix, entry
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), f"{prefix}{entry.name}/")


@contextmanager
def candidate(root: Path, wanted: Mapping[str, Wanted], write: Collection[str]) -> Iterator[Path]:
    """A copy of the directory as it would be, beside it, readable by root only. Gone afterwards.

    It has the files of `wanted`. Those of `write` are new; the others are in the directory already, and are linked.
    """
    root.parent.mkdir(parents=True, exist_ok=True)
    place = root.parent / f".{root.name}.candidate"
    shutil.rmtree(place, ignore_errors=True)  # left by a run that lost its power
    place.mkdir(mode=0o700)
    new = frozenset(write)
    try:
        for path in {path.rpartition("/")[0] for path in wanted}:
            (place / path).mkdir(mode=0o755, parents=True, exist_ok=True)
        for path, want in wanted.items():
            if path in new:
                _write(place / path, want)
            else:
                os.link(f"{root}/{path}", f"{place}/{path}", follow_symlinks=False)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def check(argv: Sequence[str], place: Path, root: Path) -> None:
    """Run the daemon's own check on the candidate; `{dir}` in `argv` stands for its folder. Raises Refused."""
    command = [part.replace(PLACEHOLDER, str(place)) for part in argv]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=CHECK_SECONDS, check=False, stdin=subprocess.DEVNULL, cwd="/"
        )
    except FileNotFoundError as error:
        raise Refused(f"the check {command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise Refused(f"{' '.join(command)} did not finish within {CHECK_SECONDS} s") from error
    if done.returncode != 0:
        said = (done.stdout + done.stderr).decode(errors="replace").replace(str(place), str(root)).strip()
        raise Refused(f"{command[0]} refuses it (exit code {done.returncode}):\n{said[-WORDS_SHOWN:]}")


def apply(root: Path, place: Path, plan: Plan, wanted: Mapping[str, Wanted]) -> None:
    """Move the candidate's changed files into the directory, then remove what is not wanted any more."""
    root.mkdir(mode=0o755, exist_ok=True)
    for path in plan.write:
        _make_room(root, path)
        (root / path).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        (place / path).replace(root / path)
    for path in plan.fix:
        want = wanted[path]
        os.chown(root / path, want.uid, want.gid, follow_symlinks=False)
        (root / path).chmod(want.mode)
    for path in plan.remove:
        # A folder or a file that is wanted may stand there, or above it, by now.
        with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            (root / path).unlink()
    for path in plan.remove_folders:
        if (root / path).is_dir():
            (root / path).rmdir()
    _sync_folder(root)


def _make_room(root: Path, path: str) -> None:
    """What stands where a folder or this file has to be is not ours to keep: the whole directory is owned."""
    for parent in parents(path):
        if (root / parent).is_symlink() or (root / parent).is_file():
            (root / parent).unlink()
    if (root / path).is_dir() and not (root / path).is_symlink():
        shutil.rmtree(root / path)


def _write(path: Path, want: Wanted) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(want.data)
        os.fchown(stream.fileno(), want.uid, want.gid)
        os.fchmod(stream.fileno(), want.mode)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(root: Path) -> None:
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
