"""What the keeper of a load balancer is told of the shards: the part `routing` of keeper.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class KeeperAddress:
    """Where the keeper of a database host answers."""

    host: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class RoutingFacts:
    """The keepers of all database hosts, and the hosts that carry each shard, by its name."""

    keepers: tuple[KeeperAddress, ...]
    shards: Mapping[str, tuple[str, ...]]


def routing_facts(data: Mapping[str, Any]) -> RoutingFacts:
    """From `lb:sql` of the pillar. Raises KeyError, TypeError or ValueError."""
    return RoutingFacts(
        tuple(KeeperAddress(str(one["id"]), str(one["address"]), int(one["port"])) for one in data["keepers"]),
        {str(shard["name"]): tuple(str(host["id"]) for host in shard["hosts"]) for shard in data["shards"]},
    )
