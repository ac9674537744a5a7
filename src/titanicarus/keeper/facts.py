"""What the keeper of a database host is told of the shards that it carries, from keeper.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from titanicarus.lease.timing import Timing


@dataclass(frozen=True, slots=True)
class Copy:
    """A host that carries a shard."""

    host: str
    island: str
    address: str


@dataclass(frozen=True, slots=True)
class ShardFacts:
    """One shard; `copies` has this host too. Ports are of every copy, but for `further_ports`: those of this host that
    are open for as long as the shard's own."""

    name: str
    server_port: int
    replication_port: int
    copies: tuple[Copy, ...]
    further_ports: tuple[int, ...] = ()

    @property
    def item(self) -> str:
        """Its item in the witness."""
        return f"{self.name}/sql"

    @property
    def places(self) -> dict[str, str]:
        """The island of each host that carries it."""
        return {copy.host: copy.island for copy in self.copies}

    def copy(self, host: str) -> Copy:
        """The copy on that host. Raises KeyError."""
        for copy in self.copies:
            if copy.host == host:
                return copy
        raise KeyError(f"{host} does not carry {self.name}")


@dataclass(frozen=True, slots=True)
class LeaseFacts:
    """`address` and `port` are where this keeper answers; `readers` may look, and other hosts with a copy ask for
    promises."""

    host: str
    island: str
    address: str
    port: int
    table: str
    timing: Timing
    shards: tuple[ShardFacts, ...]
    readers: frozenset[str]

    @property
    def peers(self) -> dict[str, Copy]:
        """Every other host that carries a shard that this one carries."""
        found = {copy.host: copy for shard in self.shards for copy in shard.copies}
        found.pop(self.host, None)
        return found


def lease_facts(data: Mapping[str, Any]) -> LeaseFacts:
    """From the part `leases` of keeper.json. Raises KeyError, TypeError or ValueError."""
    timing = Timing(
        renew=float(data["timing"]["renew"]),
        lease=float(data["timing"]["lease"]),
        max_lag=int(data["timing"]["max_lag"]),
    )
    shards = tuple(
        ShardFacts(
            str(shard["name"]),
            int(shard["server_port"]),
            int(shard["replication_port"]),
            tuple(Copy(str(copy["id"]), str(copy["island"]), str(copy["address"])) for copy in shard["hosts"]),
            tuple(map(int, shard.get("further_ports", ()))),
        )
        for shard in data["shards"]
    )
    return LeaseFacts(
        host=str(data["host"]),
        island=str(data["island"]),
        address=str(data["address"]),
        port=int(data["port"]),
        table=str(data["table"]),
        timing=timing,
        shards=shards,
        readers=frozenset(map(str, data["readers"])),
    )
