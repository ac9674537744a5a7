"""SFTP: web servers of an island that has files and people serve it, behind the island's load balancers."""

from __future__ import annotations

import pytest
from fixtures.repository import Repository

from titanicarus.fleet import Declaration, pillar_for, ports_for


def without(repository: Repository, *roles: str) -> Declaration:
    for island in repository.files["Saguirefile"]["islands"].values():
        for host in island["hosts"].values():
            host["roles"] = [one for one in host["roles"] if one not in roles]
    return repository.load()


def test_web_servers_serve_their_islands_people_and_balancers_know_them(repository: Repository) -> None:
    declaration = repository.load()
    assert pillar_for(declaration, "mel-web2")["sftp"] == {
        "port": 2022,
        "shard": "mel",
        "volume": "/srv/files/mel",
        "names": ["mel.sample.example", "198.19.2.10"],
        "sites": [],
    }
    assert pillar_for(declaration, "syd-lb1")["lb"]["sftp"] == {
        "port": 2222,
        "servers": [
            {"name": "web1", "address": "10.72.1.21", "port": 2022},
            {"name": "web2", "address": "10.72.1.22", "port": 2022},
        ],
    }
    for host in declaration.fleet.hosts:
        pillar = pillar_for(declaration, host.id)
        assert ("sftp" in pillar) == host.name.startswith("web")
        assert ("titanicarus-sftp.service" in pillar["healing"]["units"]) == ("sftp" in pillar)


def test_the_internet_reaches_the_balancers_and_they_alone_the_servers(repository: Repository) -> None:
    fleet = repository.load().fleet
    for host in fleet.hosts:
        opened = {(port.interface, port.port): port for port in ports_for(fleet, host)}
        assert (("wan0", 2222) in opened) == host.name.startswith("lb")
        assert (("lan0", 2022) in opened) == host.name.startswith("web")
    opened = {(port.interface, port.port): port for port in ports_for(fleet, fleet.host("syd-web1"))}
    assert opened["lan0", 2022].sources == ("10.72.1.11", "10.72.1.12")


@pytest.mark.parametrize("roles", [("filer", "arbiter"), ("directory",)])
def test_without_files_or_people_there_is_nothing_to_serve(roles: tuple[str, ...], repository: Repository) -> None:
    declaration = without(repository, *roles)
    for host in declaration.fleet.hosts:
        pillar = pillar_for(declaration, host.id)
        assert "sftp" not in pillar
        assert pillar.get("lb", {"sftp": {"servers": []}})["sftp"]["servers"] == []
        assert not [port for port in ports_for(declaration.fleet, host) if port.port in {2022, 2222}]
