"""What `saguire status` shows, as values."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from titanicarus.drain.standing import host_is_drained, island_is_drained
from titanicarus.lab.container import started_at
from titanicarus.lab.faults import faults_of
from titanicarus.lab.host import LabHost


class Power(StrEnum):
    """How a host is, seen from outside."""

    ABSENT = "absent"  # it was never made
    OFF = "off"  # it has a disk, and no power
    FROZEN = "frozen"
    STARTING = "starting"
    RUNNING = "running"
    DEGRADED = "degraded"  # it runs, and some of its units have failed
    SILENT = "silent"  # it has power, and its systemd gives no answer


@dataclass(frozen=True)
class HostStatus:
    """One host. `uptime_seconds` and `memory_bytes` are None when it is off (or the kernel keeps no account).

    `faults` are sentences about what `saguire fault` broke inside; `drained` names what an operator has taken out of
    service as far as this host was told: the host itself, or the island of a load balancer.
    """

    id: str
    island: str | None
    roles: tuple[str, ...]
    power: Power
    addresses: tuple[str, ...]
    leader: int | None = None
    uptime_seconds: float | None = None
    memory_bytes: int | None = None
    failed_units: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    drained: tuple[str, ...] = ()

    @classmethod
    def look(cls, host: LabHost, *, island: str | None, roles: tuple[str, ...]) -> HostStatus:
        """Look at a host now."""
        addresses = tuple(str(link.address) for link in host.node.links)
        leader = host.leader()
        if leader is None:
            return cls(host.id, island, roles, Power.OFF if host.has_disk() else Power.ABSENT, addresses)
        power = Power.FROZEN if host.frozen() else _POWERS.get(host.system_state(), Power.SILENT)
        uptime = None
        with suppress(FileNotFoundError, ProcessLookupError):
            uptime = round(time.clock_gettime(time.CLOCK_BOOTTIME) - started_at(leader), 1)
        failed = host.failed_units() if power is Power.DEGRADED else ()
        memory = host.group.memory_bytes()
        faults = tuple(str(fault) for fault in faults_of(host))
        try:
            drained = tuple(_drained(Path(f"/proc/{leader}/root"), host.id, island))
        except FileNotFoundError:
            drained = ()  # it has just gone off
        except (OSError, ValueError) as error:
            drained, faults = (), (*faults, f"{host.id}: whether it is drained cannot be read: {error}")
        return cls(host.id, island, roles, power, addresses, leader, uptime, memory, failed, faults, drained)


def _drained(root: Path, host: str, island: str | None) -> Iterator[str]:
    if host_is_drained(root):
        yield host
    if island and island_is_drained(root):
        yield island


_POWERS = {
    "running": Power.RUNNING,
    "degraded": Power.DEGRADED,
    "starting": Power.STARTING,
    "initializing": Power.STARTING,
}


@dataclass(frozen=True)
class LabStatus:
    """The whole lab. `image` is the finished image of this checkout, if there is one."""

    lab: str
    fleet: str
    image: str | None
    hosts: tuple[HostStatus, ...]

    @property
    def memory_bytes(self) -> int:
        """Memory of all hosts together."""
        return sum(host.memory_bytes or 0 for host in self.hosts)

    def to_json(self) -> dict[str, Any]:
        """The same as plain values for `json.dumps`."""
        return {**asdict(self), "memory_bytes": self.memory_bytes}
