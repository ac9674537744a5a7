"""Side databases have names that tell what they are, and users keep their rights on them."""

from __future__ import annotations

import pytest

from titanicarus.mariadb.side import is_side_of, side_name
from titanicarus.mariadb.tenants.model import FULL, Account, Found, KnownDatabase, KnownUser, User, Wanted
from titanicarus.mariadb.tenants.model import Database as Declared
from titanicarus.mariadb.tenants.plan import plan

HASH = "*" + "A" * 40


@pytest.mark.parametrize("database", ["shop", "a", "x" * 48, "with_restored_inside"])
def test_a_side_database_is_known_by_its_name(database: str) -> None:
    side = side_name(database, 1_780_000_000.0)
    assert side.endswith("_restored_20260528_202640") and len(side) <= 64
    assert is_side_of(side, ["other", database])
    assert not is_side_of(side, ["other"])
    assert not is_side_of(database, [database])


def test_rights_on_a_side_database_stay() -> None:
    wanted = Wanted((Declared("shop", "laneway", 100),), (User("shop", "laneway", HASH, ("shop",)),))
    side = side_name("shop", 1_780_000_000.0).replace("_", r"\_")
    found = Found(
        register=True,
        schemas=frozenset({"shop"}),
        accounts={"shop": Account(HASH)},
        grants={("shop", "shop"): FULL, ("shop", side): frozenset({"SELECT", "SHOW VIEW"})},
        databases={"shop": KnownDatabase("laneway", 100)},
        users={"shop": KnownUser("laneway")},
    )
    assert not plan(wanted, found)
    more = {**found.grants, ("shop", side): frozenset({"SELECT", "INSERT"})}
    found_more = Found(True, found.schemas, found.accounts, more, found.databases, found.users)
    assert next(step.words for step in plan(wanted, found_more).steps).startswith("nothing any more on shop_restored")
