"""The lab's network as data: which nodes there are, which bridges they are plugged into, their addresses and routes.

Everything is in network namespaces of the lab's own. Four are not hosts: `switch` holds all bridges, `internet`
routes between the islands' WANs and the client, `client` is a booted host out there, and `backbone` stands in for
what later capabilities bring (the islands' gateways and the VPN between the islands).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from titanicarus.fleet import Fleet, Host, Island
from titanicarus.lab.layout import CLIENT

SWITCH = "switch"
INTERNET = "internet"
BACKBONE = "backbone"
CLIENT_NETWORK = IPv4Network("198.18.100.0/24")
CLIENT_ROUTER = IPv4Address("198.18.100.1")
CLIENT_ADDRESS = IPv4Address("198.18.100.10")
ANYWHERE = IPv4Network("0.0.0.0/0")
_CLIENT_BRIDGE = "clients"


@dataclass(frozen=True)
class Link:
    """A network card of a node, plugged into a bridge of the switch."""

    node: str
    name: str
    bridge: str
    address: IPv4Interface

    @property
    def port(self) -> str:
        """Name of the switch's end of the cable: names of network cards have at most 15 characters."""
        return "p" + hashlib.sha256(f"{self.node}/{self.name}".encode()).hexdigest()[:12]

    @property
    def hardware_address(self) -> str:
        """The card's MAC: derived, so that a host that was off comes back with the one its neighbours remember."""
        digest = hashlib.sha256(f"mac/{self.node}/{self.name}".encode()).digest()
        return ":".join(f"{byte:02x}" for byte in (0x02, *digest[:5]))  # 02: locally administered, not a group


@dataclass(frozen=True)
class Route:
    """Where a node sends packets for a network."""

    to: IPv4Network
    via: IPv4Address


@dataclass(frozen=True)
class Node:
    """A namespace with its cards and routes. `forwards`: it is a router of the lab, not a host."""

    name: str
    links: tuple[Link, ...]
    routes: tuple[Route, ...]
    forwards: bool = False


@dataclass(frozen=True)
class NetworkPlan:
    """The whole network of a lab."""

    bridges: tuple[str, ...]
    routers: tuple[Node, ...]
    hosts: tuple[Node, ...]

    def host(self, host_id: str) -> Node:
        """The node of a host (or of the client). Raises KeyError."""
        return next((node for node in self.hosts if node.name == host_id), None) or _missing(host_id)

    @property
    def networks(self) -> tuple[IPv4Network, ...]:
        """Every network that the lab uses, sorted."""
        links = (link for node in (*self.routers, *self.hosts) for link in node.links)
        return tuple(sorted({link.address.network for link in links}))


def plan_network(fleet: Fleet, *, between_islands: bool = True) -> NetworkPlan:
    """The network of a fleet's lab.

    `between_islands=False` takes away the lab's own routing between the islands' LANs (and the gateways that it
    holds for them): for the day when the firewalls and the VPN do that.
    """
    islands = tuple(fleet.islands.values())
    bridges = [f"{island.name}-{side}" for island in islands for side in ("lan", "wan")]
    routers = [_internet(islands)]
    if between_islands:
        routers.append(_backbone(islands))
    hosts = tuple(_host(host, fleet, between_islands=between_islands) for host in fleet.hosts)
    return NetworkPlan((*bridges, _CLIENT_BRIDGE), tuple(routers), (*hosts, _client()))


def _host(host: Host, fleet: Fleet, *, between_islands: bool) -> Node:
    island = fleet.islands[host.island]
    links = [_link(host.id, "lan0", f"{island.name}-lan", host.lan, island.lan.network)]
    if host.wan is None:
        return Node(host.id, tuple(links), (Route(ANYWHERE, island.lan.gateway),))
    links.append(_link(host.id, "wan0", f"{island.name}-wan", host.wan, island.wan.network))
    others = [other.lan.network for other in fleet.islands.values() if other.name != island.name]
    inward = [Route(network, island.lan.gateway) for network in others] if between_islands else []
    return Node(host.id, tuple(links), (Route(ANYWHERE, island.wan.router), *inward))


def _client() -> Node:
    link = _link(CLIENT, "eth0", _CLIENT_BRIDGE, CLIENT_ADDRESS, CLIENT_NETWORK)
    return Node(CLIENT, (link,), (Route(ANYWHERE, CLIENT_ROUTER),))


def _internet(islands: tuple[Island, ...]) -> Node:
    def links() -> Iterator[Link]:
        for island in islands:
            yield _link(INTERNET, island.name, f"{island.name}-wan", island.wan.router, island.wan.network)
        yield _link(INTERNET, _CLIENT_BRIDGE, _CLIENT_BRIDGE, CLIENT_ROUTER, CLIENT_NETWORK)

    return Node(INTERNET, tuple(links()), (), forwards=True)


def _backbone(islands: tuple[Island, ...]) -> Node:
    links = (
        _link(BACKBONE, island.name, f"{island.name}-lan", island.lan.gateway, island.lan.network) for island in islands
    )
    return Node(BACKBONE, tuple(links), (), forwards=True)


def _link(node: str, name: str, bridge: str, address: IPv4Address, network: IPv4Network) -> Link:
    return Link(node, name, bridge, IPv4Interface((address, network.prefixlen)))


def _missing(host_id: str) -> Node:
    raise KeyError(host_id)
