"""The working tree as a git revision, without touching the operator's own repository.

A git directory of our own lies in the lab's state folder and takes the checkout as its work tree. So no branch, index
or configuration of the operator is read or written, uncommitted files are included, and a tree that was unpacked from
an archive works as well. What `.gitignore` names stays out. The same files give the same revision, on any machine.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from titanicarus.control.errors import SnapshotFailed

# What control hosts use; tests, documents and whatever else lies in the checkout stay at home.
PATHS = (
    "Saguirefile", "pillar", "salt", "reactor", "src",
    "_beacons", "_grains", "_modules", "_pillar", "_returners", "_runners", "_states", "_utils",
)  # fmt: skip
FLEET_FILE = "Saguirefile"
# A commit needs a name and a date; fixed ones make its id a function of the files alone.
IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Titanicarus"), ("EMAIL", "saguire@localhost"), ("DATE", "2000-01-01T00:00:00Z"))
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A revision in a git directory of our own."""

    repository: Path
    revision: str

    def pack(self, base: str | None) -> bytes:
        """A thin pack with what the revision has and `base` (a revision, or None) lacks; empty for the same one."""
        if base == self.revision:
            return b""
        wanted = f"{self.revision}\n"
        if base and _knows(self.repository, base):
            # Not `^commit`: that leaves the trees of unrelated commits in; `^tree` leaves out all that is below.
            wanted += f"^{base}\n^{base}^{{tree}}\n"
        return _git(self.repository, None, "pack-objects", "--revs", "--thin", "--stdout", "-q", input=wanted.encode())


def take(root: Path, repository: Path, fleet_file: Path | None = None) -> Snapshot:
    """Make a revision of the checkout at `root` in `repository`, with `fleet_file` as its Saguirefile.

    Raises SnapshotFailed with git's own words.
    """
    if not (repository / "HEAD").exists():
        repository.mkdir(parents=True, mode=0o700, exist_ok=True)
        _git(repository, None, "init", "--bare", "--quiet", str(repository))
    chosen = fleet_file or root / FLEET_FILE
    paths = sorted({*PATHS, *_named_by(chosen)})
    here = [path for path in paths if (root / path).exists()]
    _git(repository, root, "rm", "-r", "--cached", "--quiet", "--ignore-unmatch", "--", *(set(paths) - set(here)))
    _git(repository, root, "add", "--all", "--", *here)
    blob = _git(repository, root, "hash-object", "-w", "--no-filters", str(chosen.resolve())).decode().strip()
    _git(repository, root, "update-index", "--add", "--cacheinfo", f"100644,{blob},{FLEET_FILE}")
    tree = _git(repository, root, "write-tree").decode().strip()
    revision = _git(repository, root, "commit-tree", tree, "-m", "Pushed with saguire").decode().strip()
    _git(repository, None, "update-ref", "refs/heads/pushed", revision)
    return Snapshot(repository, revision)


def _named_by(fleet_file: Path) -> list[str]:
    """Where this Saguirefile has its tenants and its policy; it was checked before, so odd values mean defaults."""
    document = yaml.safe_load(fleet_file.read_bytes())
    named = [document.get(key) for key in ("tenants", "policy")] if isinstance(document, dict) else []
    return [path for path in named if isinstance(path, str)]


def _knows(repository: Path, revision: str) -> bool:
    try:
        _git(repository, None, "rev-list", "--objects", "--quiet", revision)
    except SnapshotFailed:
        return False
    return True


def _git(repository: Path, work_tree: Path | None, *arguments: str, input: bytes = b"") -> bytes:
    """Git with nobody's configuration. A git directory named outright needs no `safe.directory`, whoever owns it."""
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LC_ALL": "C",
        "GIT_DIR": str(repository),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        **IDENTITY,
    }
    if work_tree:
        environment["GIT_WORK_TREE"] = str(work_tree)
    return _run(["git", "-c", "core.bare=false", *arguments], environment, work_tree, input)


def _run(command: Sequence[str], environment: dict[str, str], folder: Path | None, input: bytes) -> bytes:
    try:
        done = subprocess.run(command, input=input, capture_output=True, env=environment, cwd=folder, check=False)
    except FileNotFoundError as error:
        raise SnapshotFailed("git is not installed on this machine, and a push is made with it") from error
    if done.returncode != 0:
        raise SnapshotFailed(f"git {' '.join(command[3:5])}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
