"""Who keeps and who mounts an island's files; nobody else hears of them, and no other island can reach them."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest
from fixtures.repository import Repository

from titanicarus.fleet import Declaration, Role, load, pillar_for, ports_for
from titanicarus.fleet.volumes import volume_of
from titanicarus.volumes.connections import BRICK_PORTS, GLUSTERD
from titanicarus.volumes.facts import facts_from

ROOT = Path(__file__).parents[3]
FILES = ("Saguirefile", "examples/small.saguirefile", "examples/two-islands.saguirefile")


@pytest.fixture(scope="module", params=FILES)
def declaration(request: pytest.FixtureRequest) -> Declaration:
    """Each Saguirefile that ships."""
    return load(ROOT, ROOT / request.param)


def test_two_filers_and_an_arbiter_in_each_island() -> None:
    fleet = load(ROOT).fleet
    for island in fleet.islands:
        volume = volume_of(fleet, island)
        assert volume is not None
        assert [host.name for host in volume.bricks] == ["filer1", "filer2", "db1"]
        assert [host.name for host in volume.filers] == ["filer1", "filer2"]
        assert [host.name for host in volume.mounting] == ["filer1", "filer2", "web1", "web2"]


def test_an_island_without_filers_has_no_volume() -> None:
    fleet = load(ROOT, ROOT / "examples/two-islands.saguirefile").fleet
    assert [volume_of(fleet, island) for island in fleet.islands] == [None, None]


def test_everybody_agrees_on_who_is_who(declaration: Declaration) -> None:
    """Also for ever: a golden file holds the identities of one island."""
    told: dict[str, set[str]] = {}
    for host in declaration.fleet.hosts:
        data = pillar_for(declaration, host.id).get("files")
        if data is None:
            continue
        facts = facts_from(data)
        assert bool(facts.pool) == (host.has(Role.FILER) or host.has(Role.ARBITER))
        assert bool(facts.mounts) == (host.has(Role.FILER) or host.has(Role.WEB))
        for member in facts.pool:
            told.setdefault(member.id, set()).add(member.uuid)
        assert not facts.pool or facts.own is not None
    identities = [identity for found in told.values() for identity in found]
    assert len(identities) == len(set(identities)) == len(told)


def test_the_ports_of_bricks_are_open_inside_the_island_only(declaration: Declaration) -> None:
    for host in declaration.fleet.hosts:
        lan = declaration.fleet.islands[host.island].lan.network
        opened = {port.port: port for port in ports_for(declaration.fleet, host)}
        keeps = host.has(Role.FILER) or host.has(Role.ARBITER)
        assert (GLUSTERD in opened, BRICK_PORTS[0] in opened) == (keeps, keeps)
        if keeps:
            assert opened[BRICK_PORTS[0]].last == BRICK_PORTS[1]
            assert opened[GLUSTERD].sources == opened[BRICK_PORTS[0]].sources
            assert all(IPv4Address(source) in lan for source in opened[GLUSTERD].sources)


def test_only_what_keeps_or_mounts_may_connect(repository: Repository) -> None:
    declaration = repository.load()
    opened = {port.port: port for port in ports_for(declaration.fleet, declaration.fleet.host("mel-store1"))}
    assert opened[GLUSTERD].sources == ("10.72.2.21", "10.72.2.22", "10.72.2.31", "10.72.2.32")
    (volume,) = facts_from(pillar_for(declaration, "mel-store1")["files"]).volumes
    assert volume.clients == ("mel-store1", "mel-store2", "mel-web1", "mel-web2")
    assert volume.bricks == ("mel-store1", "mel-store2", "mel-web2")
