"""What has to change so that a directory holds exactly the wanted files."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file as it should be. `secret`: its content must appear in no diff and no log."""

    data: bytes
    mode: int
    uid: int
    gid: int
    secret: bool = False


@dataclass(frozen=True, slots=True)
class FileState:
    """One entry as it is. `data` is None when it is no regular file (a link, a socket, ...): never followed."""

    data: bytes | None
    mode: int
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Plan:
    """`write`: new or other content; `fix`: only mode or owner; `remove`: not wanted; all sorted relative paths."""

    write: tuple[str, ...] = ()
    fix: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    remove_folders: tuple[str, ...] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.write or self.fix or self.remove or self.remove_folders)


def plan(current: Mapping[str, FileState], folders: Iterable[str], wanted: Mapping[str, Wanted]) -> Plan:
    """Compare what is with what should be.

    `folders` are the relative paths of the directories that exist; one that no wanted file needs is removed.
    """
    write, fix = [], []
    for path, want in wanted.items():
        have = current.get(path)
        if have is None or have.data != want.data:
            write.append(path)
        elif (have.mode, have.uid, have.gid) != (want.mode, want.uid, want.gid):
            fix.append(path)
    needed = {parent for path in wanted for parent in parents(path)}
    # Deepest first, so that a folder is empty when its turn comes.
    unneeded = sorted(set(folders) - needed, key=lambda path: (-path.count("/"), path))
    return Plan(tuple(sorted(write)), tuple(sorted(fix)), tuple(sorted(set(current) - set(wanted))), tuple(unneeded))


def to_check(wanted: Mapping[str, Wanted], write: Iterable[str], settled: Mapping[str, str]) -> dict[str, Wanted]:
    """The files that the daemon has to see to judge the change.

    `settled` has shell patterns, and for each the file that says how those files are used: while it is not written
    anew, files of the pattern that stay as they are were accepted before, and are left out.
    """
    new = set(write)
    left_out = {pattern: 1 for pattern, user in settled.items() if user not in new}
    return {path: want for path, want in wanted.items() if path in new or not match(path, left_out, 0)}


def parents(path: str) -> list[str]:
    """Every folder above a relative path, nearest last: `a/b/c` gives `a`, `a/b`."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]


def match(path: str, patterns: Mapping[str, int], default: int) -> int:
    """The value of the first shell pattern that fits the path, else the default."""
    return next((value for pattern, value in patterns.items() if fnmatch.fnmatchcase(path, pattern)), default)
