"""Which hosts keep copies of which shard: one of each island that carries it."""

from __future__ import annotations

import hashlib
from typing import Any

from .load import Declaration
from .model import Host
from .shards import Shard, carried


def archivists(shard: Shard) -> tuple[Host, ...]:
    """One host of each island, by the shard's and the host's names: so each has its share, whoever writes just now.

    Where one island alone carries the shard, all its hosts: the one that writes takes no base copy.
    """
    islands: dict[str, list[Host]] = {}
    for host in shard.hosts:
        islands.setdefault(host.island, []).append(host)
    if len(islands) == 1:
        return shard.hosts
    chosen = (min(hosts, key=lambda host: _order(shard.name, host.id)) for hosts in islands.values())
    return tuple(sorted(chosen, key=lambda host: host.id))


def backup(declaration: Declaration, host: Host) -> dict[str, Any]:
    """The pillar `backup:` of a database host."""
    policy = declaration.policy
    mine = [shard.name for shard in carried(declaration.fleet, host) if host in archivists(shard)]
    return {"shards": mine, "days": policy.backup_days, "hour": policy.backup_hour}


def _order(shard: str, host: str) -> bytes:
    return hashlib.sha256(f"archive/{shard}/{host}".encode()).digest()
