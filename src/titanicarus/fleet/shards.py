"""Shards: which database hosts carry the databases of an island's tenants, and at which ports."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from ipaddress import IPv4Address

from .model import Fleet, Host, once
from .roles import Role

SLOTS = 90
CARRIERS = 3
"""The most islands that carry a shard: its own and two more survive the loss of any two."""
SQL_CLIENT = 3310
SQL_SERVER = 3410
SQL_REPLICATION = 3510
"""The first ports; a shard's slot is added."""


@dataclass(frozen=True)
class Shard:
    """One island's databases: a MariaDB instance on each of `hosts`, of which one at a time may write.

    `hosts` are sorted by id. `home` has the first lease when the fleet is born. Applications come in by the load
    balancers at `client_port`, those reach the instances at `server_port`, replicas at `replication_port`.
    """

    name: str
    hosts: tuple[Host, ...]
    home: Host
    client_port: int
    server_port: int
    replication_port: int

    @property
    def item(self) -> str:
        """The name of the shard's lease."""
        return f"{self.name}/sql"

    @property
    def eligible(self) -> tuple[str, ...]:
        """Who, besides the home, may have the first lease: the home's neighbour and a host of each other island."""
        others = [host for host in self.hosts if host != self.home]
        first = {host.island: host.id for host in reversed(others)}
        return tuple(sorted(first.values(), key=lambda host: (not host.startswith(f"{self.home.island}-"), host)))


@once
def shards(fleet: Fleet) -> tuple[Shard, ...]:
    """The shards of a fleet, one for each island, by name; none when nobody has the role db."""
    having = [island for island in sorted(fleet.islands) if fleet.with_role(Role.DB, island)]
    if not having:
        return ()
    slots = _slots(fleet)
    return tuple(_shard(fleet, name, having, slots[name]) for name in sorted(fleet.islands))


def shard_of(fleet: Fleet, home: str) -> Shard | None:
    """The shard of the tenants whose home is this island; None when the fleet has no database host."""
    return next((shard for shard in shards(fleet) if shard.name == home), None)


@once
def carried(fleet: Fleet, host: Host) -> tuple[Shard, ...]:
    """The shards of which a host has an instance."""
    return tuple(shard for shard in shards(fleet) if host in shard.hosts)


def sql_name(fleet: Fleet) -> str:
    """The host name by which applications reach the databases, the same in every island."""
    return f"sql.{fleet.domain}"


@once
def sql_island(fleet: Fleet, island: str) -> str | None:
    """Whose load balancers lead the applications of an island to the databases; None when there are no databases,
    or no load balancers."""
    balanced = [name for name in sorted(fleet.islands) if fleet.with_role(Role.LB, name)]
    if not balanced or not fleet.with_role(Role.DB):
        return None
    return island if island in balanced else balanced[0]


def sql_address(fleet: Fleet, island: str) -> IPv4Address | None:
    """What `sql_name` means on the hosts of an island."""
    leading = sql_island(fleet, island)
    return fleet.islands[leading].lan.vip if leading else None


def _shard(fleet: Fleet, name: str, having: list[str], slot: int) -> Shard:
    """`having` are the islands with database hosts, sorted: the shard's own one and those after it, in a circle."""
    start = next((index for index, island in enumerate(having) if island >= name), 0)
    islands = [having[(start + step) % len(having)] for step in range(min(CARRIERS, len(having)))]
    hosts = [host for island in islands for host in fleet.with_role(Role.DB, island)]
    return Shard(
        name=name,
        hosts=tuple(sorted(hosts, key=lambda host: host.id)),
        home=hosts[0],
        client_port=SQL_CLIENT + slot,
        server_port=SQL_SERVER + slot,
        replication_port=SQL_REPLICATION + slot,
    )


def _slots(fleet: Fleet) -> dict[str, int]:
    """From the name, so that a new island leaves the ports of the others alone; the rare collision goes to the next."""
    taken: dict[int, str] = {}
    for name in sorted(fleet.islands):
        slot = int.from_bytes(hashlib.sha256(f"shard/{name}".encode()).digest()[:8], "big") % SLOTS
        while slot in taken:
            slot = (slot + 1) % SLOTS
        taken[slot] = name
    return {name: slot for slot, name in taken.items()}
