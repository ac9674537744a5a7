"""Default deny: a host opens only what its roles need, only to who needs it, and says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixtures.repository import Repository

from titanicarus.fleet import Declaration, Port, Role, load, ports_for
from titanicarus.fleet.roles import BUILT

ROOT = Path(__file__).parents[3]


@pytest.fixture(
    scope="module", params=["Saguirefile", "examples/small.saguirefile", "examples/two-islands.saguirefile"]
)
def declaration(request: pytest.FixtureRequest) -> Declaration:
    """Each Saguirefile that ships."""
    return load(ROOT, ROOT / request.param)


def _open(declaration: Declaration, host_id: str) -> dict[tuple[str, str, int | None], Port]:
    ports = ports_for(declaration.fleet, declaration.fleet.host(host_id))
    return {(port.interface, port.protocol, port.port): port for port in ports}


def test_a_host_without_a_built_role_opens_nothing_but_ssh(declaration: Declaration) -> None:
    idle = [host for host in declaration.fleet.hosts if not BUILT.intersection(host.roles)]
    for host in idle:
        assert [port.port for port in ports_for(declaration.fleet, host)] == [22]


def test_a_firewall_hears_its_standbys_and_the_other_islands_gateways(repository: Repository) -> None:
    opened = _open(repository.load(), "syd-fw1")
    assert set(opened) == {
        ("lan0", "tcp", 22), ("lan0", "udp", 3780), ("lan0", "vrrp", None), ("wan0", "udp", 51820),
    }  # fmt: skip
    assert opened["lan0", "vrrp", None].sources == ("10.72.1.11", "10.72.1.12")
    assert opened["wan0", "udp", 51820].sources == ("198.19.2.4",)


def test_a_load_balancer(repository: Repository) -> None:
    opened = _open(repository.load(), "syd-lb1")
    assert set(opened) == {
        ("lan0", "tcp", 80), ("lan0", "tcp", 443), ("lan0", "vrrp", None), ("wan0", "tcp", 80), ("wan0", "tcp", 443),
        ("lan0", "tcp", 8081), ("wan0", "tcp", 8444), ("lan0", "udp", 3780), ("wan0", "udp", 51820),
        ("lan0", "tcp", 3369), ("lan0", "tcp", 3372), ("lan0", "tcp", 22), ("lan0", "tcp", 2222), ("wan0", "tcp", 2222),
    }  # fmt: skip
    assert opened["lan0", "tcp", 8081].sources == ("10.72.2.11", "10.72.2.12")
    assert opened["wan0", "tcp", 8444].sources == ("198.19.2.11", "198.19.2.12")
    assert opened["wan0", "tcp", 443].sources == ()
    assert opened["lan0", "vrrp", None].sources == ("10.72.1.2", "10.72.1.12")
    assert "10.72.2.21" in opened["lan0", "tcp", 443].sources


def test_a_web_server_listens_to_its_own_island_only(repository: Repository) -> None:
    opened = _open(repository.load(), "mel-web1")
    assert opened["lan0", "tcp", 8080].sources == ("10.72.2.11", "10.72.2.12")
    assert opened["lan0", "tcp", 6379].sources == ("10.72.2.21", "10.72.2.22")
    assert {port for _, _, port in opened} == {22, 2022, 6379, 8080}


def test_a_control_host_is_open_to_every_minion(repository: Repository) -> None:
    declaration = repository.load()
    opened = _open(declaration, "syd-store1")
    assert {key for key in opened if key[2] in (4505, 4506)} == {("lan0", "tcp", 4505), ("lan0", "tcp", 4506)}
    assert set(opened["lan0", "tcp", 4506].sources) == {str(host.lan) for host in declaration.fleet.hosts}


def test_only_load_balancers_are_open_to_anyone(declaration: Declaration) -> None:
    for host in declaration.fleet.hosts:
        ports = ports_for(declaration.fleet, host)
        assert len({(port.interface, port.protocol, port.port) for port in ports}) == len(ports)
        for port in ports:
            assert port.why
            if not port.sources:
                assert host.has(Role.LB)
                assert (port.interface, port.port in (80, 443, 2222)) == ("wan0", True)
