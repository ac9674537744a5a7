"""Which ports a host opens, to whom and why. Everything else is closed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from titanicarus.volumes.connections import BRICK_PORTS, GLUSTERD

from .model import Fleet, Host, once
from .roles import Role
from .sftp import SFTP, SFTP_SERVER, sftp_servers
from .shards import carried, shards, sql_island
from .volumes import volume_of

SSH = 22
SALT_PUBLISH = 4505
SALT_REQUEST = 4506
JOIN = 4507
HTTP = 80
HTTPS = 443
SPILL = 8081
SPILL_PUBLIC = 8444
WEB_SERVER = 8080
VPN = 51820
CONNECTIONS = 3780
SESSION_STORE = 6379
KEEPER = 3600
COPIES = 3601
LDAPS = 636
LDAPS_PASSWORDS = 637
"""Where a person's own password is changed; open on the host that writes the directory, and on no other."""
LAN = "lan0"
WAN = "wan0"


class Port(NamedTuple):
    """One opening in the default deny: new connections to `port` on `interface` from `sources`.

    `protocol` is "tcp", "udp" or "vrrp", which is an IP protocol of its own and has no port. `sources` are IPv4
    addresses; empty means anyone. `why` is a sentence for the comment in the rule set. `last`: it opens all ports from
    `port` to this one.
    """

    protocol: str
    port: int | None
    sources: tuple[str, ...]
    interface: str
    why: str
    last: int | None = None

    def to_data(self) -> dict[str, Any]:
        """As the pillar has it; without `last` where there is one port."""
        data = self._asdict() | {"sources": list(self.sources)}
        if self.last is None:
            del data["last"]
        return data


@once
def ports_for(fleet: Fleet, host: Host) -> tuple[Port, ...]:
    """The port policy of a host, from its roles alone, sorted by interface, protocol and port."""
    everyone = _addresses(fleet.hosts)
    opened = [Port("tcp", SSH, everyone, LAN, "SSH: people and operators, from the fleet's own hosts")]
    if host.has(Role.CONTROL):
        opened += [
            Port("tcp", SALT_PUBLISH, everyone, LAN, "Salt: minions wait for commands"),
            Port("tcp", SALT_REQUEST, everyone, LAN, "Salt: minions fetch states and return results"),
            Port("tcp", JOIN, everyone, LAN, "blank machines that take the place of hosts show their tickets"),
        ]
    if host.has(Role.LB):
        opened += _load_balancer(fleet, host, everyone)
    if host.has(Role.LB) or host.has(Role.FIREWALL):
        opened += _gateway(fleet, host)
    if host.has(Role.WEB):
        opened += _web_server(fleet, host)
    if host.has(Role.DB):
        opened += _database_host(fleet, host)
    if host.has(Role.DIRECTORY):
        opened += _directory(fleet, host, everyone)
    opened += _bricks(fleet, host)
    return tuple(sorted(opened, key=lambda port: (port.interface, port.protocol, port.port or 0)))


def _load_balancer(fleet: Fleet, host: Host, everyone: tuple[str, ...]) -> Iterator[Port]:
    for port, name in ((HTTP, "HTTP"), (HTTPS, "HTTPS")):
        yield Port("tcp", port, (), WAN, f"{name} from the internet")
        yield Port("tcp", port, everyone, LAN, f"{name} from the fleet's own hosts")
    if sftp_servers(fleet, host.island):
        yield Port("tcp", SFTP, (), WAN, "SFTP from the internet")
        yield Port("tcp", SFTP, everyone, LAN, "SFTP from the fleet's own hosts")
    yield from _spill(fleet, host)
    yield from _databases(fleet, host)


def _spill(fleet: Fleet, host: Host) -> Iterator[Port]:
    """Requests that another island passes on: over the VPN, or without it over the internet with both certificates."""
    others = [other for other in fleet.with_role(Role.LB) if other.island != host.island]
    if others:
        public = tuple(str(address) for address in sorted(other.wan for other in others if other.wan))
        yield Port("tcp", SPILL, _addresses(tuple(others)), LAN, "sites of this island, asked for in another one")
        yield Port("tcp", SPILL_PUBLIC, public, WAN, "the same when there is no VPN, with certificates on both sides")


def _databases(fleet: Fleet, host: Host) -> Iterator[Port]:
    """Applications on their way to the databases: those of this island, and of islands without load balancers."""
    asking = {
        other
        for role in (Role.WEB, Role.DB, Role.CONTROL)
        for other in fleet.with_role(role)
        if sql_island(fleet, other.island) == host.island
    }
    sources = _addresses(tuple(asking))
    for shard in shards(fleet):
        yield Port("tcp", shard.client_port, sources, LAN, f"databases of {shard.name}, by way of this load balancer")


def _database_host(fleet: Fleet, host: Host) -> Iterator[Port]:
    """The kernel's gate (docs/leases.md) is one more door behind the ports of the instances."""
    balancers = _addresses(fleet.with_role(Role.LB))
    for shard in carried(fleet, host):
        if balancers:
            yield Port("tcp", shard.server_port, balancers, LAN, f"databases of {shard.name}, from load balancers")
        others = _addresses(tuple(other for other in shard.hosts if other != host))
        yield Port("tcp", shard.replication_port, others, LAN, f"replicas of {shard.name}")
    asking = {other for role in (Role.DB, Role.LB, Role.CONTROL) for other in fleet.with_role(role)}
    yield Port("tcp", KEEPER, _addresses(tuple(asking)), LAN, "the keeper: who may write, promises between keepers")
    yield Port(
        "tcp", COPIES, _addresses(fleet.with_role(Role.DB)), LAN, "whole copies of shards for other database hosts"
    )


def _directory(fleet: Fleet, host: Host, everyone: tuple[str, ...]) -> Iterator[Port]:
    """The second port has the kernel's gate behind it, and is shut on hosts that can never write."""
    yield Port("tcp", LDAPS, everyone, LAN, "people and groups, for every host of the fleet")
    if host in shards(fleet)[0].hosts:
        yield Port("tcp", LDAPS_PASSWORDS, everyone, LAN, "new passwords, while this host writes the directory")


def _gateway(fleet: Fleet, host: Host) -> Iterator[Port]:
    """Hosts that can be the island's gateway: they agree who is, and the one that is has the tunnels."""
    able = {*fleet.with_role(Role.FIREWALL, host.island), *fleet.with_role(Role.LB, host.island)} - {host}
    if able:
        peers = _addresses(tuple(able))
        yield Port("vrrp", None, peers, LAN, "VRRP from the other firewall and load balancers of the island")
        yield Port("udp", CONNECTIONS, peers, LAN, "connections that the island's gateway forwards, for its standbys")
    others = [island for island in fleet.islands.values() if island.name != host.island]
    if others:
        endpoints = tuple(str(address) for address in sorted(island.wan.gateway for island in others))
        yield Port("udp", VPN, endpoints, WAN, "tunnels from the other islands")


def _bricks(fleet: Fleet, host: Host) -> Iterator[Port]:
    """Files are mounted inside an island only."""
    volume = volume_of(fleet, host.island)
    if volume is not None and host in volume.bricks:
        sources = _addresses(volume.clients)
        yield Port("tcp", GLUSTERD, sources, LAN, "GlusterFS: the island's hosts that keep or mount its files")
        yield Port("tcp", BRICK_PORTS[0], sources, LAN, "GlusterFS: the bricks", BRICK_PORTS[1])


def _web_server(fleet: Fleet, host: Host) -> Iterator[Port]:
    balancers = _addresses(fleet.with_role(Role.LB, host.island))
    yield Port("tcp", WEB_SERVER, balancers, LAN, "HTTP from the island's load balancers")
    if host in sftp_servers(fleet, host.island):
        yield Port("tcp", SFTP_SERVER, balancers, LAN, "SFTP from the island's load balancers")
    servers = _addresses(fleet.with_role(Role.WEB, host.island))
    yield Port("tcp", SESSION_STORE, servers, LAN, "PHP sessions from the island's web servers")


def _addresses(hosts: Iterator[Host] | tuple[Host, ...]) -> tuple[str, ...]:
    return tuple(str(address) for address in sorted(host.lan for host in hosts))
