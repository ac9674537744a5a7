"""How the fleet is now, as far as it matters for what is to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from titanicarus.drill import looking
from titanicarus.fleet import Role
from titanicarus.lab import CLIENT, Lab
from titanicarus.operations import overview
from titanicarus.operations.files import VolumeView
from titanicarus.shards import ShardView

GREEN = "200"


@dataclass(frozen=True, slots=True)
class Picture:
    """One look.

    running
        Hosts that are there.
    vip, gateway
        By island: who has its public address, and who its gateway's; left out where nobody has.
    green
        Islands whose health check is green.
    """

    running: frozenset[str]
    vip: Mapping[str, str] = field(default_factory=dict)
    gateway: Mapping[str, str] = field(default_factory=dict)
    green: frozenset[str] = frozenset()
    shards: tuple[ShardView, ...] = ()
    volumes: tuple[VolumeView, ...] = ()


def look(lab: Lab) -> Picture:
    """Ask everything; takes some seconds."""
    seen = overview.look(lab)
    islands = lab.fleet.islands
    balanced = [name for name in islands if lab.fleet.with_role(Role.LB, name)]
    vip = {name: holder for name in balanced if (holder := looking.vip_holder(lab, name))}
    gateway = {name: holder for name in islands if (holder := looking.gateway_holder(lab, name))}
    known = {host.id for host in lab.fleet.hosts}
    return Picture(
        running=frozenset(
            host.id for host in seen.lab.hosts if host.power == "running" and host.id in known - {CLIENT}
        ),
        vip=vip,
        gateway=gateway,
        green=frozenset(one.island for one in seen.islands if one.web == GREEN),
        shards=seen.shards,
        volumes=seen.files,
    )
