"""Breaks and mends in the lab."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from titanicarus.drill.fault import Fault, Kind
from titanicarus.fleet import Declaration
from titanicarus.lab import Lab
from titanicarus.lab import faults as inside
from titanicarus.lab.cuts import ALL, AWS_API, VPNS
from titanicarus.lab.units import unit_name
from titanicarus.operations.joining import replace_host

Say = Callable[[str], None]
AT_ONCE = 4
"""How many hosts boot side by side."""


def make(lab: Lab, fault: Fault) -> None:
    """Break it. Raises LabError, and of cuts what `lab.cuts` raises."""
    if fault.kind is Kind.LOSE_ISLAND:
        lab.kill_island(fault.place)
    elif fault.kind is Kind.CUT_VPN:
        lab.cuts.make(VPNS, a=ALL, b=ALL)
    elif fault.kind is Kind.AWS_API:
        lab.cuts.make(AWS_API)
    else:
        _make_on_host(lab, fault)


def _make_on_host(lab: Lab, fault: Fault) -> None:
    host = lab.host(fault.place)
    acts: dict[Kind, Callable[[], object]] = {
        Kind.KILL: lambda: lab.kill(fault.place),
        Kind.FREEZE: lambda: lab.freeze(fault.place),
        Kind.KILL_UNIT: lambda: host.kill_unit(fault.detail),
        Kind.FREEZE_UNIT: lambda: host.freeze_unit(fault.detail),
        Kind.FREEZE_DISK: lambda: host.own_disk(files=fault.detail == inside.BRICKS).freeze(),
        Kind.FILL_DISK: lambda: host.own_disk(files=fault.detail == inside.BRICKS).fill(),
    }
    acts[fault.kind]()


def mend(lab: Lab, declaration: Declaration, fault: Fault, say: Say) -> None:
    """Undo it, as far as it is still there: a unit that hung may have been killed by its host meanwhile.

    Raises LabError, Unreachable, CommandFailed.
    """
    if fault.kind is Kind.LOSE_ISLAND:
        hosts = [host.id for host in lab.fleet.islands[fault.place].hosts.values()]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lab.start, hosts))
    elif fault.kind is Kind.CUT_VPN:
        lab.cuts.mend(chosen=(), kinds=(VPNS,))
    elif fault.kind is Kind.AWS_API:
        lab.cuts.mend(chosen=(), kinds=(AWS_API,))
    elif fault.kind is Kind.REPLACE:
        replace_host(lab, declaration, fault.place, say)
    elif fault.kind is Kind.KILL:
        lab.start(fault.place)
    elif fault.kind is Kind.FREEZE:
        if lab.host(fault.place).frozen():
            lab.thaw(fault.place)
    else:
        for one in inside.faults_of(lab.host(fault.place)):
            if _is(one, fault):
                inside.undo(lab, one)


def _is(found: inside.HostFault, fault: Fault) -> bool:
    kinds = {Kind.FREEZE_UNIT: inside.UNIT, Kind.FREEZE_DISK: inside.DISK, Kind.FILL_DISK: inside.FULL}
    if kinds.get(fault.kind) != found.kind:
        return False
    return found.detail == (unit_name(fault.detail) if found.kind == inside.UNIT else fault.detail)


def mend_everything(lab: Lab) -> None:
    """Undo whatever is broken on purpose in a lab: cuts, hosts that are frozen or off, units, disks, clocks."""
    lab.cuts.mend()
    for host in lab.ids:
        if lab.host(host).frozen():
            lab.thaw(host)
    for one in inside.faults_there(lab):
        inside.undo(lab, one)
    off = [host for host in lab.ids if not lab.reachable(host)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lab.start, off))
