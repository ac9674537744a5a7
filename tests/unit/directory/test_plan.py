"""What is done to the directory: only what is needed, nobody is deleted, and a newer password stays."""

from __future__ import annotations

from typing import Any

import pytest

from titanicarus.directory.ldif import Change, Kind, changes_text, parse
from titanicarus.directory.people import BadPerson, Group, Person, Wanted, wanted_from
from titanicarus.directory.plan import describe, person_dn, plan

SUFFIX = "dc=sample,dc=example"
HASH, OTHER_HASH = "$6$abcdefgh$" + "A" * 86, "$6$abcdefgh$" + "B" * 86
ALICE = Person("alice", "harbour", 1_000_500, "Alice Ångström", "a@harbour.example", "/home/syd/alice", ("k1",), HASH)
CREW = Group("crew", "harbour", 1_000_700, ("alice",))
Entries = dict[str, dict[str, tuple[str, ...]]]


def wanted(*people: Person, groups: tuple[Group, ...] = ()) -> Wanted:
    return Wanted(SUFFIX, people, groups)


def done(changes: tuple[Change, ...], found: Entries) -> Entries:
    """What a server would have afterwards."""
    after = {dn: dict(entry) for dn, entry in found.items()}
    for change in changes:
        if change.kind is Kind.DELETE:
            del after[change.dn]
            continue
        assert (change.kind is Kind.ADD) == (change.dn not in after)
        assert change.kind is Kind.MODIFY or all(change.attributes.values())
        after.setdefault(change.dn, {}).update(change.attributes)
        after[change.dn] = {name: values for name, values in after[change.dn].items() if values}
    return after


def filled(*people: Person, groups: tuple[Group, ...] = ()) -> Entries:
    return done(plan(wanted(*people, groups=groups), {}).changes, {})


def person(found: Entries, name: str = "alice") -> dict[str, tuple[str, ...]]:
    return found[person_dn(name, SUFFIX)]


def changed(base: Person, **more: Any) -> Person:
    return Person(**{field: getattr(base, field) for field in Person.__dataclass_fields__} | more)


CASES = [
    ((ALICE,), (CREW,)),
    ((), ()),
    ((changed(ALICE, ssh_keys=()),), ()),
    ((changed(ALICE, password_hash=None),), (CREW,)),
    ((changed(ALICE, password_hash=OTHER_HASH, email="x@y.example"), changed(ALICE, name="b", uid=1_000_501)), ()),
    ((changed(ALICE, home="/home/mel/alice"),), (Group("crew", "harbour", 1_000_700, ("alice", "b")),)),
]


@pytest.mark.parametrize(("people", "groups"), CASES)
@pytest.mark.parametrize(("before", "groups_before"), CASES)
def test_a_second_plan_is_empty_and_nobody_is_deleted(
    people: Any, groups: Any, before: Any, groups_before: Any
) -> None:
    found = filled(*before, groups=groups_before)
    first = plan(wanted(*people, groups=groups), found)
    assert not first.conflicts
    after = done(first.changes, found)
    assert not plan(wanted(*people, groups=groups), after)
    assert {dn for dn in found if dn.startswith("uid=")} <= set(after)
    assert changes_text(first.changes).count("dn:") == len(first.changes)


def test_a_person_gets_an_entry_below_the_containers() -> None:
    found = filled(ALICE, groups=(CREW,))
    assert list(found)[:3] == [SUFFIX, f"ou=people,{SUFFIX}", f"ou=groups,{SUFFIX}"]
    assert person(found)["userPassword"] == (f"{{CRYPT}}{HASH}",)
    assert person(found)["sn"] == ("Ångström",)
    assert "shadowExpire" not in person(found)


def test_a_password_that_was_changed_stays_until_the_file_has_a_new_one() -> None:
    found = filled(ALICE)
    person(found)["userPassword"] = ("{CRYPT}my own",)
    assert not plan(wanted(ALICE), found)
    newer = plan(wanted(changed(ALICE, password_hash=OTHER_HASH)), found)
    assert describe(newer.changes) == {"alice": "password"}
    assert person(done(newer.changes, found))["userPassword"] == (f"{{CRYPT}}{OTHER_HASH}",)
    gone = plan(wanted(changed(ALICE, password_hash=None)), found)
    assert describe(gone.changes) == {"alice": "password taken away"}
    assert "userPassword" not in person(done(gone.changes, found))


def test_a_password_of_somebody_without_one_in_the_file_stays() -> None:
    bare = changed(ALICE, password_hash=None)
    found = filled(bare)
    person(found)["userPassword"] = ("{CRYPT}set by root",)
    assert not plan(wanted(bare), found)


def test_who_is_gone_is_locked_once_and_can_come_back() -> None:
    found = filled(ALICE)
    person(found)["userPassword"] = ("{CRYPT}my own",)
    locked = plan(wanted(), found)
    assert describe(locked.changes) == {"alice": "locked"}
    after = done(locked.changes, found)
    assert person(after)["shadowExpire"] == ("1",)
    assert not {"userPassword", "sshPublicKey", "titanicarusGiven"} & set(person(after))
    assert person(after)["uidNumber"] == ("1000500",)
    back = plan(wanted(ALICE), after)
    assert describe(back.changes) == {"alice": "unlocked"}
    assert person(done(back.changes, after))["userPassword"] == (f"{{CRYPT}}{HASH}",)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (changed(ALICE, uid=1_000_501), "a uid never changes"),
        (changed(ALICE, tenant="quokka"), "the user alice is kept for tenant harbour"),
        (changed(ALICE, name="bruno"), "the uid 1000500 of the user bruno is kept for alice"),
    ],
)
def test_what_stands_in_the_way_is_said_and_nothing_is_done(other: Person, words: str) -> None:
    first = plan(wanted(other), filled(ALICE))
    assert not first
    assert len(first.conflicts) == 1
    assert words in first.conflicts[0]


def test_an_entry_that_is_not_ours_is_never_touched() -> None:
    found = filled(ALICE)
    found[person_dn("carl", SUFFIX)] = {"uid": ("carl",), "uidNumber": ("7",)}
    assert not plan(wanted(ALICE), found)
    assert plan(wanted(ALICE), found).foreign == (person_dn("carl", SUFFIX),)
    conflict = plan(wanted(ALICE, changed(ALICE, name="carl", uid=1_000_999)), found).conflicts
    assert "there is a user carl that Titanicarus did not make" in conflict[0]


def test_no_words_and_no_repr_hold_a_secret() -> None:
    first = plan(wanted(ALICE), {})
    assert HASH not in repr(first) + repr(ALICE) + str(describe(first.changes))


def test_many_changes_are_counted() -> None:
    crowd = [changed(ALICE, name=f"p{number}", uid=2_000_000 + number) for number in range(40)]
    words = describe(plan(wanted(*crowd), {}).changes)
    assert words["..."] == "and 18 more"


@pytest.mark.parametrize(
    "spoilt",
    [
        {"name": "alice,ou=x"}, {"name": "../x"}, {"uid": 0}, {"uid": "1000500"}, {"uid": True},
        {"full_name": "A\nB"}, {"home": "/root"}, {"password_hash": "hunter2"}, {"password_hash": "$6$a b"},
        {"ssh_keys": ["a\nb"]}, {"tenant": ""}, {"email": ""},
    ],
)  # fmt: skip
def test_the_pillar_is_checked_again(spoilt: dict[str, Any]) -> None:
    entry = {
        "name": "alice", "tenant": "harbour", "uid": 1_000_500, "full_name": "A", "email": "a@b.example",
        "home": "/home/syd/alice", "ssh_keys": [], "password_hash": HASH,
    }  # fmt: skip
    assert wanted_from({"suffix": SUFFIX, "people": [entry], "groups": []}).people[0].name == "alice"
    with pytest.raises(BadPerson) as error:
        wanted_from({"suffix": SUFFIX, "people": [entry | spoilt], "groups": []})
    assert "hunter2" not in str(error.value)
    with pytest.raises(BadPerson, match="two people"):
        wanted_from({"suffix": SUFFIX, "people": [entry, entry | {"name": "b"}], "groups": []})


def test_what_is_written_can_be_read_again() -> None:
    odd = {"a": (" blank", "über", "x:y", ":colon", "<less", "end ", "line\nbreak", "{CRYPT}$6$x", "")}
    text = changes_text([Change(Kind.ADD, "cn=ü,dc=x", "added", odd)])
    assert text.isascii()
    found = parse(text.replace("changetype: add\n", ""))
    assert found == {"cn=ü,dc=x": odd}


def test_folded_lines_comments_and_several_entries() -> None:
    text = "version: 1\n\n# a comment\ndn: dc=x\ndescription: one\n  two\n\n\ndn: dc=y\no: 1\no: 2\n"
    assert parse(text) == {"dc=x": {"description": ("one two",)}, "dc=y": {"o": ("1", "2")}}
