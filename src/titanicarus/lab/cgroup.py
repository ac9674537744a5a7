"""Control groups made by hand, outside those of the machine's own systemd: they hold and freeze a host's processes.

Works with cgroup v2, with v1, and with both at once (hybrid): a host's group is the same relative path in
each hierarchy that the lab uses.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from titanicarus.lab.errors import LabError
from titanicarus.lab.mounts import Mount, read_mounts

_V1_CONTROLLERS = ("freezer", "memory")
_V2_CONTROLLERS = ("memory", "pids", "cpu")
_POLL_SECONDS = 0.02
ATTEMPT_SECONDS = 1.0
"""After this time a group that has not become frozen goes on for a moment, and is frozen anew."""


@dataclass(frozen=True)
class Hierarchies:
    """Where the machine has its control groups. `unified` is a v2 tree, the others are v1 trees, None when absent."""

    unified: Path | None
    systemd: Path | None
    freezer: Path | None
    memory: Path | None

    @property
    def all(self) -> tuple[Path, ...]:
        """Every hierarchy that a host's processes are put into."""
        return tuple(path for path in (self.systemd, self.unified, self.freezer, self.memory) if path)

    @property
    def by_controller(self) -> dict[str, Path | None]:
        """The hierarchies by the name that /proc/PID/cgroup has for them; the v2 tree has an empty name there."""
        return {"name=systemd": self.systemd, "": self.unified, "freezer": self.freezer, "memory": self.memory}

    @property
    def holding(self) -> Path:
        """The hierarchy that is asked for a host's processes: the one that systemd inside cannot rearrange, if any."""
        found = self.freezer or self.unified or self.systemd
        if found is None:
            raise LabError("this machine has no control groups that could hold a host: mount cgroup2 at /sys/fs/cgroup")
        return found


def hierarchies_from(mounts: tuple[Mount, ...]) -> Hierarchies:
    """Sort the machine's control group mounts. The pure half of `hierarchies`."""
    found: dict[str, Path] = {}
    for mount in mounts:
        if mount.kind == "cgroup2":
            found.setdefault("unified", mount.target)
        elif mount.kind == "cgroup":
            options = mount.super_options
            if "name=systemd" in options:
                found.setdefault("systemd", mount.target)
            for controller in _V1_CONTROLLERS:
                if controller in options:
                    found.setdefault(controller, mount.target)
    return Hierarchies(found.get("unified"), found.get("systemd"), found.get("freezer"), found.get("memory"))


def hierarchies() -> Hierarchies:
    """The control group hierarchies of this machine."""
    return hierarchies_from(read_mounts())


@dataclass(frozen=True)
class Group:
    """One control group: the same relative path, such as `titanicarus/lab/syd-web1`, in each hierarchy."""

    where: Hierarchies
    path: str

    def child(self, name: str) -> Group:
        """The group `name` inside this one."""
        return Group(self.where, f"{self.path}/{name}")

    @property
    def directories(self) -> tuple[Path, ...]:
        """The group's directory in each hierarchy, whether it exists or not."""
        return tuple(hierarchy / self.path for hierarchy in self.where.all)

    @property
    def held(self) -> Path:
        """The directory that is asked for the group's processes and that freezes them."""
        return self.where.holding / self.path

    def exists(self) -> bool:
        """Whether any hierarchy has the group."""
        return any(directory.is_dir() for directory in self.directories)

    def create(self) -> None:
        """Make the group in every hierarchy; no harm when it is there."""
        for directory in self.directories:
            directory.mkdir(parents=True, exist_ok=True)
        if self.where.unified and not self.where.memory:
            self._delegate(self.where.unified)

    def _delegate(self, root: Path) -> None:
        # A v2 group has a controller only when all groups above pass it on. Without it there
        # is no memory figure from the kernel, and the lab works all the same.
        above = root
        for part in Path(self.path).parent.parts:
            above = above / part
            for controller in _V2_CONTROLLERS:
                with suppress(OSError):
                    (above / "cgroup.subtree_control").write_text(f"+{controller}")

    def join_files(self) -> tuple[Path, ...]:
        """The files a process writes `0` to in order to enter the group."""
        return tuple(directory / "cgroup.procs" for directory in self.directories)

    def children(self) -> tuple[str, ...]:
        """Names of the groups directly inside, in any hierarchy, sorted."""
        names: set[str] = set()
        for directory in self.directories:
            with suppress(FileNotFoundError):
                names.update(entry.name for entry in directory.iterdir() if entry.is_dir())
        return tuple(sorted(names))

    def processes(self) -> tuple[int, ...]:
        """Process ids in the group and in all groups below it, sorted."""
        found: set[int] = set()
        for directory in self.directories:
            for below in _tree(directory):
                with suppress(OSError):
                    found.update(int(pid) for pid in (below / "cgroup.procs").read_text().split())
        return tuple(sorted(found - {0}))

    def freeze(self, *, timeout: float = 20.0) -> None:
        """Stop every process of the group at once and return when they stand still. `timeout` in seconds.

        Who waits for a file system whose program (FUSE) stands still already cannot be stopped before it has its
        answer. Then all go on for a moment, and it is tried again.
        """
        until = time.monotonic() + timeout
        while True:
            self._order(frozen=True)
            if wait_until(lambda: self._settled(frozen=True), min(ATTEMPT_SECONDS, max(until - time.monotonic(), 0))):
                return
            if time.monotonic() >= until:
                raise LabError(f"{self.held} did not become frozen within {timeout:g} s")
            self.thaw()

    def thaw(self, *, timeout: float = 10.0) -> None:
        """Let the group's processes run on. `timeout` in seconds."""
        self._order(frozen=False)
        if not wait_until(lambda: self._settled(frozen=False), timeout):
            raise LabError(f"{self.held} did not become thawed within {timeout:g} s")

    def frozen(self) -> bool:
        """Whether the group is frozen now."""
        try:
            if self.where.freezer:
                return (self.held / "freezer.state").read_text().strip() != "THAWED"
            events = (self.held / "cgroup.events").read_text()
        except FileNotFoundError:
            return False
        return "frozen 1" in events

    def _order(self, *, frozen: bool) -> None:
        if self.where.freezer:
            (self.held / "freezer.state").write_text("FROZEN" if frozen else "THAWED")
        else:
            (self.held / "cgroup.freeze").write_text("1" if frozen else "0")

    def _settled(self, *, frozen: bool) -> bool:
        if self.where.freezer:
            return (self.held / "freezer.state").read_text().strip() == ("FROZEN" if frozen else "THAWED")
        return self.frozen() == frozen

    def kill(self, *, timeout: float = 20.0) -> None:
        """SIGKILL every process of the group until none is left. `timeout` in seconds; LabError when some stay."""
        if self.held.is_dir() and self.frozen():
            self.thaw(timeout=timeout)  # v1: a frozen process does not even take SIGKILL

        def gone() -> bool:
            alive = [pid for pid in self.processes() if not is_zombie(pid)]
            for pid in alive:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return not alive

        if not wait_until(gone, timeout):
            raise LabError(f"processes {self.processes()} of {self.path} did not die within {timeout:g} s of SIGKILL")

    def remove(self, *, timeout: float = 5.0) -> None:
        """Remove the group and all below it in every hierarchy. They must hold no process. `timeout` in seconds."""

        def gone() -> bool:
            for directory in self.directories:
                for below in reversed(list(_tree(directory))):
                    with suppress(OSError):  # a dying process may hold it a moment longer: looked at again
                        below.rmdir()
            return not self.exists()

        if not wait_until(gone, timeout):
            raise LabError(f"control group {self.path} could not be removed: it holds {self.processes()}")

    def remove_if_empty(self) -> None:
        """Remove the group where no other group is inside it."""
        for directory in self.directories:
            with suppress(OSError):
                directory.rmdir()

    def memory_bytes(self) -> int | None:
        """Memory the group's processes use, without the page cache; None when the kernel keeps no account of it."""
        try:
            if self.where.memory:
                text = (self.where.memory / self.path / "memory.stat").read_text()
                wanted: tuple[str, ...] = ("total_rss", "total_shmem")
            elif self.where.unified:
                text = (self.where.unified / self.path / "memory.stat").read_text()
                wanted = ("anon", "shmem", "kernel_stack", "slab_unreclaimable")
            else:
                return None
        except OSError:
            return None
        figures = dict(line.split() for line in text.splitlines())
        return sum(int(figures.get(name, 0)) for name in wanted)


def _tree(directory: Path) -> Iterator[Path]:
    """The directory and all directories below it, parents first. Empty when it is not there."""
    if not directory.is_dir():
        return
    for here, _, _ in os.walk(directory):
        yield Path(here)


def is_zombie(pid: int) -> bool:
    """Whether the process has ended and only waits to be reaped, or is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until(condition: Callable[[], bool], timeout: float, *, poll: float = _POLL_SECONDS) -> bool:
    """Ask again and again until it holds; False when `timeout` seconds have passed. Asks at least once."""
    deadline = time.monotonic() + timeout
    while True:
        if condition():
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(poll)
