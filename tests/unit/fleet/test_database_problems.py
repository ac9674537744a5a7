"""Each thing that can be wrong with tenants' databases is told with its path and advice, and never shows a password."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.repository import REMOVED, Repository

from titanicarus import pki
from titanicarus.fleet import Site
from titanicarus.fleet.model import App

HARBOUR = "pillar/tenants/harbour.yaml"
LANEWAY = "pillar/tenants/laneway.yaml"
POLICY = "pillar/policy.yaml"
SHOP = ("databases", "shop")
SITE = ("sites", "shop.harbour.example")
SITE_PATH = 'sites["shop.harbour.example"]'
SEALED = pki.seal(pki.SealingKey.make().public, "database/shop", "correct-horse-battery")
CLEAR = "hunter2-in-clear-text"

Case = tuple[tuple[str | int, ...], Any, str, str | None, str]
SINGLE: list[Case] = [
    # where in harbour.yaml, what is put there, path of the problem, what is quoted, part of the advice
    (SHOP, None, "databases.shop", "", "is empty; its keys are quota_mib, users"),
    (("database",), {"shop": {}}, "database", "", 'did you mean "databases"?'),
    (("databases",), ["shop"], "databases", "", "should be a mapping"),
    (("databases", "My Shop"), {}, 'databases["My Shop"]', '"My Shop"', 'for example "my_shop"'),
    (("databases", "a" * 49), {}, f"databases.{'a' * 49}", f'"{"a" * 49}"', "at most 48"),
    (("databases", "shop;drop"), {}, 'databases["shop;drop"]', '"shop;drop"', "small letters, digits and underscores"),
    (("databases", "mysql"), {}, "databases.mysql", '"mysql"', "a name of the database server"),
    (("databases", "sys"), {}, "databases.sys", '"sys"', "a name of the database server"),
    (("databases", "information_schema"), {}, "databases.information_schema", '"information_schema"', "choose another"),
    (("databases", "titanicarus"), {}, "databases.titanicarus", '"titanicarus"', "or the platform"),
    (("databases", "titanicarus_x"), {}, "databases.titanicarus_x", '"titanicarus_x"', "or the platform"),
    (("databases", "orders"), {}, "databases.orders", "", "the database orders is already at databases.orders"),
    ((*SHOP, "quota_mib"), 8, "databases.shop.quota_mib", "8", "from 16 to 1048576 MiB"),
    ((*SHOP, "quota_mib"), 2_000_000, "databases.shop.quota_mib", "2000000", "from 16 to 1048576 MiB"),
    ((*SHOP, "quota_mib"), "512", "databases.shop.quota_mib", '"512"', "without quotes"),
    ((*SHOP, "quota"), 512, "databases.shop.quota", "512", 'did you mean "quota_mib"?'),
    ((*SHOP, "users"), {"root": {}}, "databases.shop.users.root", '"root"', "choose another"),
    ((*SHOP, "users"), {"Shop": {}}, "databases.shop.users.Shop", '"Shop"', "small letters"),
    ((*SHOP, "users"), {"u" * 81: {}}, f"databases.shop.users.{'u' * 81}", None, "at most 80"),
    ((*SHOP, "users"), {"shop": {"password": CLEAR}}, "databases.shop.users.shop.password", "", "saguire encrypt USER"),
    ((*SHOP, "users"), {"shop": {"password": 5}}, "databases.shop.users.shop.password", "", "saguire encrypt USER"),
    (
        (*SHOP, "users"),
        {"shop": {"password": SEALED[:60]}},
        "databases.shop.users.shop.password",
        "",
        "cut off; paste the whole line",
    ),
    ((*SITE, "database"), "shopp", f"{SITE_PATH}.database", '"shopp"', 'there is shop; did you mean "shop"?'),
    ((*SITE, "database"), "orders", f"{SITE_PATH}.database", '"orders"', "belongs to the tenant laneway"),
    ((*SITE, "php"), False, f"{SITE_PATH}.database", '"shop"', "write `php: true`"),
    ((*SITE, "app"), "wordpres", f"{SITE_PATH}.app", '"wordpres"', 'did you mean "wordpress"?'),
    (
        ("sites", "harbour.example", "app"),
        "wordpress",
        'sites["harbour.example"].app',
        '"wordpress"',
        "add `database:`",
    ),
    (
        ("sites", "blog.harbour.example"),
        {"app": "wordpress", "database": "shop", "root": "public"},
        'sites["blog.harbour.example"].root',
        '"public"',
        "brings the folder",
    ),
]


@pytest.mark.parametrize("case", SINGLE, ids=lambda case: case[2][:40])
def test_one_mistake_is_one_problem(repository: Repository, case: Case) -> None:
    where, value, path, found, advice = case
    repository.put(HARBOUR, where, value)
    problems = [problem for problem in repository.problems() if problem.path == path]
    assert problems, repository.problems()
    (problem,) = problems
    assert advice in problem.message
    assert found is None or problem.found == found


def test_what_may_be_a_password_is_never_shown(repository: Repository) -> None:
    repository.put(HARBOUR, (*SHOP, "users"), {"shop": {"password": CLEAR}})
    assert CLEAR not in "\n".join(map(str, repository.problems()))


def test_a_user_belongs_to_one_database(repository: Repository) -> None:
    repository.put(HARBOUR, (*SHOP, "users"), {"till": {}, "orders": {}})
    found = {(problem.file, problem.path): problem.message for problem in repository.problems()}
    assert set(found) == {(LANEWAY, "databases.orders.users.till"), (LANEWAY, "databases.orders.users.orders")}
    assert "already at databases.shop.users.till" in found[LANEWAY, "databases.orders.users.till"]


def test_everything_at_once(repository: Repository) -> None:
    repository.put(HARBOUR, ("databases", "sys"), {"quota_mib": 1})
    repository.put(HARBOUR, (*SITE, "database"), "nothing")
    repository.put(LANEWAY, ("databases", "shop"), {})
    repository.put(POLICY, ("database_buffer_mib",), 1)
    found = {(problem.file, problem.path) for problem in repository.problems()}
    assert {
        (HARBOUR, "databases.sys"),
        (HARBOUR, "databases.sys.quota_mib"),
        (HARBOUR, f"{SITE_PATH}.database"),
        (LANEWAY, "databases.shop"),
        (POLICY, "database_buffer_mib"),
    } <= found


def test_a_database_that_is_refused_is_not_also_unknown_at_its_site(repository: Repository) -> None:
    repository.put(HARBOUR, (*SHOP, "quota_mib"), 1)
    assert [problem.path for problem in repository.problems()] == ["databases.shop.quota_mib"]


def test_a_tenant_without_databases_is_told_how_to_declare_one(repository: Repository) -> None:
    repository.put(HARBOUR, ("databases",), REMOVED)
    (problem,) = repository.problems()
    assert "`databases: {shop: {}}`" in problem.message


def test_a_fleet_without_database_hosts_has_no_databases(repository: Repository) -> None:
    for island in repository.files["Saguirefile"]["islands"].values():
        for host in island["hosts"].values():
            host["roles"] = [role for role in host["roles"] if role not in ("db", "directory")]
    found = {(problem.file, problem.path) for problem in repository.problems()}
    assert found == {(HARBOUR, "databases"), (LANEWAY, "databases")}


def test_a_refused_role_is_not_also_a_fleet_without_database_hosts(repository: Repository) -> None:
    for island in repository.files["Saguirefile"]["islands"].values():
        for host in island["hosts"].values():
            host["roles"] = ["dbb" if role == "db" else role for role in host["roles"]]
    assert not [problem for problem in repository.problems() if problem.file != "Saguirefile"]


def test_two_hosts_of_an_island_have_databases_and_no_more(repository: Repository) -> None:
    repository.put("Saguirefile", ("islands", "syd", "hosts", "web1", "roles"), ["web", "mail", "db", "directory"])
    (problem,) = repository.problems()
    assert problem.path == "islands.syd.hosts"
    assert "exactly two hosts of an island can have it" in problem.message


def test_one_application_has_a_database(repository: Repository) -> None:
    for name in ("a.harbour.example", "b.harbour.example"):
        repository.put(HARBOUR, ("sites", name), {"app": "wordpress", "database": "shop"})
    (problem,) = repository.problems()
    assert problem.path == 'sites["b.harbour.example"].database'
    assert "wordpress at a.harbour.example has this database already" in problem.message


@pytest.mark.parametrize(
    ("policy", "path", "advice"),
    [
        ({"lease_seconds": 4}, "lease_seconds", "make it 4.5 s or longer"),
        ({"lease_renew_seconds": 3}, "lease_renew_seconds", "make it 9 s or longer"),
        ({"lease_seconds": 61}, "lease_seconds", "from 4 to 60 seconds"),
        ({"lease_seconds": "6"}, "lease_seconds", "should be a number of seconds"),
        ({"lease_max_lag": -1}, "lease_max_lag", "from 0 to 1000000 commits"),
        ({"lease_max_lag": 1.5}, "lease_max_lag", "whole number"),
        ({"database_quota_mib": 1}, "database_quota_mib", "from 16"),
        ({"database_buffer_mib": 8}, "database_buffer_mib", "from 16"),
    ],
)
def test_the_policy(repository: Repository, policy: dict[str, Any], path: str, advice: str) -> None:
    repository.files[POLICY] |= policy
    (problem,) = repository.problems()
    assert problem.path == path
    assert advice in problem.message


def test_what_is_left_out(repository: Repository) -> None:
    repository.files[POLICY] |= {"database_quota_mib": 100, "lease_seconds": 9, "lease_renew_seconds": 2}
    repository.put(HARBOUR, SHOP, {})
    declaration = repository.load()
    shop = declaration.tenants[0].databases["shop"]
    assert (shop.quota_mib, [user.name for user in shop.users]) == (100, ["shop"])
    assert declaration.policy.lease_seconds == 9.0


def test_the_first_user_is_the_one_named_as_the_database(repository: Repository) -> None:
    repository.put(HARBOUR, (*SHOP, "users"), {"reports": {}, "shop": {"password": SEALED}})
    assert repository.load().tenants[0].databases["shop"].first_user.name == "shop"
    repository.put(HARBOUR, (*SHOP, "users"), {"reports": {}, "writer": {}})
    assert repository.load().tenants[0].databases["shop"].first_user.name == "reports"


def test_an_application_runs_php_without_being_told(repository: Repository) -> None:
    repository.put(HARBOUR, ("sites", "blog.harbour.example"), {"app": "wordpress", "database": "shop"})
    declaration = repository.load()
    site: Site = declaration.tenants[0].sites["blog.harbour.example"]
    assert (site.app, site.php) == (App.WORDPRESS, True)
    assert not any("blog.harbour.example" in str(notice) for notice in declaration.notices)
