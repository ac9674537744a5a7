"""The network as data: what is plugged in where, and which way packets go."""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Address, IPv4Network

import pytest

from titanicarus.fleet import Fleet
from titanicarus.lab.layout import CLIENT, CLOUD
from titanicarus.lab.plan import ANYWHERE, INTERNET, NetworkPlan, Node, plan_network

OUTSIDE = {IPv4Network("198.18.100.0/24"), IPv4Network("198.18.101.0/24")}


def everyone(plan: NetworkPlan) -> tuple[Node, ...]:
    return (*plan.routers, *plan.hosts)


def next_hop(node: Node, target: str) -> str:
    """Where a node sends a packet: `direct`, or the address of the most specific route's router."""
    address = IPv4Address(target)
    if any(address in link.address.network for link in node.links):
        return "direct"
    fitting = [route for route in node.routes if address in route.to]
    return str(max(fitting, key=lambda route: route.to.prefixlen).via)


def test_every_host_and_the_client_are_nodes(fleet: Fleet) -> None:
    assert [node.name for node in plan_network(fleet).hosts] == [host.id for host in fleet.hosts] + [CLIENT, CLOUD]


def test_each_cable_goes_to_a_bridge_that_exists(fleet: Fleet) -> None:
    plan = plan_network(fleet)
    assert {link.bridge for node in everyone(plan) for link in node.links} == set(plan.bridges)


@pytest.mark.parametrize("which", ["fleet", "small"])
def test_names_of_cards_bridges_and_ports_fit_the_kernel_and_are_unique(
    which: str, request: pytest.FixtureRequest
) -> None:
    plan = plan_network(request.getfixturevalue(which))
    links = [link for node in everyone(plan) for link in node.links]
    in_the_switch = [*plan.bridges, *(link.port for link in links)]
    assert all(len(name) <= 15 for name in [*in_the_switch, *(link.name for link in links)])
    assert Counter(in_the_switch).most_common(1)[0][1] == 1
    assert len({link.hardware_address for link in links}) == len(links)


def test_no_address_is_used_twice(fleet: Fleet) -> None:
    links = [link for node in everyone(plan_network(fleet)) for link in node.links]
    addresses = [address.ip for link in links for address in (link.address, *link.more)]
    assert Counter(addresses).most_common(1)[0][1] == 1


def test_the_lab_never_holds_an_address_that_the_fleet_moves(fleet: Fleet) -> None:
    held = {link.address.ip for node in everyone(plan_network(fleet)) for link in node.links}
    for island in fleet.islands.values():
        assert not held & {island.lan.vip, island.lan.gateway, island.wan.vip, island.wan.gateway}


def test_a_load_balancer_answers_the_internet_directly(fleet: Fleet) -> None:
    host = plan_network(fleet).host("syd-lb1")
    assert [link.name for link in host.links] == ["lan0", "wan0"]
    assert next_hop(host, "198.18.100.10") == "198.18.1.1"
    assert next_hop(host, "10.71.1.21") == "direct"


def test_a_host_without_public_address_goes_through_the_gateway(fleet: Fleet) -> None:
    host = plan_network(fleet).host("mel-web1")
    assert [link.name for link in host.links] == ["lan0"]
    assert next_hop(host, "10.71.3.21") == next_hop(host, "198.18.100.10") == "10.71.2.1"


def test_the_internet_reaches_public_networks_and_no_lan(fleet: Fleet) -> None:
    internet = next(node for node in plan_network(fleet).routers if node.name == INTERNET)
    networks = {link.address.network for link in internet.links}
    assert networks == {island.wan.network for island in fleet.islands.values()} | OUTSIDE
    assert internet.routes == ()
    assert internet.forwards


def test_nothing_has_a_way_out_of_the_lab(fleet: Fleet) -> None:
    plan = plan_network(fleet)
    inside = {link.address.ip for node in plan.routers for link in node.links}
    ways_out = inside | {island.lan.gateway for island in fleet.islands.values()}
    assert all(route.via in ways_out for node in plan.hosts for route in node.routes)
    assert not any(route.to == ANYWHERE for node in plan.routers for route in node.routes)


def test_the_plan_lists_its_networks_for_the_preflight(small: Fleet) -> None:
    (island,) = small.islands.values()
    assert set(plan_network(small).networks) == {
        island.lan.network,
        island.wan.network,
        *OUTSIDE,
    }


def test_an_unknown_host_is_a_key_error(small: Fleet) -> None:
    with pytest.raises(KeyError):
        plan_network(small).host("nowhere")
