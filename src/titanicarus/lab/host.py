"""One host of the lab: its disk, its boot, and the end of its power."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

from titanicarus.lab import container, units
from titanicarus.lab.cgroup import Group, wait_until
from titanicarus.lab.disks import Disk, loops_below, thaw_below
from titanicarus.lab.errors import HostFailed, LabError
from titanicarus.lab.layout import Layout
from titanicarus.lab.mounts import mount_overlay, read_mounts, unmount_below
from titanicarus.lab.network import NAMESPACES, Network
from titanicarus.lab.plan import Node

BOOT_SECONDS = 400.0
_UP_STATES = ("running", "degraded")
_LEADER_SECONDS = 30.0
_POLL_SECONDS = 0.1
_RELEASE_SECONDS = 20.0

Provision = Callable[[Path], None]


class LabHost:
    """A host (or the client) of a lab on this machine. Needs root for everything but `state`.

    `disk` is what it has beside its root for databases, `files_disk` for bricks, if anything.
    """

    def __init__(
        self,
        layout: Layout,
        node: Node,
        network: Network,
        group: Group,
        *,
        disk: Disk | None = None,
        files_disk: Disk | None = None,
    ) -> None:
        self.id = node.name
        self.node = node
        self.group = group
        self.disk = disk
        self.files_disk = files_disk
        self.layout = layout.host(node.name)
        self._lab = layout
        self._network = network

    @property
    def disks(self) -> tuple[Disk, ...]:
        """All that it has beside its root."""
        return tuple(disk for disk in (self.disk, self.files_disk) if disk is not None)

    def leader(self) -> int | None:
        """The host's PID 1 as a process id of this machine; None when the host is off."""
        return container.find_leader(self.group)

    def frozen(self) -> bool:
        """Whether the host is frozen."""
        return self.group.frozen()

    def has_disk(self) -> bool:
        """Whether the host was made once, so that it can be switched on."""
        return self.layout.provisioned.is_file()

    def bring_up(self, image: Path | None, provision: Provision, progress: Callable[[str], None]) -> None:
        """Switch the host on and wait until its systemd has finished starting; repairs what is missing if it is on.

        `image` is the root directory for a new host's disk; None: the disk must be there. `provision` writes the first
        files of a new disk. Raises HostFailed, which names the step and the log.
        """
        with self._locked():
            if self.leader() is not None:
                self._repair(progress)
                return
            progress(f"{self.id}: booting")
            began = monotonic()
            with self._step("clearing what an earlier run left"):
                self._clear()
            with self._step("making its disk"):
                self._prepare_disk(image)
            if not self.has_disk():
                with self._step("writing its first files"):
                    provision(self.layout.root)
                    self.layout.provisioned.touch()
            with self._step("connecting its network"):
                self._network.connect(self.node)
            with self._step("booting"):
                self._spawn()
                self._await_boot(began + BOOT_SECONDS)
            progress(f"{self.id}: up after {monotonic() - began:.1f} s")

    def kill(self) -> None:
        """Cut the power: the cables first, so that no farewell of any kind gets out, its disk, then all that runs."""
        with self._locked():
            self._network.cut(self.node)
            for disk in self.disks:
                disk.cut_power()
            leader = self.leader()
            if self.group.exists():
                if self.frozen():
                    self.group.thaw()  # its cables are gone, so nobody hears what it does now
                if leader is not None:
                    with suppress(ProcessLookupError):
                        os.kill(leader, signal.SIGKILL)
                    # nspawn goes by itself when its host has gone, and tidies up.
                    wait_until(lambda: not self.group.processes(), 3.0)
            self._clear()

    def lose_disks(self) -> Path:
        """Cut the power, and throw away everything that the host ever wrote. Gives back the image it was made from.

        Raises HostFailed when it was never made.
        """
        with self._step("losing its disks"):
            if not self.has_disk():
                raise LabError("it has no disk: `saguire up` makes one")
            made_from = Path(self.layout.image.read_text().strip())
            self.kill()
            with self._locked():
                # The kernel lets go of a disk's file when the last namespace with its mount is gone.
                wait_until(lambda: not loops_below(self.layout.home), _RELEASE_SECONDS)
                self.layout.provisioned.unlink()
                shutil.rmtree(self.layout.home)
        return made_from

    def freeze(self) -> None:
        """Stop every process of the host where it is; the kernel goes on answering pings and opening connections."""
        self._must_run()
        self.group.freeze()

    def thaw(self) -> None:
        """Let a frozen host go on."""
        self._must_run()
        self.group.thaw()

    def freeze_unit(self, unit: str) -> None:
        """Stop all processes of a systemd unit where they are (SIGSTOP)."""
        self._must_move()
        units.stop(self.group, unit)

    def thaw_unit(self, unit: str) -> None:
        """Let a unit that `freeze_unit` stopped go on."""
        self._must_move()
        units.go_on(self.group, unit)

    def kill_unit(self, unit: str) -> None:
        """SIGKILL all processes of a systemd unit."""
        self._must_move()
        units.kill(self.group, unit)

    def own_disk(self, *, files: bool = False) -> Disk:
        """The disk that it has for databases, or for bricks if it has only that one or they are meant (`files`).

        Raises LabError when it has none, or is off.
        """
        found = self.files_disk if files or self.disk is None else self.disk
        if found is None:
            raise LabError(
                f"{self.id} has no disk of its own: only {'filers' if files else 'database hosts and filers'} do"
            )
        self._must_run()
        return found

    def command(self, argv: Sequence[str], *, terminal: str = "dumb") -> list[str]:
        """The argv that runs a command inside. Raises LabError when the host is off or frozen."""
        leader = self._must_move()
        try:
            return container.enter_command(leader, argv, terminal=terminal)
        except FileNotFoundError as error:
            raise LabError(f"{self.id} has just gone off") from error

    def system_state(self) -> str:
        """What the host's systemd says of itself: `starting`, `running`, `degraded`; empty when it does not answer."""
        return self._ask(["systemctl", "is-system-running"], timeout=5.0)

    def failed_units(self) -> tuple[str, ...]:
        """Names of the host's units that have failed."""
        listing = self._ask(["systemctl", "list-units", "--failed", "--plain", "--no-legend", "--full"], timeout=5.0)
        return tuple(line.split()[0] for line in listing.splitlines() if line.strip())

    def _must_move(self) -> int:
        leader = self._must_run()
        if self.frozen():
            raise LabError(f"{self.id} is frozen")
        return leader

    def _must_run(self) -> int:
        leader = self.leader()
        if leader is None:
            raise LabError(f"{self.id} is off")
        return leader

    def _repair(self, progress: Callable[[str], None]) -> None:
        if self.frozen():
            progress(f"{self.id}: was frozen, thawing it")
            self.group.thaw()
        if not self._network.connected(self.node):
            progress(f"{self.id}: was cut off, connecting it again")
            with self._step("connecting its network"):
                self._network.connect(self.node)
        with self._step("booting"):
            self._await_boot(monotonic() + BOOT_SECONDS)

    def _clear(self) -> None:
        thaw_below(self.layout.root)
        if self.group.exists():
            self.group.kill()
            self.group.remove()
        self._network.cut(self.node)
        self._network.remove(self.id)
        unmount_below(self.layout.root)
        container.forget_machine(self._lab.machine(self.id))

    def _prepare_disk(self, image: Path | None) -> None:
        if not self.has_disk():
            if image is None:
                raise LabError("it has no disk: `saguire up` makes one")
            # What an interrupted `up` wrote may be half a file: begin with a blank disk.
            if self.layout.home.exists():
                shutil.rmtree(self.layout.home)
            for folder in (self.layout.upper, self.layout.work, self.layout.root):
                folder.mkdir(parents=True)
            self.layout.upper.chmod(0o755)
            self.layout.image.write_text(f"{image}\n")
        lower = Path(self.layout.image.read_text().strip())
        if not lower.is_dir():
            raise LabError(f"its image {lower} is gone: `saguire down` and `saguire up` make the lab anew")
        mount_overlay(lower, self.layout.upper, self.layout.work, self.layout.root)
        for disk in self.disks:
            disk.mount()
        if not self.has_disk():
            # Without an identity of its own systemd would take this for a factory reset.
            (self.layout.root / "etc/machine-id").write_text(self._lab.machine_id(self.id) + "\n")

    def _spawn(self) -> None:
        self.group.create()
        namespace = NAMESPACES / self._lab.namespace(self.id)
        machine = self._lab.machine(self.id)
        argv = container.boot_command(self.layout.root, machine, self.id, namespace, self.group)
        with self.layout.console.open("ab") as console:
            # A session of its own: Ctrl-C at `saguire up` must not switch hosts off.
            subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True)

    def _await_boot(self, deadline: float) -> None:
        found = wait_until(lambda: self.leader() is not None, _LEADER_SECONDS, poll=_POLL_SECONDS)
        if not found:
            raise LabError(f"its container did not start: {self._last_words()}")

        def finished() -> bool:
            if self.leader() is None:
                raise LabError(f"its container ended while it was booting: {self._last_words()}")
            left = max(1.0, deadline - monotonic())
            return self._ask(["systemctl", "is-system-running", "--wait"], timeout=left) in _UP_STATES

        if not wait_until(finished, deadline - monotonic(), poll=_POLL_SECONDS):
            raise LabError(f"systemd inside is `{self.system_state() or 'silent'}` after {BOOT_SECONDS:g} s")

    def _last_words(self) -> str:
        with suppress(FileNotFoundError):
            lines = self.layout.console.read_text(errors="replace").splitlines()
            return " / ".join(line.strip() for line in lines[-3:] if line.strip()) or "it printed nothing"
        return "it printed nothing"

    def _ask(self, argv: Sequence[str], timeout: float) -> str:
        try:
            done = subprocess.run(
                self.command(argv),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except (LabError, subprocess.TimeoutExpired):
            return ""  # no answer is an answer here: the caller has a deadline
        return done.stdout.strip()

    @contextmanager
    def _step(self, step: str) -> Iterator[None]:
        try:
            yield
        except HostFailed:
            raise
        except (LabError, OSError) as error:
            raise HostFailed(self.id, step, str(error), self.layout.console) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One change of a host's power at a time, whoever asks for it."""
        self._lab.run.mkdir(parents=True, exist_ok=True)
        with (self._lab.run / f"host-{self.id}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def is_mounted(root: Path) -> bool:
    """Whether a disk is mounted at `root`."""
    return any(mount.target == root for mount in read_mounts())
