"""What is broken inside a host that has power: stopped units, its disk, its clock. Found by looking, never remembered.

Cuts of packets are in `cuts`; a host that is off or frozen is told by the host itself.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from titanicarus.lab import clock, units
from titanicarus.lab.host import LabHost

if TYPE_CHECKING:
    from titanicarus.lab.lab import Lab

UNIT, DISK, FULL, CLOCK = "unit", "disk", "full", "clock"
BRICKS = "bricks"
"""The `detail` of DISK and FULL where a filer's disk is meant and not that of its databases."""


@dataclass(frozen=True, slots=True)
class HostFault:
    """One fault. `detail`: of UNIT the unit's name, of CLOCK the seconds that it is off."""

    host: str
    kind: str
    detail: str = ""

    def __str__(self) -> str:
        said = {
            UNIT: f"{self.detail} is stopped",
            DISK: f"its disk{self._of_bricks} stands still",
            FULL: f"its disk{self._of_bricks} is full",
            CLOCK: f"its daemons' clock is off by {self.detail} s",
        }
        return f"{self.host}: {said[self.kind]}"

    @property
    def _of_bricks(self) -> str:
        return " for bricks" if self.detail == BRICKS else ""

    @property
    def undo(self) -> str:
        """What takes it away."""
        files = " --files" if self.detail == BRICKS else ""
        verbs = {
            UNIT: f"thaw {self.host} --unit {self.detail}",
            DISK: f"thaw {self.host}{files or ' --disk'}",
            FULL: f"drain-disk {self.host}{files}",
            CLOCK: f"skew {self.host} 0",
        }
        return f"saguire fault {verbs[self.kind]}"


def faults_of(host: LabHost) -> tuple[HostFault, ...]:
    """What is broken inside one host; nothing when it is off or frozen."""
    if host.leader() is None or host.frozen():
        return ()
    found = [HostFault(host.id, UNIT, unit) for unit in units.stopped(host.group)]
    for disk, detail in ((host.disk, ""), (host.files_disk, BRICKS)):
        if disk is not None:
            found += [HostFault(host.id, DISK, detail)] if disk.frozen else []
            found += [HostFault(host.id, FULL, detail)] if disk.filled else []
    off = clock.skewed(host.layout.root)
    return (*found, *([HostFault(host.id, CLOCK, f"{off:+d}")] if off else []))


def faults_there(lab: Lab) -> tuple[HostFault, ...]:
    """Everything that is broken inside hosts of a lab."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = pool.map(faults_of, [lab.host(host_id) for host_id in lab.ids])
        return tuple(fault for faults in found for fault in faults)


def undo(lab: Lab, fault: HostFault) -> None:
    """Take one away. Raises LabError, and of a clock Unreachable and CommandFailed."""
    host = lab.host(fault.host)
    if fault.kind == UNIT:
        host.thaw_unit(fault.detail)
    elif fault.kind == DISK:
        host.own_disk(files=fault.detail == BRICKS).thaw()
    elif fault.kind == FULL:
        host.own_disk(files=fault.detail == BRICKS).drain()
    else:
        clock.skew(lab, fault.host, host.layout.root, 0)
