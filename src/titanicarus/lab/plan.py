"""The lab's network as data: which nodes there are, which bridges they are plugged into, their addresses and routes.

Everything is in network namespaces of the lab's own. Two are not hosts: `switch` holds all bridges, and `internet`
routes between the islands' WANs, the client and the cloud, which are booted hosts out there. Between the islands' LANs
there is nothing but what the islands' gateways make.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from titanicarus.fleet import Fleet, Host, Island
from titanicarus.lab.layout import CLIENT, CLOUD

SWITCH = "switch"
INTERNET = "internet"
CLIENT_NETWORK = IPv4Network("198.18.100.0/24")
CLIENT_ROUTER = IPv4Address("198.18.100.1")
CLIENT_ADDRESS = IPv4Address("198.18.100.10")
CLOUD_NETWORK = IPv4Network("198.18.101.0/24")
CLOUD_ROUTER = IPv4Address("198.18.101.1")
CLOUD_ADDRESS = IPv4Address("198.18.101.10")
VANTAGE_ADDRESSES = tuple(IPv4Address("198.18.101.20") + number for number in range(1, 9))
"""Where the cloud's health checkers ask from."""
ANYWHERE = IPv4Network("0.0.0.0/0")
_CLIENT_BRIDGE = "clients"
_CLOUD_BRIDGE = "cloud"


@dataclass(frozen=True)
class Link:
    """A network card of a node, plugged into a bridge of the switch. `more` are addresses beside the first."""

    node: str
    name: str
    bridge: str
    address: IPv4Interface
    more: tuple[IPv4Interface, ...] = ()

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


def plan_network(fleet: Fleet) -> NetworkPlan:
    """The network of a fleet's lab."""
    islands = tuple(fleet.islands.values())
    bridges = [f"{island.name}-{side}" for island in islands for side in ("lan", "wan")]
    hosts = tuple(_host(host, fleet) for host in fleet.hosts)
    return NetworkPlan((*bridges, _CLIENT_BRIDGE, _CLOUD_BRIDGE), (_internet(islands),), (*hosts, _client(), _cloud()))


def _host(host: Host, fleet: Fleet) -> Node:
    island = fleet.islands[host.island]
    links = [_link(host.id, "lan0", f"{island.name}-lan", host.lan, island.lan.network)]
    if host.wan is None:
        return Node(host.id, tuple(links), (Route(ANYWHERE, island.lan.gateway),))
    links.append(_link(host.id, "wan0", f"{island.name}-wan", host.wan, island.wan.network))
    return Node(host.id, tuple(links), (Route(ANYWHERE, island.wan.router),))


def _client() -> Node:
    link = _link(CLIENT, "eth0", _CLIENT_BRIDGE, CLIENT_ADDRESS, CLIENT_NETWORK)
    return Node(CLIENT, (link,), (Route(ANYWHERE, CLIENT_ROUTER),))


def _cloud() -> Node:
    more = tuple(IPv4Interface((address, CLOUD_NETWORK.prefixlen)) for address in VANTAGE_ADDRESSES)
    link = replace(_link(CLOUD, "eth0", _CLOUD_BRIDGE, CLOUD_ADDRESS, CLOUD_NETWORK), more=more)
    return Node(CLOUD, (link,), (Route(ANYWHERE, CLOUD_ROUTER),))


def _internet(islands: tuple[Island, ...]) -> Node:
    def links() -> Iterator[Link]:
        for island in islands:
            yield _link(INTERNET, island.name, f"{island.name}-wan", island.wan.router, island.wan.network)
        yield _link(INTERNET, _CLIENT_BRIDGE, _CLIENT_BRIDGE, CLIENT_ROUTER, CLIENT_NETWORK)
        yield _link(INTERNET, _CLOUD_BRIDGE, _CLOUD_BRIDGE, CLOUD_ROUTER, CLOUD_NETWORK)

    return Node(INTERNET, tuple(links()), (), forwards=True)


def _link(node: str, name: str, bridge: str, address: IPv4Address, network: IPv4Network) -> Link:
    return Link(node, name, bridge, IPv4Interface((address, network.prefixlen)))


def _missing(host_id: str) -> Node:
    raise KeyError(host_id)
