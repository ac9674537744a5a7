"""Can this machine carry the lab? Asked before anything changes; each answer is a sentence that says what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from titanicarus.fleet import Fleet
from titanicarus.fleet.volumes import volume_of
from titanicarus.lab import image
from titanicarus.lab.cgroup import Hierarchies, hierarchies
from titanicarus.lab.layout import STATE_DIR
from titanicarus.lab.machine import missing_packages
from titanicarus.lab.network import machine_networks
from titanicarus.lab.plan import plan_network

_GIB = 1 << 30
_MIB = 1 << 20
DISK_BYTES = 6 * _GIB
# Measured with a full fleet of 27 hosts, at rest 3.7 GiB: 81 to 107 MiB for a host with its minion, 300 MiB for a
# control host. What keeps or mounts files: glusterd, brick, heal daemon and client have 20 to 25 MiB each. An apply
# doubles a minion for its time; building the image and the machine itself need the rest.
HOST_BYTES = 120 * _MIB
FILES_BYTES = 80 * _MIB
CONTROL_BYTES = 450 * _MIB
BASE_BYTES = 1 * _GIB
_FILESYSTEMS = ("overlay", "tmpfs", "ext4")
_NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "uts")


@dataclass(frozen=True)
class Machine:
    """What matters of a machine. Sizes in bytes; `apt` says whether missing packages can be installed."""

    root: bool
    linux: bool
    missing_packages: tuple[str, ...]
    apt: bool
    disk_free: int
    disk_where: Path
    memory_available: int
    networks: Mapping[str, IPv4Network]
    filesystems: frozenset[str]
    namespaces: frozenset[str]
    groups: Hierarchies

    @classmethod
    def look(cls, state: Path = STATE_DIR) -> Machine:
        """This machine, now."""
        existing = next(path for path in (state, *state.parents) if path.exists())
        return cls(
            root=os.geteuid() == 0,
            linux=os.uname().sysname == "Linux",
            missing_packages=missing_packages(),
            apt=shutil.which("apt-get") is not None,
            disk_free=shutil.disk_usage(existing).free,
            disk_where=existing,
            memory_available=_available_memory(Path("/proc/meminfo").read_text()),
            networks=machine_networks(),
            filesystems=_known_filesystems(),
            namespaces=frozenset(path.name for path in Path("/proc/self/ns").iterdir()),
            groups=hierarchies(),
        )


def memory_needed(fleet: Fleet) -> int:
    """Bytes that a fleet's lab takes when all of its hosts are up, rounded up."""
    control = sum("control" in host.roles for host in fleet.hosts)
    files = sum(len(volume.clients) for island in fleet.islands if (volume := volume_of(fleet, island)))
    return BASE_BYTES + (len(fleet.hosts) + 1) * HOST_BYTES + control * CONTROL_BYTES + files * FILES_BYTES


def preflight(fleet: Fleet, state: Path = STATE_DIR, *, running: bool = False) -> list[str]:
    """What keeps this machine from carrying the fleet's lab, one sentence each; empty when nothing does.

    `running`: the lab is up already, so the room that it needs is taken.
    """
    if os.uname().sysname != "Linux":
        return ["The lab needs Linux: its hosts are containers."]
    built = image.current(state) is not None
    return judge(Machine.look(state), fleet, image_built=built, running=running)


def judge(machine: Machine, fleet: Fleet, *, image_built: bool, running: bool) -> list[str]:
    """The pure half of `preflight`."""
    if not machine.root:
        return ["The lab boots containers and makes networks, so it needs root: run `sudo ./saguire up`."]
    problems = list(_kernel(machine))
    if machine.missing_packages and not machine.apt:
        names = ", ".join(machine.missing_packages)
        problems.append(f"This machine lacks {names} and has no apt-get to install it with: use Debian 12 or 13.")
    if not running:
        problems += _room(machine, fleet, image_built=image_built)
    problems += _clashes(machine.networks, plan_network(fleet).networks)
    return problems


def _kernel(machine: Machine) -> Iterable[str]:
    for name in _FILESYSTEMS:
        if name not in machine.filesystems:
            yield f"This kernel has no {name} file system, which disks here need: `modprobe {name}`, or another kernel."
    for name in _NAMESPACES:
        if name not in machine.namespaces:
            yield f"This kernel has no {name} namespaces, which containers need: use a kernel with CONFIG_NAMESPACES."
    if not machine.groups.all:
        yield "No control groups are mounted: mount -t cgroup2 none /sys/fs/cgroup."
    elif machine.groups.freezer is None and machine.groups.unified is None:
        yield "This machine's control groups cannot freeze a host: mount cgroup v2, or the v1 freezer."


def _room(machine: Machine, fleet: Fleet, *, image_built: bool) -> Iterable[str]:
    disk = DISK_BYTES // 2 if image_built else DISK_BYTES
    if machine.disk_free < disk:
        yield (
            f"The lab needs {disk / _GIB:.0f} GiB of disk at {machine.disk_where} and"
            f" {machine.disk_free / _GIB:.1f} GiB are free: make room."
        )
    memory = memory_needed(fleet)
    if machine.memory_available < memory:
        yield (
            f"A fleet of {len(fleet.hosts)} hosts needs {memory / _GIB:.1f} GiB of memory and"
            f" {machine.memory_available / _GIB:.1f} GiB are available: free some, or take a smaller fleet"
            " (`--file examples/small.saguirefile`)."
        )


def _clashes(machine: Mapping[str, IPv4Network], lab: Iterable[IPv4Network]) -> Iterable[str]:
    for network in lab:
        for what, own in machine.items():
            # A default route overlaps with everything and clashes with nothing.
            if own.prefixlen and own.overlaps(network):
                yield (
                    f"The fleet's network {network} clashes with this machine's {what} ({own}): change the network"
                    " in the Saguirefile."
                )


def _available_memory(meminfo: str) -> int:
    figures = dict(line.split(":", 1) for line in meminfo.splitlines())
    return int(figures["MemAvailable"].split()[0]) * 1024


def _known_filesystems() -> frozenset[str]:
    def known() -> frozenset[str]:
        return frozenset(line.split()[-1] for line in Path("/proc/filesystems").read_text().splitlines())

    for name in {"overlay", "ext4"} - known():  # Debian has them as modules
        if shutil.which("modprobe"):
            subprocess.run(["modprobe", name], capture_output=True, check=False)
    return known()
