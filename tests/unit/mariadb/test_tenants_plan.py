"""Does one diff bring a shard to what is wanted, whatever is found? Against a server that is a few dictionaries."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from titanicarus.mariadb.tenants import statements
from titanicarus.mariadb.tenants.model import (
    FULL,
    MIB,
    READ_AND_DELETE,
    Account,
    BadTenant,
    Database,
    Found,
    KnownDatabase,
    KnownUser,
    User,
    Wanted,
    Wish,
    wanted_from,
)
from titanicarus.mariadb.tenants.plan import Plan, describe, plan, quota_plan, record

HASH, OTHER_HASH = "*" + "A" * 40, "*" + "B" * 40
SHOP = Database("harbour_shop", "harbour", 100)
CLERK = User("clerk", "harbour", HASH, ("harbour_shop",))
WANTED = Wanted((SHOP,), (CLERK,))


def play(found: Found, steps: Plan) -> Found:
    """What a server would be afterwards. Understands exactly the statements that a plan may hold."""
    state: dict[str, Any] = {
        "schemas": set(found.schemas),
        "accounts": dict(found.accounts),
        "grants": dict(found.grants),
        "databases": dict(found.databases),
        "users": dict(found.users),
    }
    register = found.register
    for step in steps.steps:
        text = step.statement.text
        register = register or text.startswith("CREATE TABLE IF NOT EXISTS titanicarus.")
        _do(state, text)
    return replace(found, register=register, **{key: type(value)(value) for key, value in state.items()})


def _do(state: dict[str, Any], text: str) -> None:  # noqa: PLR0912 -- one branch a statement
    quoted = re.findall(r"'([^']*)'", text)
    if text.startswith(("CREATE TABLE", "KILL USER")) or text == "GRANT SELECT ON titanicarus.epochs TO PUBLIC":
        return
    if match := re.fullmatch(
        r"INSERT INTO titanicarus.tenant_databases .* VALUES \('(\w+)', '([\w-]+)', (\d+)\)", text
    ):
        state["databases"][match[1]] = KnownDatabase(match[2], int(match[3]))
    elif match := re.fullmatch(r"INSERT INTO titanicarus.tenant_users .* VALUES \('(\w+)', '([\w-]+)'\)", text):
        state["users"][match[1]] = KnownUser(match[2])
    elif match := re.fullmatch(r"CREATE DATABASE `(\w+)` CHARACTER SET utf8mb4", text):
        state["schemas"].add(match[1])
    elif match := re.fullmatch(r"UPDATE titanicarus.tenant_databases SET (.*) WHERE name = '(\w+)'", text):
        known = state["databases"][match[2]]
        if quota := re.search(r"quota_mib = (\d+), removed_at = NULL", match[1]):
            known = replace(known, quota_mib=int(quota[1]), removed=False)
        elif over := re.fullmatch(r"over_quota = ([01])", match[1]):
            known = replace(known, over_quota=over[1] == "1")
        else:
            assert match[1] == "removed_at = UTC_TIMESTAMP()", text
            known = replace(known, removed=True)
        state["databases"][match[2]] = known
    elif match := re.fullmatch(r"UPDATE titanicarus.tenant_users SET removed_at = (.*) WHERE name = '(\w+)'", text):
        state["users"][match[2]] = replace(state["users"][match[2]], removed=match[1] != "NULL")
    elif match := re.fullmatch(r"(GRANT|REVOKE) (.*) ON `(.*)`\.\* (?:TO|FROM) '(\w+)'@'%'", text):
        place = (match[4], match[3])
        held = state["grants"].get(place, frozenset())
        named = held if match[2] == "ALL PRIVILEGES" else frozenset(match[2].split(", "))
        held = held | named if match[1] == "GRANT" else held - named
        state["grants"].pop(place, None)
        if held:
            state["grants"][place] = held
    elif text.startswith("REVOKE ALL PRIVILEGES, GRANT OPTION FROM"):
        state["grants"] = {place: held for place, held in state["grants"].items() if place[0] != quoted[0]}
        state["accounts"][quoted[0]] = replace(state["accounts"][quoted[0]], privileged=False)
    elif text.startswith("CREATE USER"):
        assert text.endswith(" REQUIRE SSL")
        state["accounts"][quoted[0]] = Account(quoted[2])
    elif text.startswith("ALTER USER"):
        account = state["accounts"][quoted[0]]
        if "IDENTIFIED VIA" in text:
            account = replace(account, password_hash=quoted[2], plugin="mysql_native_password")
        elif text.endswith("REQUIRE SSL"):
            account = replace(account, requires_ssl=True)
        else:
            account = replace(account, locked={"LOCK": True, "UNLOCK": False}[text.rsplit(" ", 1)[1]])
        state["accounts"][quoted[0]] = account
    else:
        raise AssertionError(f"no server understands {text}")


GOOD = play(Found(), plan(WANTED, Found()))
ROOM = {"harbour_shop": 101 * MIB}


def test_an_empty_shard_gets_everything_and_a_second_run_nothing() -> None:
    assert GOOD.register
    assert GOOD.schemas == {"harbour_shop"}
    assert GOOD.accounts == {"clerk": Account(HASH)}
    assert GOOD.grants == {("clerk", r"harbour\_shop"): FULL}
    assert not plan(WANTED, GOOD)
    assert not quota_plan(GOOD)


def test_an_underscore_in_a_grant_stands_for_itself() -> None:
    """`harbour_shop` alone would also be a right on harbourXshop."""
    texts = [step.statement.text for step in plan(WANTED, Found()).steps]
    assert any(r"ON `harbour\_shop`.* TO 'clerk'@'%'" in text for text in texts)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ({"accounts": {"clerk": Account(OTHER_HASH)}}, "password changed"),
        ({"accounts": {"clerk": Account(HASH, plugin="unix_socket")}}, "password changed"),
        ({"accounts": {"clerk": Account(HASH, requires_ssl=False)}}, "TLS required"),
        ({"accounts": {"clerk": Account(HASH, locked=True)}}, "unlocked"),
        ({"accounts": {"clerk": Account(HASH, privileged=True)}}, "no tenant has taken away"),
        ({"accounts": {}, "grants": {}}, "created"),
        ({"schemas": frozenset()}, "created"),
        ({"grants": {}}, "all rights on harbour_shop"),
        ({"grants": {("clerk", r"harbour\_shop"): FULL - {"DROP"}}}, "drop on harbour_shop"),
        ({"grants": {("clerk", r"harbour\_shop"): FULL | {"GRANT OPTION"}}}, "may no longer grant option"),
        ({"grants": {**GOOD.grants, ("clerk", "other"): FULL}}, "nothing any more on other"),
        ({"grants": {**GOOD.grants, ("clerk", "harbour%"): FULL}}, "no tenant has taken away"),
    ],
)
def test_what_was_changed_by_hand_is_put_right_and_nothing_else(damage: dict[str, Any], words: str) -> None:
    damaged = replace(GOOD, **damage)
    steps = plan(WANTED, damaged)
    assert words in " ".join(describe(steps.steps).values())
    after = play(damaged, steps)
    assert (after.accounts, after.grants, after.schemas) == (GOOD.accounts, GOOD.grants, GOOD.schemas)
    assert not plan(WANTED, after)


def test_a_password_that_is_the_same_is_not_set_again() -> None:
    changed = Wanted((SHOP,), (replace(CLERK, password_hash=OTHER_HASH),))
    assert [step.words for step in plan(changed, GOOD).steps] == ["password changed"]


def test_what_left_the_file_is_locked_and_kept_and_comes_back() -> None:
    gone = play(GOOD, plan(Wanted(), GOOD))
    assert gone.accounts["clerk"].locked
    assert gone.schemas == {"harbour_shop"}
    assert gone.databases["harbour_shop"].removed
    assert gone.users["clerk"].removed
    assert not plan(Wanted(), gone)
    assert not quota_plan(gone)
    assert describe(plan(Wanted(), GOOD).steps) == {
        "user clerk": "locked; connections ended; noted as removed",
        "harbour_shop": "removed; its data is kept",
    }
    back = play(gone, plan(WANTED, gone))
    assert (back.accounts, back.grants, back.databases, back.users) == (
        GOOD.accounts,
        GOOD.grants,
        GOOD.databases,
        GOOD.users,
    )


def test_nothing_is_ever_dropped() -> None:
    for wanted in (Wanted(), WANTED):
        for found in (GOOD, replace(GOOD, sizes=ROOM), play(GOOD, plan(Wanted(), GOOD))):
            assert not any("DROP DATABASE" in step.statement.text.upper() for step in plan(wanted, found).steps)


def test_over_the_quota_only_reading_and_deleting_is_left_and_below_it_everything() -> None:
    full = replace(GOOD, sizes=ROOM)
    for steps in (plan(WANTED, full), quota_plan(full)):
        after = play(full, steps)
        assert after.grants == {("clerk", r"harbour\_shop"): READ_AND_DELETE}
        assert after.databases["harbour_shop"].over_quota
        assert steps.over == ("harbour_shop holds 101 MiB of 100: its users may read and delete, and nothing else",)
        assert steps.steps[-1].words == "connections ended"  # an open one would go on writing
        assert not plan(WANTED, after)
        assert not quota_plan(after)
        emptied = replace(after, sizes={"harbour_shop": 3 * MIB})
        assert play(emptied, quota_plan(emptied)).grants == GOOD.grants
        assert play(emptied, plan(WANTED, emptied)).databases == GOOD.databases


def test_a_larger_quota_counts_at_once() -> None:
    after = play(replace(GOOD, sizes=ROOM), plan(WANTED, replace(GOOD, sizes=ROOM)))
    larger = Wanted((replace(SHOP, quota_mib=200),), (CLERK,))
    steps = plan(larger, after)
    assert play(after, steps).grants == GOOD.grants
    assert describe(steps.steps)["harbour_shop"] == "quota 100 to 200 MiB; within its quota again with 101 MiB"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (replace(GOOD, databases={}), "a database harbour_shop that Titanicarus did not make"),
        (replace(GOOD, users={}), "a user clerk that Titanicarus did not make"),
        (
            replace(GOOD, databases={"harbour_shop": KnownDatabase("quokka", 100, removed=True)}),
            "is kept for tenant quokka: it is never given to harbour",
        ),
        (replace(GOOD, users={"clerk": KnownUser("quokka", removed=True)}), "the user clerk is kept for tenant quokka"),
    ],
)
def test_what_is_not_ours_is_never_touched(found: Found, words: str) -> None:
    steps = plan(WANTED, found)
    assert not steps.steps
    assert words in " ".join(steps.conflicts)


def test_the_pillar_is_checked_again() -> None:
    def tenants(**changed: Any) -> list[dict[str, Any]]:
        user = {"name": "clerk", "password_hash": HASH, "databases": ["harbour_shop"]}
        entry = {"tenant": "harbour", "shard": "syd", "databases": [{"name": "harbour_shop", "quota_mib": 100}]}
        return [entry | {"users": [user | changed]}]

    assert wanted_from(tenants(), "syd") == WANTED
    assert wanted_from(tenants(), "mel") == Wanted()
    for changed in (
        {"name": "clerk'; DROP DATABASE mysql"},
        {"name": "root@localhost"},
        {"password_hash": "secret"},
        {"databases": ["quokka_shop"]},
    ):
        with pytest.raises(BadTenant) as raised:
            wanted_from(tenants(**changed), "syd")
        assert "secret" not in str(raised.value)


@pytest.mark.parametrize("name", ["a`b", "a'b", 'a"b', "a\\b", "a b", "", "a;b", "é", "a" * 81])
def test_no_odd_name_becomes_a_part_of_a_statement(name: str) -> None:
    for make in (statements.identifier, statements.pattern, statements.account):
        with pytest.raises(statements.Unsafe):
            make(name)
    with pytest.raises(statements.Unsafe):
        statements.statement("SELECT {name}", name=name)  # type: ignore[arg-type]


def test_a_wish_is_recorded_with_its_time() -> None:
    wish = Wish("c" * 64, datetime(2026, 11, 24, 1, 2, 3, 4, tzinfo=UTC))
    assert "'2026-11-24T01:02:03.000004', '%Y-%m-%dT%H:%i:%s.%f'" in record(wish).text
