"""The living fleet at one look, as far as a drill or a storm must know it to choose what to break."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from titanicarus.drill.fault import Fault, Kind, takes_away
from titanicarus.fleet import Fleet, Role
from titanicarus.fleet.shards import shards
from titanicarus.fleet.volumes import volume_of


def sql_part(shard: str) -> str:
    """The name of a shard's databases as a part of the fleet that can be whole or not."""
    return f"sql/{shard}"


def files_part(island: str) -> str:
    """Of an island's volume."""
    return f"files/{island}"


def web_part(island: str) -> str:
    """Of an island's load balancers and web servers."""
    return f"web/{island}"


def gateway_part(island: str) -> str:
    """Of an island's way out."""
    return f"gateway/{island}"


def names_part(island: str) -> str:
    """Of an island's place in Route53."""
    return f"names/{island}"


def parts_of(fleet: Fleet, fault: Fault) -> frozenset[str]:
    """The parts of the fleet that must be whole again before a fault is over."""
    if fault.kind is Kind.CUT_VPN:
        # The same ways lead to the copies of each shard, and to sites that are at home elsewhere.
        return frozenset({*(sql_part(shard.name) for shard in shards(fleet)), *map(web_part, fleet.islands)})
    away = takes_away(fleet, fault)
    found = {sql_part(shard.name) for shard in shards(fleet) if away & {host.id for host in shard.hosts}}
    for name in away:
        host = fleet.host(name)
        volume = volume_of(fleet, host.island)
        found |= {files_part(host.island)} if volume and host in volume.clients else set()
        found |= {web_part(host.island)} if {Role.LB, Role.WEB} & set(host.roles) else set()
        found |= {gateway_part(host.island)} if host.has(Role.FIREWALL) else set()
        found |= {names_part(host.island)} if host.has(Role.LB) else set()
    return frozenset(found)


@dataclass(frozen=True)
class Situation:
    """Who has what now; a role that nobody has is left out.

    vip, gateway
        By island: the load balancer with the public address, the host with the gateway's address.
    writer, standby, epoch
        By shard, of those with a tenant's database.
    sites
        By site: the island where it is at home.
    rulers
        Hosts on which clients of databases and files run: when one of them breaks, nothing is measured.
    not_whole
        By part (see `parts_of`) that is not as it should be: what is missing.
    """

    fleet: Fleet
    vip: Mapping[str, str] = field(default_factory=dict)
    gateway: Mapping[str, str] = field(default_factory=dict)
    writer: Mapping[str, str] = field(default_factory=dict)
    standby: Mapping[str, str] = field(default_factory=dict)
    epoch: Mapping[str, int] = field(default_factory=dict)
    sites: Mapping[str, str] = field(default_factory=dict)
    rulers: frozenset[str] = frozenset()
    not_whole: Mapping[str, str] = field(default_factory=dict)

    def island_of(self, host: str) -> str:
        """Raises UnknownHost."""
        return self.fleet.host(host).island
