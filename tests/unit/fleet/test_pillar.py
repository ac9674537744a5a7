"""A host is told what its roles need, and nothing else."""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path

import pytest
from fixtures.repository import Repository

from titanicarus.fleet import BUILT, Declaration, Role, UnknownHost, load, pillar_for
from titanicarus.fleet.balancing import vrrp_ids
from titanicarus.fleet.healing import leading_masters
from titanicarus.fleet.model import Site, Tenant, unix_user
from titanicarus.fleet.pillar import masters

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests/fixtures/golden"
FILES = {
    "default": ROOT / "Saguirefile",
    "small": ROOT / "examples/small.saguirefile",
    "two": ROOT / "examples/two-islands.saguirefile",
}
SECTIONS = {
    "lb": {Role.LB},
    "web": {Role.WEB},
    "gateway": {Role.LB, Role.FIREWALL},
    "gslb": {Role.CONTROL},
    "leases": {Role.CONTROL},
    "db": {Role.DB},
    "keeper": {Role.DB},
    "backup": {Role.DB},
    "directory": {Role.DIRECTORY},
    "files": {Role.FILER, Role.ARBITER, Role.WEB},
    "sftp": {Role.WEB},
    "guard": {Role.CONTROL},
}


@pytest.fixture(scope="module", params=FILES)
def declaration(request: pytest.FixtureRequest) -> Declaration:
    """Each Saguirefile that ships."""
    return load(ROOT, FILES[request.param])


@pytest.mark.parametrize("host_id", ["syd-lb1", "mel-web2", "mel-store1", "syd-fw1"])
def test_golden_pillar_of_each_role(repository: Repository, host_id: str) -> None:
    """Made from the sample repository, so that a new page of a site changes no golden file.

    `TITANICARUS_GOLDEN=write` writes them; look at the difference before it is committed.
    """
    made = json.dumps(pillar_for(repository.load(), host_id), indent=2) + "\n"
    path = GOLDEN / f"{host_id}.json"
    if os.environ.get("TITANICARUS_GOLDEN") == "write":
        path.write_text(made, encoding="utf-8")
    golden = path.read_text(encoding="utf-8")
    difference = "".join(difflib.unified_diff(golden.splitlines(True), made.splitlines(True), str(path), "made now"))
    assert not difference, difference


def test_no_host_gets_data_of_a_role_that_it_does_not_have(declaration: Declaration) -> None:
    for host in declaration.fleet.hosts:
        pillar = pillar_for(declaration, host.id)
        mirrored = declaration.fleet.with_role(Role.FILER, host.island)
        assert ("people" in pillar) == bool(declaration.fleet.with_role(Role.DIRECTORY))
        assert set(pillar) - {"host", "roles", "names", "ports", "salt", "healing", "people", "ssh"} == {
            section
            for section, roles in SECTIONS.items()
            if any(host.has(role) for role in roles) and (mirrored or section not in {"files", "sftp"})
        }
        assert ("minions" in pillar["salt"]) == host.has(Role.CONTROL)
        text = json.dumps(pillar)
        for tenant, site in declaration.sites:
            assert (f'"{site.name}"' in text) == any(host.has(role) for role in (Role.LB, Role.WEB, Role.CONTROL))
            assert (f'"{site.unix_user}"' in text) == host.has(Role.WEB)
            for user in tenant.users.values():
                assert (user.email in text) == host.has(Role.DIRECTORY)
                assert any(key in text for key in user.ssh_keys) == (host.has(Role.DIRECTORY) and bool(user.ssh_keys))
                assert user.password is None or user.password not in text  # the control plane adds them


def test_roles_are_the_built_ones_with_base_first(declaration: Declaration) -> None:
    for host in declaration.fleet.hosts:
        roles = pillar_for(declaration, host.id)["roles"]
        assert roles[0] == "base"
        assert set(roles[1:]) == {str(role) for role in host.roles if role in BUILT}


def test_a_pillar_is_plain_data(declaration: Declaration) -> None:
    for host in declaration.fleet.hosts:
        pillar = pillar_for(declaration, host.id)
        assert json.loads(json.dumps(pillar)) == pillar


def test_all_load_balancers_of_an_island_agree(declaration: Declaration) -> None:
    for island in declaration.fleet.islands:
        told = [pillar_for(declaration, host.id)["lb"]["vrrp"] for host in declaration.fleet.with_role(Role.LB, island)]
        assert len({(vrrp["router_id"], json.dumps(vrrp["vips"])) for vrrp in told}) == 1
        assert len({vrrp["priority"] for vrrp in told}) == len(told)
        for vrrp in told:
            assert {vrrp["address"], *vrrp["peers"]} == {other["address"] for other in told}
            assert vrrp["address"] not in vrrp["peers"]


def test_router_ids_are_unique_and_a_new_island_moves_none(declaration: Declaration) -> None:
    ids = vrrp_ids(declaration.fleet)
    assert len(set(ids.values())) == len(ids)
    assert all(1 <= number <= 255 for number in ids.values())
    island = next(iter(declaration.fleet.islands.values()))
    larger = declaration.fleet.model_copy(update={"islands": {**declaration.fleet.islands, "akl": island}})
    assert {name: number for name, number in vrrp_ids(larger).items() if name != "akl"} == ids


def test_colliding_router_ids_are_told_apart(declaration: Declaration) -> None:
    island = next(iter(declaration.fleet.islands.values()))
    many = declaration.fleet.model_copy(update={"islands": {f"i{number}": island for number in range(150)}})
    assert len(set(vrrp_ids(many).values())) == 150


def test_own_masters_come_first() -> None:
    fleet = load(ROOT).fleet
    assert masters(fleet, "mel") == [
        "10.71.2.31", "10.71.2.32", "10.71.3.31", "10.71.1.31",
    ]  # fmt: skip


def test_every_minion_hears_each_leading_master() -> None:
    fleet = load(ROOT).fleet
    leading = {str(host.lan) for host in leading_masters(fleet)}
    assert len(leading) == len(fleet.islands)
    assert all(leading <= set(masters(fleet, island)) for island in fleet.islands)


def test_names_are_unique(declaration: Declaration) -> None:
    entries = pillar_for(declaration, declaration.fleet.hosts[0].id)["names"]
    names = [name for entry in entries for name in entry["names"]]
    assert len(set(names)) == len(names)
    assert len({entry["address"] for entry in entries}) == len(entries)


def test_contents_are_in_the_pillar_of_web_hosts(repository: Repository) -> None:
    path = repository.content("harbour.example", "img/a b.svg", "<svg/>")
    declaration = repository.load()
    sites = {site["name"]: site for site in pillar_for(declaration, "syd-web1")["web"]["sites"]}
    assert list(sites["harbour.example"]["contents"]) == ["img/a b.svg", "index.html"]
    assert sites["shop.harbour.example"]["contents"] == {}
    path.write_text("<svg></svg>", encoding="utf-8")
    changed = {site["name"]: site for site in pillar_for(repository.load(), "syd-web1")["web"]["sites"]}
    assert changed["harbour.example"]["contents"] != sites["harbour.example"]["contents"]


def test_an_unknown_host_is_a_sentence(declaration: Declaration) -> None:
    with pytest.raises(UnknownHost, match='the fleet has no host "syd-a9"') as error:
        pillar_for(declaration, "syd-a9")
    assert isinstance(error.value, KeyError)


@pytest.mark.parametrize("length", range(20, 60))
def test_a_sites_user_has_a_name_of_its_own_that_sysusers_takes(length: int) -> None:
    names = [f"{letter * (length - 8)}.example" for letter in "ab"]
    users = [unix_user(name) for name in names]
    assert len(set(users)) == 2
    assert all(len(user) <= 31 for user in users)  # systemd refuses 32, and with it every site of the host


@pytest.mark.parametrize(
    ("declared", "zones"),
    [
        ((), {"a.example": ("a.example", "b.a.example", "c.b.a.example"), "ba.example": ("ba.example",)}),
        (("b.a.example", "a.example"), {"a.example": ("a.example",), "b.a.example": ("b.a.example", "c.b.a.example")}),
        (("example",), {"example": ("a.example", "b.a.example", "ba.example", "c.b.a.example")}),
    ],
)
def test_a_name_is_in_the_longest_zone_that_fits(declared: tuple[str, ...], zones: dict[str, tuple[str, ...]]) -> None:
    names = ("c.b.a.example", "a.example", "ba.example", "b.a.example")
    sites = {name: Site(name=name) for name in names}
    tenant = Tenant(name="t", home="syd", users={}, sites=sites, declared_zones=declared)
    assert tenant.zones == zones
