"""Who carries which shard, at which ports, and by which name; also where islands lack database hosts or balancers."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from fixtures.repository import Repository

from titanicarus.fleet import Declaration, Fleet, Role, load, pillar_for, ports_for
from titanicarus.fleet.ports import COPIES, KEEPER, LDAPS, LDAPS_PASSWORDS, SSH
from titanicarus.fleet.shards import SLOTS, carried, shard_of, shards, sql_address, sql_name

ROOT = Path(__file__).parents[3]
FILES = ("Saguirefile", "examples/small.saguirefile", "examples/two-islands.saguirefile")


@pytest.fixture(scope="module", params=FILES)
def declaration(request: pytest.FixtureRequest) -> Declaration:
    """Each Saguirefile that ships."""
    return load(ROOT, ROOT / request.param)


def without(fleet: Fleet, role: Role, *islands: str) -> Fleet:
    """The fleet, where no host of these islands has a role."""
    changed = dict(fleet.islands)
    for name in islands:
        hosts = {
            key: host.model_copy(update={"roles": tuple(other for other in host.roles if other != role)})
            for key, host in fleet.islands[name].hosts.items()
        }
        changed[name] = fleet.islands[name].model_copy(update={"hosts": hosts})
    return Fleet(name=fleet.name, domain=fleet.domain, islands=changed)


def many(fleet: Fleet, count: int) -> Fleet:
    """A fleet of `count` islands, each like syd."""
    pattern = fleet.islands["syd"]
    islands = {}
    for name in (f"i{number:02}" for number in range(count)):
        hosts = {
            key: host.model_copy(update={"id": f"{name}-{key}", "island": name}) for key, host in pattern.hosts.items()
        }
        islands[name] = pattern.model_copy(update={"name": name, "hosts": hosts})
    return Fleet(name=fleet.name, domain=fleet.domain, islands=islands)


def test_each_island_has_a_shard_which_its_own_hosts_own_first(declaration: Declaration) -> None:
    found = shards(declaration.fleet)
    assert [shard.name for shard in found] == sorted(declaration.fleet.islands)
    for shard in found:
        assert shard.home == declaration.fleet.with_role(Role.DB, shard.name)[0]
        assert shard.hosts == declaration.fleet.with_role(Role.DB)
        assert shard == shard_of(declaration.fleet, shard.name)


def test_the_ports_of_shards_are_their_own(declaration: Declaration) -> None:
    ports = [
        port
        for shard in shards(declaration.fleet)
        for port in (shard.client_port, shard.server_port, shard.replication_port)
    ]
    assert len(set(ports)) == len(ports)
    assert not set(ports) & {KEEPER, COPIES}


def test_ports_stay_when_an_island_is_added_and_never_collide() -> None:
    fleet = load(ROOT).fleet
    before = {shard.name: shard.client_port for shard in shards(fleet)}
    larger = Fleet(name="x", domain="x.example", islands={**fleet.islands, "akl": fleet.islands["syd"]})
    assert {shard.name: shard.client_port for shard in shards(larger) if shard.name in before} == before
    found = shards(many(fleet, SLOTS))
    assert {shard.client_port for shard in found} == set(range(3310, 3400))
    assert {shard.server_port for shard in found} == set(range(3410, 3500))
    assert {shard.replication_port for shard in found} == set(range(3510, 3600))


def test_at_most_three_islands_carry_a_shard() -> None:
    found = {shard.name: shard for shard in shards(many(load(ROOT).fleet, 5))}
    assert list(dict.fromkeys(host.island for host in found["i03"].hosts)) == ["i00", "i03", "i04"]
    assert found["i03"].home.id == "i03-db1"
    assert found["i03"].eligible == ("i03-db2", "i00-db1", "i04-db1")


def test_an_island_without_database_hosts_has_its_shard_elsewhere() -> None:
    fleet = without(load(ROOT).fleet, Role.DB, "mel")
    found = {shard.name: shard for shard in shards(fleet)}
    assert {host.island for host in found["mel"].hosts} == {"per", "syd"}
    assert found["mel"].home.id == "per-db1"
    assert found["mel"].eligible == ("per-db2", "syd-db1")
    assert found["syd"].home.id == "syd-db1"


def test_the_last_island_by_name_goes_round_to_the_first() -> None:
    fleet = without(load(ROOT).fleet, Role.DB, "syd", "per")
    found = {shard.name: shard for shard in shards(fleet)}
    assert found["syd"].home.id == "mel-db1"
    assert found["syd"].eligible == ("mel-db2",)
    assert {host.island for shard in found.values() for host in shard.hosts} == {"mel"}


def test_a_fleet_without_database_hosts() -> None:
    fleet = without(load(ROOT).fleet, Role.DB, "syd", "mel", "per")
    fleet = without(fleet, Role.DIRECTORY, "syd", "mel", "per")
    assert shards(fleet) == ()
    assert shard_of(fleet, "syd") is None
    assert sql_address(fleet, "syd") is None
    declaration = Declaration(fleet, (), load(ROOT).policy)
    for host in fleet.hosts:
        pillar = pillar_for(declaration, host.id)
        assert "db" not in pillar
        assert sql_name(fleet) not in {name for entry in pillar["names"] for name in entry["names"]}
        assert not [port for port in ports_for(fleet, host) if 3300 < (port.port or 0) < 3700]
    assert pillar_for(declaration, "syd-lb1")["lb"]["sql"]["shards"] == []
    assert pillar_for(declaration, "syd-filer1")["leases"]["items"] == []


def test_applications_use_the_balancers_of_their_island_or_else_of_another() -> None:
    fleet = without(load(ROOT).fleet, Role.LB, "per")
    assert str(sql_address(fleet, "syd")) == "10.71.1.10"
    assert str(sql_address(fleet, "per")) == "10.71.2.10"
    (port,) = {port for port in ports_for(fleet, fleet.host("mel-lb1")) if port.port == 3372}
    assert {"10.71.2.21", "10.71.3.21"} <= set(port.sources)
    assert "10.71.1.21" not in port.sources


def test_a_port_for_nobody_is_not_opened_to_everybody() -> None:
    fleet = without(load(ROOT).fleet, Role.LB, "syd", "mel", "per")
    opened = ports_for(fleet, fleet.host("syd-db1"))
    assert all(port.sources for port in opened)
    assert not [port for port in opened if 3410 <= (port.port or 0) < 3500]


def test_what_a_database_host_opens_and_to_whom(repository: Repository) -> None:
    declaration = repository.load()
    opened = {port.port: port for port in ports_for(declaration.fleet, declaration.fleet.host("syd-store1"))}
    balancers = {"10.72.1.11", "10.72.1.12", "10.72.2.11", "10.72.2.12"}
    servers = {"10.72.1.31", "10.72.1.32", "10.72.2.31", "10.72.2.32"}
    for shard in carried(declaration.fleet, declaration.fleet.host("syd-store1")):
        assert set(opened[shard.server_port].sources) == balancers
        assert set(opened[shard.replication_port].sources) == servers - {"10.72.1.31"}
        assert shard.client_port not in opened
    assert set(opened[KEEPER].sources) == balancers | servers
    assert set(opened[COPIES].sources) == servers


def test_gateways_let_through_what_crosses_islands() -> None:
    """Balancers reach writers elsewhere, replicas reach the primary, keepers reach keepers; applications do not."""
    declaration = load(ROOT)
    forward = pillar_for(declaration, "syd-fw1")["gateway"]["forward"]
    to_db1 = {entry["port"]: entry["sources"] for entry in forward if entry["address"] == "10.71.1.41"}
    assert set(to_db1) == {SSH, LDAPS, LDAPS_PASSWORDS, 3451, 3469, 3472, 3551, 3569, 3572, KEEPER, COPIES}
    assert to_db1[3472] == ["10.71.2.11", "10.71.2.12", "10.71.3.11", "10.71.3.12"]
    assert "10.71.2.41" in to_db1[3572]
    assert not [entry for entry in forward if 3310 <= entry["port"] < 3400]


def test_two_islands() -> None:
    declaration = load(ROOT, ROOT / "examples/two-islands.saguirefile")
    assert len(declaration.fleet.hosts) == 4
    found = {shard.name: shard for shard in shards(declaration.fleet)}
    assert found["syd"].eligible == ("syd-a2", "mel-b1")
    assert found["mel"].eligible == ("mel-b2", "syd-a1")
    assert [entry["tenant"] for entry in pillar_for(declaration, "mel-b2")["db"]["tenants"]] == ["harbour", "laneway"]


def test_everybody_agrees_on_hosts_and_ports(declaration: Declaration) -> None:
    fleet = declaration.fleet
    told: dict[str, Any] = {}
    for host in fleet.hosts:
        pillar = pillar_for(declaration, host.id)
        for shard in pillar.get("db", {}).get("shards", ()):
            instances = {(one["id"], one["address"], shard["server_port"]) for one in shard["hosts"]}
            assert told.setdefault(shard["name"], instances) == instances
        for shard in pillar.get("lb", {}).get("sql", {}).get("shards", ()):
            instances = {(one["id"], one["address"], one["port"]) for one in shard["hosts"]}
            assert told.setdefault(shard["name"], instances) == instances
    leases = [pillar_for(declaration, host.id)["leases"] for host in fleet.with_role(Role.CONTROL)]
    assert all(one == other for one, other in pairwise(leases))
    assert {item["item"] for item in leases[0]["items"]} == {f"{name}/sql" for name in told}


def test_an_island_is_not_called_as_the_databases_are(repository: Repository) -> None:
    islands = repository.files["Saguirefile"]["islands"]
    islands["sql"] = islands.pop("mel")
    repository.files["pillar/tenants/laneway.yaml"]["home"] = "sql"
    (problem,) = repository.problems()
    assert (problem.path, "sql.sample.example" in problem.message) == ("islands.sql", True)


def test_more_islands_than_ports(repository: Repository) -> None:
    islands = repository.files["Saguirefile"]["islands"]
    islands |= {f"i{number}": {"hosts": {}} for number in range(SLOTS)}
    assert any(problem.path == "islands" and "at most 90" in problem.message for problem in repository.problems())
