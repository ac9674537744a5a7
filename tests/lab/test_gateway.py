"""The islands' gateways: one network out of several islands, and a firewall that may die (row 10)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from lab.running import Running, Show, pass_seconds, until

from titanicarus.drill.looking import gateway_holder
from titanicarus.lab import CLIENT
from titanicarus.lab.conversation import conversation, pings
from titanicarus.lab.plan import CLIENT_ADDRESS

PUBLIC_SECONDS = 1.0
FORWARDED_SECONDS = 4.0
TALK_SECONDS = 12.0
# A firewall that is back takes its place after 30 s.
RETURN_SECONDS = 60.0


def gateway_of(fleet: Running, island: str) -> str | None:
    """The host that has the island's gateway address."""
    return gateway_holder(fleet.lab, island)


def plain(fleet: Running, island: str) -> str:
    """A host of the island that has nothing but its LAN."""
    return fleet.ids("web", island)[0]


@pytest.fixture
def islands(whole: Running) -> Iterator[Running]:
    """A fleet of several islands, each with its firewall as the gateway."""
    if len(whole.islands) < 2:
        pytest.skip("this Saguirefile has one island")
    firewalls = {island: whole.ids("firewall", island)[0] for island in whole.islands}
    for island, firewall in firewalls.items():
        until(
            f"{firewall} being the gateway",
            lambda island=island, firewall=firewall: gateway_of(whole, island) == firewall,
            RETURN_SECONDS,
        )
    yield whole


def test_hosts_reach_what_other_islands_open_to_them_and_nothing_else(islands: Running) -> None:
    here, there = islands.islands[:2]
    host, control = plain(islands, here), islands.ids("control", there)[0]
    address = str(islands.lab.fleet.host(control).lan)
    assert "open" in islands.ask(host, "bash", "-c", f"exec 3<>/dev/tcp/{address}/4506 && echo open", timeout=10)
    web = str(islands.lab.fleet.host(islands.ids("web", there)[0]).lan)
    closed = islands.ask(host, "timeout", "3", "bash", "-c", f"exec 3<>/dev/tcp/{web}/8080 && echo open")
    assert closed == ""
    assert "0 received" in islands.ask(CLIENT, "ping", "-c", "2", "-W", "1", web)


def test_a_packet_of_full_size_goes_through_the_tunnel(islands: Running) -> None:
    here, there = islands.islands[:2]
    address = str(islands.lab.fleet.host(plain(islands, there)).lan)
    size = str(1420 - 28)
    whole = islands.ask(plain(islands, here), "ping", "-c", "2", "-W", "1", "-M", "do", "-s", size, address)
    assert " 0% packet loss" in whole


def test_private_keys_of_tunnels_are_on_gateways_of_their_island_only(islands: Running) -> None:
    keys: dict[str, set[str]] = {}
    for host in islands.lab.fleet.hosts:
        lines = islands.ask(host.id, "cat", "/etc/titanicarus/gateway/master.conf").splitlines()
        found = [line.split(" = ")[1] for line in lines if line.startswith("PrivateKey")]
        assert bool(found) == bool({"firewall", "lb"} & {str(role) for role in host.roles}), host.id
        for key in found:
            keys.setdefault(key, set()).add(host.island)
    assert sorted(keys.values()) == [{island} for island in sorted(islands.islands)]


@pytest.mark.exhaustive
def test_a_firewall_is_drained_and_restored_without_breaking_a_connection(islands: Running, show: Show) -> None:
    here, there = islands.islands[:2]
    firewall, near = islands.ids("firewall", here)[0], plain(islands, here)
    remote = str(islands.lab.fleet.host(plain(islands, there)).lan)
    with ExitStack() as stack:
        nat = stack.enter_context(conversation(islands.lab, near, (CLIENT, str(CLIENT_ADDRESS)), TALK_SECONDS))
        out = stack.enter_context(pings(islands.lab, near, remote, TALK_SECONDS))
        islands.saguire("drain", firewall)
        assert gateway_of(islands, here) in islands.ids("lb", here)
    show(f"drain {firewall}: an open connection through NAT: {nat}; VPN: longest gap {out.longest_gap:.2f} s")
    assert not nat.broken
    assert max(nat.longest_gap, out.longest_gap) <= FORWARDED_SECONDS
    islands.saguire("restore", firewall)
    until(f"{firewall} being the gateway again", lambda: gateway_of(islands, here) == firewall, RETURN_SECONDS)


def test_row_10_a_firewall_dies_and_comes_back(islands: Running, show: Show) -> None:
    here, there = islands.islands[:2]
    firewall = islands.ids("firewall", here)[0]
    near, far = plain(islands, here), plain(islands, there)
    lab, lan = islands.lab, {host: str(islands.lab.fleet.host(host).lan) for host in (near, far)}
    with ExitStack() as stack:
        nat = stack.enter_context(conversation(lab, near, (CLIENT, str(CLIENT_ADDRESS)), TALK_SECONDS))
        out = stack.enter_context(pings(lab, near, lan[far], TALK_SECONDS))
        back = stack.enter_context(pings(lab, far, lan[near], TALK_SECONDS))
        result, _ = islands.measure(here, lambda: lab.kill(firewall), pass_seconds(5))
    assert gateway_of(islands, here) in islands.ids("lb", here)
    show(f"row 10: {firewall} killed: public services: {result.summary()}")
    show(f"row 10: an open connection through NAT: {nat}")
    show(f"row 10: VPN: longest gap {out.longest_gap:.2f} s out, {back.longest_gap:.2f} s in")
    assert result.longest_gap <= PUBLIC_SECONDS
    assert not nat.broken
    assert max(nat.longest_gap, out.longest_gap, back.longest_gap) <= FORWARDED_SECONDS

    with pings(lab, near, lan[far], RETURN_SECONDS) as returning:
        lab.start(firewall)
        until(f"{firewall} being the gateway again", lambda: gateway_of(islands, here) == firewall, RETURN_SECONDS)
    show(f"row 10: {firewall} back: longest gap in the VPN {returning.longest_gap:.2f} s")
    assert returning.longest_gap <= FORWARDED_SECONDS
