"""What an observer says of hosts and islands, and what is believed to be said."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from titanicarus.heal.presence import LOOKS, NOBODY, Kind, Outlook, Sighting, parse, step
from titanicarus.heal.report import BadReport

NAMES = ["syd-web1", "syd-web2", "mel"]
TAG = "salt/beacon/syd-store1/hosts/lost"
DATA: dict[str, Any] = {
    "id": "syd-store1", "about": "syd-web1", "up": 100.5, "seconds": 12.0, "looks": 4, "again": False, "seen": True,
}  # fmt: skip


def looks(*seen: Collection[str] | None, ever: frozenset[str] = frozenset()) -> list[tuple[str, str, int]]:
    """Kind, name and number of the look of all that is said, with a look every 4 s."""
    outlook, said = Outlook(ever), []
    for number, answered in enumerate(seen):
        outlook, news = step(outlook, NAMES, answered, 1000.0 + 4 * number, "" if answered is not None else "no socket")
        said += [(one["tag"], one["about"], number) for one in news]
    return said


def test_who_was_there_and_is_not_is_lost_after_four_looks_and_back_after_two() -> None:
    others = {"syd-web2", "mel"}
    assert looks(set(NAMES), *[others] * (LOOKS + 3), *[set(NAMES)] * 4) == [
        ("lost", "syd-web1", LOOKS),
        ("back", "syd-web1", LOOKS + 5),
    ]


def test_who_was_never_seen_is_not_missed() -> None:
    assert looks(*[{"mel"}] * 20) == []


def test_who_was_seen_before_this_run_is_missed_and_forgotten_when_it_is_looked_at_no_more() -> None:
    before = frozenset({"syd-web1", "syd-gone9"})
    assert looks(*[{"mel"}] * 5, ever=before) == [("lost", "syd-web1", LOOKS - 1)]
    outlook, news = Outlook(before), []
    for number in range(LOOKS):
        outlook, news = step(outlook, NAMES, {"mel"}, 1000.0 + 4 * number)
    assert outlook.ever == {"syd-web1", "mel"}
    assert [one["seen"] for one in news] == [False]


def test_a_lost_packet_is_nothing() -> None:
    full, less = set(NAMES), {"syd-web2"}
    assert looks(full, less, less, less, full, less, less, full) == []


def test_what_stays_lost_is_said_again_each_minute() -> None:
    said = looks(set(NAMES), *[{"mel", "syd-web2"}] * 40)
    assert {kind for kind, _, _ in said} == {"lost"}
    assert [number for _, _, number in said] == [4, 19, 34]


def test_who_sees_nobody_at_all_doubts_himself() -> None:
    outlook, _ = step(Outlook(), NAMES, set(NAMES), 1000.0)
    said = []
    for number in range(6):
        outlook, news = step(outlook, NAMES, set(), 1004.0 + 4 * number)
        said += news
    (one,) = said
    assert (one["tag"], one["about"], one["why"]) == ("unknown", "*", NOBODY)


def test_before_anybody_was_seen_nothing_is_said() -> None:
    assert looks(*[set()] * 10) == []


def test_a_look_that_could_not_be_made_loses_nobody() -> None:
    said = looks(set(NAMES), *[None] * 10, *[set(NAMES)] * 3)
    assert [(kind, about) for kind, about, _ in said] == [("unknown", "*")]


def test_a_word() -> None:
    assert parse(TAG, DATA) == Sighting("syd-store1", Kind.LOST, "syd-web1", 12.0, 4)
    unknown = parse(TAG.replace("lost", "unknown"), DATA | {"about": "*", "why": "x" * 300})
    assert (unknown.subject, len(unknown.why)) == ("syd-store1/view", 200)


@pytest.mark.parametrize(
    ("tag", "changes"),
    [
        ("salt/beacon/syd-store1/units/lost", {}),
        ("salt/beacon/syd-store1/hosts/gone", {}),
        ("salt/beacon/syd-store2/hosts/lost", {}),
        (TAG, {"about": "syd-web1; id"}),
        (TAG, {"about": "*"}),
        (TAG, {"about": None}),
        (TAG.replace("lost", "unknown"), {"about": "mel"}),
        (TAG, {"seconds": -1}),
        (TAG, {"looks": "four"}),
        (None, {}),
    ],
)
def test_what_is_none_is_refused(tag: Any, changes: dict[str, Any]) -> None:
    with pytest.raises(BadReport):
        parse(tag, DATA | changes)


@given(data=st.dictionaries(st.sampled_from(sorted(DATA)), st.none() | st.booleans() | st.floats() | st.text()))
def test_nothing_makes_it_stumble(data: Any) -> None:
    with suppress(BadReport):
        parse(TAG, data)
