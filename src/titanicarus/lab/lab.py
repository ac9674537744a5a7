"""The lab: a whole fleet on this machine, and the faults that can be done to it."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import IO

from titanicarus.fleet import Fleet, Role
from titanicarus.lab import client, cloud, container, image
from titanicarus.lab.cgroup import Group, hierarchies, wait_until
from titanicarus.lab.cuts import Cuts
from titanicarus.lab.disks import DATABASES, DEFAULT_MIB, FILES, Disk, loops_below, thaw_below
from titanicarus.lab.errors import BootFailed, HostFailed, LabBusy, LabError, UnknownHost
from titanicarus.lab.host import LabHost
from titanicarus.lab.layout import CLIENT, CLOUD, NOT_IN_FLEET, STATE_DIR, Layout
from titanicarus.lab.mounts import mounted_below, read_mounts, share, unmount_below
from titanicarus.lab.network import NAMESPACES, Network
from titanicarus.lab.plan import plan_network
from titanicarus.lab.probe import Probe, Target
from titanicarus.lab.status import HostStatus, LabStatus
from titanicarus.lab.tuning import tune
from titanicarus.transport import CommandFailed, Unreachable, run

Progress = Callable[[str], None]
Provision = Callable[[str, Path], None]
_DOWN_SECONDS = 60.0
_RELEASE_SECONDS = 10.0
# The operator's terminal is none of the host's own, and programs inside would say "not a tty": script makes one.
_SHELL = ("script", "--quiet", "--return", "--command", "exec /bin/bash --login", "/dev/null")


def _silent(_: str) -> None:
    """Progress for those who want none."""


class Lab:
    """One fleet's lab, known by its name. It holds nothing open: any process may make a Lab of the same name.

    It is a `titanicarus.transport.Transport`. Hosts are named by their id; `client` is out on the lab's internet.
    """

    def __init__(self, name: str, fleet: Fleet, state_dir: Path = STATE_DIR, *, disk_mib: int = DEFAULT_MIB) -> None:
        """`disk_mib`: the size of the disks that database hosts and filers get at their first boot."""
        self.name = name
        self.fleet = fleet
        self.layout = Layout(name, state_dir)
        self.plan = plan_network(fleet)
        self.group = Group(hierarchies(), self.layout.group)
        self._network = Network(self.layout)
        databases = {host.id for host in fleet.with_role(Role.DB)}
        filers = {host.id for host in fleet.with_role(Role.FILER)}

        def disks(host_id: str) -> dict[str, Disk]:
            places, found = self.layout.host(host_id), {}
            if host_id in databases:
                found["disk"] = Disk(places.disk, places.root / DATABASES, disk_mib)
            if host_id in filers:
                found["files_disk"] = Disk(places.files_disk, places.root / FILES, disk_mib, small_files=True)
            return found

        self._hosts = {
            node.name: LabHost(self.layout, node, self._network, self.group.child(node.name), **disks(node.name))
            for node in self.plan.hosts
        }
        self.cuts = Cuts(self.layout, fleet)
        self._holding = 0

    @property
    def secrets(self) -> Path:
        """The folder for what is made once for this lab; `down` keeps it."""
        return self.layout.secrets

    @property
    def ids(self) -> tuple[str, ...]:
        """Every host of the fleet, and at the end those that are out on the internet: the client and the cloud."""
        return tuple(self._hosts)

    def host(self, host_id: str) -> LabHost:
        """A host or the client. Raises UnknownHost."""
        try:
            return self._hosts[host_id]
        except KeyError:
            raise UnknownHost(f"there is no host {host_id}; there are {', '.join(self._hosts)}") from None

    # Up and down

    def boot(self, ids: Sequence[str], provision: Provision, progress: Progress = _silent) -> None:
        """Bring hosts up, several at a time; those that run are repaired. The image is built when it is missing.

        `provision` is called with a host's id and the directory of its disk before its first boot; not for the client.
        Raises BootFailed when some did not come up, after all have been tried, and LabBusy.
        """
        hosts = [self.host(host_id) for host_id in ids]
        with self.hold("up"):
            root = image.ensure(progress, self.layout.state)
            self.prepare(progress)
            failures: list[HostFailed] = []

            def bring_up(host: LabHost) -> None:
                try:
                    host.bring_up(root, self._first_files(host.id, provision), progress)
                except HostFailed as failure:
                    progress(str(failure))
                    failures.append(failure)

            with ThreadPoolExecutor(max_workers=2 * (os.cpu_count() or 1)) as pool:
                try:
                    list(pool.map(bring_up, hosts))
                except BaseException:  # Ctrl-C: those that are being booted go on to their end, no other begins
                    pool.shutdown(cancel_futures=True)
                    raise
            if failures:
                raise BootFailed(sorted(failures, key=lambda failure: failure.host_id))

    def up_host(self, host_id: str, provision: Provision, progress: Progress = _silent) -> None:
        """`boot` for one host. Raises HostFailed."""
        try:
            self.boot([host_id], provision, progress)
        except BootFailed as error:
            raise error.failures[0] from error

    def prepare(self, progress: Progress = _silent) -> None:
        """Make the lab's folders, raise kernel limits, and make the network that the hosts are plugged into."""
        self.layout.hosts.mkdir(parents=True, exist_ok=True)
        self.layout.hosts.chmod(0o700)
        share(self.layout.hosts)
        for sentence in tune():
            progress(f"this machine: {sentence}")
        self._network.ensure_base(self.plan)

    def down(self, progress: Progress = _silent) -> None:
        """Take everything of this lab away but its secrets: found by what is there, not by what is remembered.

        Works after a crash at any point, and when nothing is up. Raises LabBusy, and LabError for what would not go.
        """
        with self.hold("down"):
            began = monotonic()
            self._end_processes(progress)
            self._end_mounts()
            for name in self._network.names():
                self._network.remove(name)
            if self.layout.hosts.is_dir():
                progress(f"lab {self.name}: removing the hosts' disks")
                shutil.rmtree(self.layout.hosts)
            shutil.rmtree(self.layout.home / "cloud", ignore_errors=True)
            self.cuts.forget()
            shutil.rmtree(self.layout.run, ignore_errors=True)
            left = self.leftovers()
            if left:
                raise LabError(f"lab {self.name} is not wholly gone: {'; '.join(left)}")
            progress(f"lab {self.name}: down after {monotonic() - began:.1f} s")

    def leftovers(self) -> tuple[str, ...]:
        """What this machine still has of the lab beside its secrets and the images; empty after `down`."""
        left = [f"process {pid}" for pid in self.group.processes()]
        left += [f"control group {directory}" for directory in self.group.directories if directory.is_dir()]
        left += [f"loop device {name}" for name in loops_below(self.layout.home)]
        left += [f"mount {target}" for target in mounted_below(self.layout.home, read_mounts())]
        left += [f"network namespace {self.layout.namespace(name)}" for name in self._network.names()]
        left += [f"container {name} in /run" for name in container.machines_in_run(self.layout.namespace_prefix)]
        left += [f"disks in {self.layout.hosts}"] if self.layout.hosts.exists() else []
        return tuple(left)

    @contextmanager
    def hold(self, what: str) -> Iterator[None]:
        """Let nobody else bring this lab up or down meanwhile. Raises LabBusy when somebody does so already."""
        if self._holding:
            self._holding += 1
            try:
                yield
            finally:
                self._holding -= 1
            return
        with self._own_lock() as lock:
            lock.truncate(0)
            lock.write(f"`saguire {what}` (process {os.getpid()})")
            lock.flush()
            self._holding = 1
            try:
                yield
            finally:
                self._holding = 0

    @contextmanager
    def _own_lock(self) -> Iterator[IO[str]]:
        path = self.layout.run / "lock"
        while True:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a+") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    lock.seek(0)
                    who = lock.read().strip() or "another process"
                    raise LabBusy(f"lab {self.name} is being changed by {who}: wait for that, or stop it") from None
                # A `down` that ended between the two lines above took the file away: then this lock holds nobody off.
                if path.exists() and path.stat().st_ino == os.fstat(lock.fileno()).st_ino:
                    yield lock
                    return

    def _first_files(self, host_id: str, provision: Provision) -> Callable[[Path], None]:
        if host_id == CLIENT:
            return client.write_first_files
        account = self.account()
        if host_id == CLOUD:
            return lambda root: cloud.write_first_files(root, account)

        def write(root: Path) -> None:
            provision(host_id, root)
            self._tell_of_account(host_id, root)

        return write

    def refresh_cloud(self) -> None:
        """Let a running cloud have the emulator's code of this checkout. Raises Unreachable or CommandFailed."""
        if cloud.write_program(self.host(CLOUD).layout.root):
            run(self, CLOUD, ["systemctl", "restart", "route53"], timeout=30)

    def account(self) -> cloud.Account:
        """The fleet's AWS account in the lab's cloud; it lasts as long as the lab is up."""
        return cloud.Account.open(self.layout.home / "cloud")

    def tell_of_account(self) -> None:
        """Tell the hosts that run of the account, as the others are when they boot."""
        for host in self.fleet.hosts:
            if self.reachable(host.id):
                self._tell_of_account(host.id, self.host(host.id).layout.root)

    def _tell_of_account(self, host_id: str, root: Path) -> None:
        """Control hosts change what AWS says of the fleet, database hosts hold leases, and load balancers only want to
        know whether AWS is there. A host that is both of the first two has the key with more rights."""
        roles = self.fleet.host(host_id).roles
        account = self.account()
        key = account.control if Role.CONTROL in roles else account.keeper if Role.DB in roles else None
        if key or Role.LB in roles:
            cloud.write_account(root, account, key)

    def _end_processes(self, progress: Progress) -> None:
        thaw_below(self.layout.home)  # a process that waits for a frozen disk cannot be killed
        children = self.group.children()
        if children:
            progress(f"lab {self.name}: ending {len(children)} hosts")
        for name in children:
            host_group = self.group.child(name)
            with suppress(OSError, LabError):
                if host_group.frozen():
                    host_group.thaw()

        def gone() -> bool:
            # Something that was being started when `up` was killed may still enter the group: so in turns.
            self.group.kill(timeout=_DOWN_SECONDS)
            with suppress(LabError):
                self.group.remove(timeout=1.0)
            return not self.group.exists()

        if not wait_until(gone, _DOWN_SECONDS):
            raise LabError(f"lab {self.name}: processes {self.group.processes()} would not end")
        Group(self.group.where, container.TOP_GROUP).remove_if_empty()  # other labs may have theirs in it

    def _unmounts(self) -> bool:
        """Whether nothing is mounted any more. Raises nothing: who is still busy is asked again."""
        with suppress(LabError):
            unmount_below(self.layout.home)
            return True
        return False

    def _end_mounts(self) -> None:
        # What was just killed may not have let go of its mounts yet.
        if not wait_until(self._unmounts, _RELEASE_SECONDS):
            unmount_below(self.layout.home)
        # The kernel lets go of a loop device when the last namespace with its mount is gone.
        wait_until(lambda: not loops_below(self.layout.home), _RELEASE_SECONDS)
        for name in container.machines_in_run(self.layout.namespace_prefix):
            container.forget_machine(name)

    # Faults

    def kill(self, host_id: str) -> float:
        """Cut a host's power. Gives back when, in seconds of CLOCK_MONOTONIC. Its disk stays; nothing if it is off."""
        when = monotonic()
        self.host(host_id).kill()
        return when

    def start(self, host_id: str, progress: Progress = _silent) -> None:
        """Switch a host on that was killed, with the disk it had, and wait until it is up. Raises HostFailed."""
        self.prepare()
        self.host(host_id).bring_up(None, _no_provision, progress)

    def replace(self, host_id: str, provision: Provision, progress: Progress = _silent) -> None:
        """Cut a host's power and lose its disks; then a blank machine boots under its name. Raises HostFailed.

        `provision` writes the first files of its disk, as for `boot`.
        """
        with self.hold("fault replace"):
            host = self.host(host_id)
            made_from = host.lose_disks()
            self.prepare(progress)
            host.bring_up(made_from, self._first_files(host_id, provision), progress)

    def freeze(self, host_id: str) -> float:
        """Stop all processes of a host where they are; gives back when (CLOCK_MONOTONIC). LabError when it is off."""
        when = monotonic()
        self.host(host_id).freeze()
        return when

    def thaw(self, host_id: str) -> float:
        """Let a frozen host go on; gives back when (CLOCK_MONOTONIC)."""
        self.host(host_id).thaw()
        return monotonic()

    def kill_island(self, island: str) -> tuple[str, ...]:
        """Cut the power of a whole island at once; gives back its hosts. Raises LabError for an unknown island."""
        if island not in self.fleet.islands:
            raise LabError(f"there is no island {island}; there are {', '.join(self.fleet.islands)}")
        hosts = [self.host(host.id) for host in self.fleet.islands[island].hosts.values()]
        for host in hosts:  # silence first, so that the hosts of the island go together
            self._network.cut(host.node)
            for disk in host.disks:
                disk.cut_power()
        with ThreadPoolExecutor(max_workers=len(hosts)) as pool:
            list(pool.map(LabHost.kill, hosts))
        return tuple(sorted(host.id for host in hosts))

    # Looking in

    def command(self, host_id: str, argv: Sequence[str]) -> list[str]:
        """The argv that, run here, runs `argv` as root on a host. Raises Unreachable when it is off or frozen."""
        try:
            return self.host(host_id).command(argv)
        except UnknownHost:
            raise
        except LabError as error:
            raise Unreachable(host_id, str(error)) from error

    def network_command(self, host_id: str, argv: Sequence[str]) -> list[str]:
        """The argv that runs a program of this machine with a host's network: its packets are the host's own. It has
        nothing else of the host. Raises UnknownHost."""
        return ["nsenter", f"--net={NAMESPACES / self.layout.namespace(self.host(host_id).id)}", "--", *argv]

    def shell_command(self, host_id: str, terminal: str | None = None) -> list[str]:
        """The argv of a login shell on a host, for a terminal whose kind (TERM) is `terminal`. Raises Unreachable."""
        try:
            kind = terminal or os.environ.get("TERM", "linux")
            return self.host(host_id).command(_SHELL, terminal=kind)
        except UnknownHost:
            raise
        except LabError as error:
            raise Unreachable(host_id, str(error)) from error

    def reachable(self, host_id: str) -> bool:
        """Whether a command can be run on the host now: it is on and not frozen."""
        host = self.host(host_id)
        return host.leader() is not None and not host.frozen()

    def console_log(self, host_id: str) -> Path:
        """The file with what a host printed to its console, over all its boots."""
        return self.host(host_id).layout.console

    def status(self) -> LabStatus:
        """What is there and how it is, seen from outside and asked of each host's systemd. Takes about a second."""
        with ThreadPoolExecutor(max_workers=8) as pool:
            hosts = tuple(pool.map(self._host_status, self._hosts.values()))
        root = image.current(self.layout.state)
        return LabStatus(self.name, self.fleet.name, str(root) if root else None, hosts)

    def _host_status(self, host: LabHost) -> HostStatus:
        declared = None if host.id in NOT_IN_FLEET else self.fleet.host(host.id)
        return HostStatus.look(
            host,
            island=declared.island if declared else None,
            roles=tuple(str(role) for role in declared.roles) if declared else (),
        )

    # The client

    def trust(self, pem: str) -> None:
        """Make every tool of the client trust a root certificate. Raises Unreachable or CommandFailed."""
        if client.write_certificate(self._client_root(), pem):
            try:
                run(self, CLIENT, ["update-ca-certificates"], timeout=60)
            except (Unreachable, CommandFailed):
                client.remove_certificate(self._client_root())  # so that the next call does not take it for done
                raise

    def probe(self, targets: Sequence[Target], rate: float = 10.0, deadline: float = 1.0) -> Probe:
        """A client run against `targets`: `rate` requests a second each, `deadline` seconds for each request.

        Use it as a context manager; `stop()` gives the figures.
        """
        return Probe(lambda argv: self.command(CLIENT, argv), targets, rate=rate, deadline=deadline)

    def _client_root(self) -> Path:
        if self.host(CLIENT).leader() is None:
            raise Unreachable(CLIENT, "it is off: `saguire up` brings it up")
        return self.host(CLIENT).layout.root


def _no_provision(_: Path) -> None:
    raise LabError("it was never provisioned: `saguire up` does that")
