"""Which shards this host carries, and who else does: /etc/titanicarus/mariadb/shards.json, written by the states."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from titanicarus.mariadb.errors import ServerError

CONFIG = Path("/etc/titanicarus/mariadb/shards.json")


class NotCarried(ServerError):
    """This host has no instance of the shard, or the file that says so cannot be read."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A database host that carries a shard, and its LAN address."""

    id: str
    island: str
    address: str


@dataclass(frozen=True, slots=True)
class Carried:
    """A shard that this host (`host`, an id) carries. `hosts` are all that do, this one too, sorted by id."""

    name: str
    host: str
    server_port: int
    replication_port: int
    hosts: tuple[Carrier, ...]

    def carrier(self, host: str) -> Carrier:
        """Raises NotCarried when that host does not carry the shard."""
        for carrier in self.hosts:
            if carrier.id == host:
                return carrier
        names = ", ".join(carrier.id for carrier in self.hosts)
        raise NotCarried(f"{host} carries no copy of shard {self.name}; {names} do")


def from_pillar(data: Mapping[str, Any]) -> tuple[Carried, ...]:
    """Of the pillar's `db`, or of the file, which has the same shape. Sorted by name."""
    return tuple(
        Carried(
            shard["name"],
            data["host"],
            int(shard["server_port"]),
            int(shard["replication_port"]),
            tuple(Carrier(host["id"], host["island"], host["address"]) for host in shard["hosts"]),
        )
        for shard in sorted(data["shards"], key=lambda shard: str(shard["name"]))
    )


def carried(path: Path = CONFIG) -> tuple[Carried, ...]:
    """Raises NotCarried when the file is missing or damaged."""
    try:
        return from_pillar(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotCarried(
            f"{path}: {type(error).__name__}: {error}; state.apply on a database host writes it"
        ) from error


def shard(name: str, path: Path = CONFIG) -> Carried:
    """The shard of that name. Raises NotCarried."""
    found = carried(path)
    for one in found:
        if one.name == name:
            return one
    names = ", ".join(one.name for one in found) or "none"
    raise NotCarried(f"this host carries no shard {name!r}; it carries: {names}")
