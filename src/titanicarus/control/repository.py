"""The bare git repository in which a control host keeps the revisions that were pushed, and how one is unpacked."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from titanicarus.control.errors import ControlError

REGULAR = {"100644": 0o644, "100755": 0o755}
MANY_PACKS = 20


class BaseMissing(ControlError):
    """The pack builds on a revision that is not here: the whole revision has to be sent."""


class NotServable(ControlError):
    """The revision holds something that is no plain file (a link, a submodule): it is never unpacked on a master."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a revision: `mode` as git writes it, `blob` its object id."""

    mode: str
    blob: str
    path: str


def git(repository: Path, *arguments: str, input: bytes | None = None) -> bytes:
    """Run git in the repository with nothing taken from anybody's configuration. Raises CalledProcessError."""
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LC_ALL": "C",
        "GIT_DIR": str(repository),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
    }
    command = ["git", "-c", "core.quotePath=false", *arguments]
    return subprocess.run(command, input=input or b"", capture_output=True, check=True, env=environment).stdout


def ensure(repository: Path) -> None:
    """Make the bare repository when there is none."""
    if not (repository / "HEAD").exists():
        git(repository, "init", "--bare", "--quiet", str(repository))


def receive(repository: Path, pack: bytes) -> None:
    """Store a (thin) pack. Raises BaseMissing when it builds on objects that are not here."""
    try:
        git(repository, "index-pack", "--stdin", "--fix-thin", input=pack)
    except subprocess.CalledProcessError as error:
        raise BaseMissing(f"the pack cannot be stored: {error.stderr.decode(errors='replace').strip()}") from error


def has(repository: Path, revision: str) -> bool:
    """Whether the revision is here with everything below it."""
    try:
        git(repository, "rev-list", "--objects", "--quiet", revision)
    except subprocess.CalledProcessError:
        return False
    return True


def same(repository: Path, one: str, other: str, folder: str) -> bool:
    """Whether two revisions that are here have the same files in a folder; False when one lacks it."""
    names = [f"{revision}:{folder}" for revision in (one, other)]
    found = git(repository, "cat-file", "--batch-check=%(objectname) %(objecttype)", input="\n".join(names).encode())
    trees = found.decode().splitlines()
    return len(set(trees)) == 1 and trees[0].endswith(" tree")


def entries(repository: Path, revision: str) -> dict[str, Entry]:
    """Every file of a revision by path. Raises NotServable for anything but plain files."""
    found = {}
    for line in git(repository, "ls-tree", "-r", "-z", revision).split(b"\0"):
        if line:
            about, path = line.split(b"\t", 1)
            mode, _, blob = about.decode().split()
            name = os.fsdecode(path)
            if mode not in REGULAR:
                kind = {"120000": "a symbolic link", "160000": "a git repository of its own"}.get(mode, f"mode {mode}")
                raise NotServable(f"{name}: found {kind}, expected a plain file: masters serve real files only")
            found[name] = Entry(mode, blob, name)
    return found


def unpack(repository: Path, revision: str, target: Path, previous: tuple[str, Path] | None) -> None:
    """Write the files of a revision into the new folder `target`.

    `previous` is a revision and the folder it was unpacked to: files that did not change become hard links to it
    (unpacked trees are never written to again). A file's time is made from its content, because Salt's master takes
    a file with the same path and time for the same file.
    """
    wanted = entries(repository, revision)
    before = entries(repository, previous[0]) if previous else {}
    for folder in sorted({os.path.dirname(path) for path in wanted}):  # noqa: PTH120 -- thousands: strings are quick
        (target / folder).mkdir(parents=True, exist_ok=True)
    fresh = []
    for path, entry in wanted.items():
        if previous and before.get(path) == entry:
            os.link(previous[1] / path, target / path)
        else:
            fresh.append(entry)
    for entry, content in _contents(repository, fresh):
        _write(target / entry.path, entry, content)


def _contents(repository: Path, wanted: list[Entry]) -> Iterator[tuple[Entry, bytes]]:
    if not wanted:
        return
    output = git(repository, "cat-file", "--batch", input="".join(f"{entry.blob}\n" for entry in wanted).encode())
    position = 0
    for entry in wanted:
        end = output.index(b"\n", position)
        size = int(output[position:end].split()[2])
        yield entry, output[end + 1 : end + 1 + size]
        position = end + size + 2


def _write(path: Path, entry: Entry, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, REGULAR[entry.mode])
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    nanoseconds = (10**9 + int(entry.blob[:7], 16)) * 10**9 + int(entry.blob[7:14], 16)
    os.utime(path, ns=(nanoseconds, nanoseconds))


def keep(repository: Path, names: dict[str, str]) -> None:
    """Hold exactly these revisions (release name -> revision) and, now and then, drop what nothing holds."""
    held = git(repository, "for-each-ref", "--format=%(refname)", "refs/releases").decode().split()
    lines = [f"update refs/releases/{name} {revision}\n" for name, revision in names.items()]
    lines += [f"delete {ref}\n" for ref in held if ref.removeprefix("refs/releases/") not in names]
    git(repository, "update-ref", "--stdin", input="".join(lines).encode())
    if len(list((repository / "objects" / "pack").glob("*.pack"))) > MANY_PACKS:
        git(repository, "repack", "-a", "-d", "--quiet")
