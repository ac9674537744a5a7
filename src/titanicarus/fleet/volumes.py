"""Mirrored files: which hosts keep an island's volume, which ones mount it, and what each of them is told."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from titanicarus.volumes.connections import BRICK_PORTS

from .model import Fleet, Host, once
from .roles import Role

Data = dict[str, Any]

MOUNTING = frozenset({Role.FILER, Role.WEB})
"""Roles whose hosts mount the volume."""


@dataclass(frozen=True)
class Volume:
    """The files of a shard as one island has them.

    `bricks` are the two filers, sorted by id, and at the end the arbiter, which has names and attributes only.
    `clients` are all hosts that may connect, sorted by id.
    """

    name: str
    bricks: tuple[Host, ...]
    clients: tuple[Host, ...]

    @property
    def mounting(self) -> tuple[Host, ...]:
        """The clients that have it mounted."""
        return tuple(host for host in self.clients if MOUNTING.intersection(host.roles))

    @property
    def filers(self) -> tuple[Host, ...]:
        """The hosts that have the content."""
        return tuple(host for host in self.bricks if host.has(Role.FILER))


@once
def volume_of(fleet: Fleet, island: str) -> Volume | None:
    """The volume of an island's own shard; None when the island has no filers."""
    filers = fleet.with_role(Role.FILER, island)
    if not filers:
        return None
    bricks = (*filers, *fleet.with_role(Role.ARBITER, island))
    mounting = {host for host in fleet.islands[island].hosts.values() if MOUNTING.intersection(host.roles)}
    return Volume(island, bricks, tuple(sorted({*bricks, *mounting}, key=lambda host: host.id)))


def files(fleet: Fleet, host: Host) -> Data | None:
    """The pillar `files:` of a host that keeps or mounts a volume; None for the others.

    `pool` are the members of the island's GlusterFS, with the identities that they have for ever; it and `volumes` are
    empty on hosts that only mount.
    """
    volume = volume_of(fleet, host.island)
    if volume is None or host not in volume.clients:
        return None
    keeps = host in volume.bricks
    return {
        "host": host.id,
        "address": str(host.lan),
        "ports": list(BRICK_PORTS),
        "pool": [_member(fleet, member) for member in volume.bricks] if keeps else [],
        "volumes": [
            {
                "name": volume.name,
                "bricks": [member.id for member in volume.bricks],
                "clients": [client.id for client in volume.clients],
            }
        ]
        if keeps
        else [],
        "mounts": [{"name": volume.name, "servers": [member.id for member in volume.bricks]}]
        if host in volume.mounting
        else [],
    }


def _member(fleet: Fleet, host: Host) -> Data:
    """From its name: a machine that takes a dead one's place is the same member to the others."""
    identity = uuid.uuid5(uuid.NAMESPACE_DNS, f"gluster.{fleet.fqdn(host)}")
    return {"id": host.id, "uuid": str(identity), "arbiter": host.has(Role.ARBITER)}
