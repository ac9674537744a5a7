"""What is where on a host's disk. One place, because master, pillar, states and `push` must agree on it.

All paths hang below a root (default `/`), so that hosts can be prepared from outside and tests can use a folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEPLOY = Path("/srv/titanicarus")
LIBRARY = Path("/opt/titanicarus")
APPLIED = Path("/var/lib/titanicarus/applied")
SALT = Path("/etc/salt")
SALT_CACHE = Path("/var/cache/salt")
# Salt's own interpreter on every host; the library is on its path.
PYTHON = "/opt/salt/bin/python"


def below(root: Path, path: Path) -> Path:
    """The absolute `path` as seen below `root`."""
    return root / path.relative_to("/")


@dataclass(frozen=True, slots=True)
class Release:
    """The folders of one release: what one push brought, unpacked and compiled. Never changed once it is complete."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def tree(self) -> Path:
        """The pushed tree itself. No Salt root."""
        return self.path / "tree"

    @property
    def states(self) -> Path:
        """Salt file root 1: a link to the tree's `salt/`."""
        return self.path / "roots" / "states"

    @property
    def extensions(self) -> Path:
        """Salt file root 2: only the `_modules`, `_states`, ... folders that minions fetch."""
        return self.path / "roots" / "extensions"

    @property
    def library(self) -> Path:
        """Salt file root 3: only `titanicarus.tar.gz`."""
        return self.path / "roots" / "library"

    @property
    def master(self) -> Path:
        """What the master itself loads (ext_pillar, runners); no file root."""
        return self.path / "master"

    @property
    def reactor(self) -> Path:
        """What the master does at an event; read from the tree, and no file root."""
        return self.tree / "reactor"

    @property
    def pillar(self) -> Path:
        """One JSON file for each host, mode 0600; no file root."""
        return self.path / "pillar"

    @property
    def facts(self) -> Path:
        """`release.json`: written last, so its presence says that the release is complete."""
        return self.path / "release.json"


@dataclass(frozen=True, slots=True)
class Deploy:
    """The folder on a control host that holds releases; `path` is /srv/titanicarus but in tests."""

    path: Path

    @property
    def repository(self) -> Path:
        return self.path / "repo.git"

    @property
    def releases(self) -> Path:
        return self.path / "releases"

    @property
    def current(self) -> Path:
        """Link to the active release, swapped atomically."""
        return self.path / "current"

    @property
    def certificates(self) -> Path:
        """Cache of derived certificates, mode 0600."""
        return self.path / "certificates"

    @property
    def active(self) -> Path:
        """`active.json`: which release was switched to, and when by the operator's clock."""
        return self.path / "active.json"

    @property
    def staging(self) -> Release:
        """The one release under construction. Always the same path, so that Python's bytecode cache serves it again."""
        return self.release(".staging")

    @property
    def bytecode(self) -> Path:
        """Python's bytecode of the code in `staging`."""
        return self.path / "bytecode"

    def trust(self, digest: str) -> Path:
        """A trust document (titanicarus.control.trust), mode 0600."""
        return self.path / "trust" / f"{digest}.json"

    @property
    def joined(self) -> Path:
        """`joined.json`: the keys that this host let in by tickets (titanicarus.control.joined), mode 0600."""
        return self.path / "joined.json"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    def release(self, name: str) -> Release:
        return Release(self.releases / name)
