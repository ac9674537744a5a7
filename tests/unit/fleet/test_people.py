"""What every host is told of the directory: its own island's servers first, and nothing that a host need not know."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixtures.repository import PASSWORD_HASH, Repository

from titanicarus.fleet import Declaration, Role, load, pillar_for, ports_for
from titanicarus.fleet.directory import deciding_shard
from titanicarus.fleet.shards import shards

ROOT = Path(__file__).parents[3]
POLICY = "pillar/policy.yaml"


@pytest.fixture(scope="module")
def default() -> Declaration:
    return load(ROOT)


def test_the_own_islands_servers_are_asked_first(default: Declaration) -> None:
    fleet = default.fleet
    for host in fleet.hosts:
        told = pillar_for(default, host.id)["people"]
        own = {f"ldaps://{fleet.fqdn(one)}:636" for one in fleet.with_role(Role.DIRECTORY, host.island)}
        assert set(told["servers"]) == own
        everybody = {f"ldaps://{fleet.fqdn(one)}:636" for one in fleet.with_role(Role.DIRECTORY)}
        assert {*told["servers"], *told["backups"]} == everybody
        assert not own & set(told["backups"])


def test_islands_do_not_all_turn_to_the_same_other_one(default: Declaration) -> None:
    first = {
        island: pillar_for(default, default.fleet.with_role(Role.LB, island)[0].id)["people"]["backups"][0]
        for island in default.fleet.islands
    }
    assert len(set(first.values())) == len(first)


def test_passwords_go_to_hosts_that_can_write_and_to_no_other(default: Declaration) -> None:
    fleet = default.fleet
    able = {host.id for host in shards(fleet)[0].hosts}
    urls = {f"ldaps://{fleet.fqdn(host)}:637" for host in fleet.hosts if host.id in able}
    for host in fleet.hosts:
        pillar = pillar_for(default, host.id)
        assert set(pillar["people"]["password_servers"]) == urls
        assert pillar["people"]["password_servers"][0].startswith(f"ldaps://db1.{host.island}.") == (
            f"{host.island}-db1" in able
        )
        opened = [port for port in ports_for(fleet, host) if port.port == 637]
        assert bool(opened) == (host.id in able)
        guarded = {shard["name"]: shard["further_ports"] for shard in pillar.get("db", {}).get("shards", ())}
        if host.id in able:
            assert guarded.pop(deciding_shard(fleet)) == [637]
        assert all(ports == [] for ports in guarded.values())


def test_an_island_without_servers_asks_the_others(repository: Repository) -> None:
    for host in repository.files["Saguirefile"]["islands"]["mel"]["hosts"].values():
        host["roles"] = [role for role in host["roles"] if role not in ("db", "directory")]
    told = pillar_for(repository.load(), "mel-web1")["people"]
    assert told["servers"] == [f"ldaps://store{number}.syd.sample.example:636" for number in (1, 2)]
    assert told["backups"] == []


def test_daemons_users_are_not_looked_for_in_the_directory(repository: Repository) -> None:
    web = pillar_for(repository.load(), "syd-web1")["people"]
    assert {"root", "nginx", "www-data", "mysql"} <= set(web["local_users"])
    assert {"root", "sudo", "docker"} <= set(web["local_groups"])
    assert not {"alice", "bruno", "sailors"} & {*web["local_users"], *web["local_groups"]}


def test_one_more_site_leaves_sssd_alone(repository: Repository) -> None:
    before = pillar_for(repository.load(), "syd-web1")["people"]
    repository.put("pillar/tenants/laneway.yaml", ("sites", "boats.laneway.example"), {})
    assert pillar_for(repository.load(), "syd-web1")["people"] == before


def test_operators_are_people_with_a_password(repository: Repository) -> None:
    repository.put(POLICY, ("operators",), ["alice"])
    declaration = repository.load()
    assert pillar_for(declaration, "mel-lb1")["people"]["operators"] == ["alice"]


@pytest.mark.parametrize(
    ("value", "path", "advice"),
    [
        (["alcie"], "operators[0]", 'is no user of any tenant; did you mean "alice"?'),
        (["alice", "bruno"], "operators[1]", "has no password, which sudo asks for"),
        (["alice", "alice"], "operators[1]", "is in this list twice"),
        (["root"], "operators[0]", '"root"'),
        ("alice", "operators", "put it in [ ]"),
    ],
)
def test_who_cannot_be_an_operator(repository: Repository, value: object, path: str, advice: str) -> None:
    repository.put(POLICY, ("operators",), value)
    (problem,) = repository.problems()
    assert (problem.file, problem.path) == (POLICY, path)
    assert advice in problem.message


def test_an_operator_whose_hash_is_refused_is_one_problem(repository: Repository) -> None:
    repository.put(POLICY, ("operators",), ["alice"])
    repository.put("pillar/tenants/harbour.yaml", ("users", "alice", "password"), PASSWORD_HASH[:-1])
    (problem,) = repository.problems()
    assert problem.path == "users.alice.password"


def test_a_fleet_without_a_directory_tells_nobody_of_one(repository: Repository) -> None:
    for island in repository.files["Saguirefile"]["islands"].values():
        for host in island["hosts"].values():
            host["roles"] = [role for role in host["roles"] if role != "directory"]
    pillar = pillar_for(repository.load(), "syd-web1")
    assert "people" not in pillar
    assert "titanicarus-people.service" not in pillar["healing"]["units"]
