"""A fault that is made on purpose, and which hosts it takes away or may be felt by. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from titanicarus.fleet import Fleet, Role
from titanicarus.fleet.shards import shards
from titanicarus.fleet.volumes import volume_of


class Kind(StrEnum):
    """What is done. `place` of a fault is a host, of LOSE_ISLAND an island, of CUT_VPN and AWS_API nothing."""

    KILL = "kill"
    FREEZE = "freeze"
    KILL_UNIT = "kill-unit"
    FREEZE_UNIT = "freeze-unit"
    FREEZE_DISK = "freeze-disk"
    FILL_DISK = "fill-disk"
    REPLACE = "replace"
    LOSE_ISLAND = "lose-island"
    CUT_VPN = "cut-vpn"
    AWS_API = "aws-api"


ENDS_BY_ITSELF = frozenset({Kind.KILL_UNIT, Kind.REPLACE})
"""Nothing is left to mend: a killed unit is started by its host, a blank machine becomes the host."""
WHOLE_HOST = frozenset({Kind.KILL, Kind.FREEZE, Kind.REPLACE})


@dataclass(frozen=True, slots=True)
class Fault:
    """`detail`: of the two about units the unit; of the two about disks `bricks` for a filer's, else nothing."""

    kind: Kind
    place: str = ""
    detail: str = ""

    def __str__(self) -> str:
        """What happened, in a sentence without its end."""
        disk = f"the disk{' for bricks' if self.detail else ''} of {self.place}"
        said = {
            Kind.KILL: f"{self.place} is killed",
            Kind.FREEZE: f"{self.place} hangs",
            Kind.KILL_UNIT: f"{self.detail} of {self.place} is killed",
            Kind.FREEZE_UNIT: f"{self.detail} of {self.place} hangs",
            Kind.FREEZE_DISK: f"{disk} stands still",
            Kind.FILL_DISK: f"{disk} is full",
            Kind.REPLACE: f"a blank machine takes the place of {self.place}",
            Kind.LOSE_ISLAND: f"the island {self.place} is lost",
            Kind.CUT_VPN: "all tunnels are cut",
            Kind.AWS_API: "the AWS API is out of reach",
        }
        return said[self.kind]


def takes_away(fleet: Fleet, fault: Fault) -> frozenset[str]:
    """The hosts that cannot do their part while it lasts; none for those of the network."""
    if fault.kind is Kind.LOSE_ISLAND:
        return frozenset(host.id for host in fleet.islands[fault.place].hosts.values())
    if fault.kind in (Kind.CUT_VPN, Kind.AWS_API):
        return frozenset()
    return frozenset({fleet.host(fault.place).id})


def reaches(fleet: Fleet, fault: Fault) -> frozenset[str]:
    """The hosts on which something may have to be put right because of it: those that it takes away, and those that
    share a writer, a volume or a gateway with them."""
    away = takes_away(fleet, fault)
    found = set(away)
    for shard in shards(fleet):
        carrying = {host.id for host in shard.hosts}
        found |= carrying if carrying & away else set()
    for island in fleet.islands:
        volume = volume_of(fleet, island)
        keeping = {host.id for host in volume.bricks} if volume else set()
        if volume and keeping & away:
            found |= {host.id for host in volume.clients}
        gateways = {host.id for role in (Role.FIREWALL, Role.LB) for host in fleet.with_role(role, island)}
        if gateways & away or fault.kind is Kind.CUT_VPN:
            found |= gateways
    if fault.kind is Kind.AWS_API:
        using = (Role.LB, Role.DB, Role.CONTROL)
        found |= {host.id for role in using for host in fleet.with_role(role)}
    return frozenset(found)
