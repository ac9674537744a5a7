"""SSH on every host: its names, who vouches for them, and from where it can be reached."""

from __future__ import annotations

from fixtures.repository import Repository

from titanicarus.fleet import pillar_for, ports_for
from titanicarus.fleet.ssh import ssh_names


def test_a_host_is_known_by_all_that_a_client_may_call_it(repository: Repository) -> None:
    fleet = repository.load().fleet
    assert ssh_names(fleet, fleet.host("syd-lb1")) == ["lb1.syd.sample.example", "syd-lb1", "10.72.1.11", "198.19.1.11"]
    assert ssh_names(fleet, fleet.host("syd-web1")) == ["web1.syd.sample.example", "syd-web1", "10.72.1.21"]


def test_each_islands_authority_is_believed_for_its_own_hosts_only(repository: Repository) -> None:
    declaration = repository.load()
    told = pillar_for(declaration, "syd-web1")["ssh"]
    vouched = {authority["island"]: set(authority["names"]) for authority in told["authorities"]}
    for host in declaration.fleet.hosts:
        names = set(ssh_names(declaration.fleet, host))
        assert {island for island, known in vouched.items() if names & known} == {host.island}
        assert names <= vouched[host.island]


def test_a_host_lists_the_names_in_its_own_certificate(repository: Repository) -> None:
    declaration = repository.load()
    for host in declaration.fleet.hosts:
        assert pillar_for(declaration, host.id)["ssh"]["names"] == ssh_names(declaration.fleet, host)


def test_every_host_knows_who_may_become_root(repository: Repository) -> None:
    assert pillar_for(repository.load(), "mel-lb1")["ssh"]["operators"] == []
    repository.put("pillar/policy.yaml", ("operators",), ["alice"])
    assert pillar_for(repository.load(), "mel-lb1")["ssh"]["operators"] == ["alice"]


def test_every_host_lets_the_fleets_own_hosts_in_and_nobody_else(repository: Repository) -> None:
    fleet = repository.load().fleet
    for host in fleet.hosts:
        (port,) = (port for port in ports_for(fleet, host) if port.port == 22)
        assert (port.protocol, port.interface) == ("tcp", "lan0")
        assert set(port.sources) == {str(other.lan) for other in fleet.hosts}
