"""When a beacon speaks: changes that last, what is wrong once a minute, and never twice the same otherwise."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from titanicarus.heal.report import Kind
from titanicarus.heal.watch import EVERYTHING, Limits, Memory, News, step

Runs = dict[str, str] | None
UP: Runs = {"nginx.service": "a"}
AWAY: Runs = {}


def watch(
    looks: Iterable[Runs], every: float = 4.0, wanted: tuple[str, ...] = ("nginx.service",)
) -> list[tuple[float, News]]:
    """What is said, and when, if the looks find this."""
    memory: Memory = {}
    said = []
    for number, runs in enumerate(looks):
        memory, news = step(memory, runs, wanted, number * every)
        said += [(number * every, one) for one in news]
    return said


def brief(said: list[tuple[float, News]]) -> list[tuple[float, str]]:
    return [(at, f"{one.kind} {one.unit}" + (" again" if one.again else "")) for at, one in said]


def starts(*names: str) -> list[Runs]:
    return [{"nginx.service": name} for name in names]


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([UP] * 100, []),
        ([UP, AWAY, UP, AWAY, UP], []),
        ([UP, AWAY, AWAY], [(8.0, "stopped nginx.service")]),
        ([AWAY, AWAY], [(4.0, "stopped nginx.service")]),
        ([UP, AWAY, AWAY, AWAY, UP, UP], [(8.0, "stopped nginx.service"), (20.0, "well nginx.service")]),
        ([UP, AWAY, AWAY, UP, AWAY, AWAY], [(8.0, "stopped nginx.service")]),
        ([UP, *[AWAY] * 20], [(8.0, "stopped nginx.service"), (68.0, "stopped nginx.service again")]),
        ([UP, None, UP], []),
        ([UP, None, None], [(8.0, "unknown *")]),
        ([UP, None, None, UP, UP], [(8.0, "unknown *"), (16.0, "well *")]),
        ([AWAY, AWAY, None, None, AWAY], [(4.0, "stopped nginx.service"), (12.0, "unknown *")]),
        (starts("a", "b"), []),
        (starts("a", "b", "b", "b", "c", "c"), []),
        (starts("a", "b", "c", "d", "e", "f"), [(20.0, "failing nginx.service")]),
        (
            [*starts("a", "b", "c", "d", "e", "f"), *starts("f") * 20],
            [(20.0, "failing nginx.service"), (72.0, "well nginx.service")],
        ),
    ],
)  # fmt: skip
def test_what_is_said(looks: list[Runs], expected: list[tuple[float, str]]) -> None:
    assert brief(watch(looks)) == expected


def test_news_say_for_how_long_and_how_often_it_was_seen() -> None:
    ((_, first), (_, second)) = watch([UP, *[AWAY] * 20])
    assert (first.seconds, first.looks, first.again) == (4.0, 2, False)
    assert (second.seconds, second.looks, second.again) == (64.0, 17, True)


def test_a_look_that_failed_says_nothing_of_a_unit() -> None:
    memory: Memory = {}
    memory, _ = step(memory, AWAY, ["nginx.service"], 0.0)
    for number in range(1, 200):
        memory, news = step(memory, None, ["nginx.service"], number * 4.0)
        assert all((one.kind, one.unit) == (Kind.UNKNOWN, EVERYTHING) for one in news)


def test_what_is_no_longer_wanted_is_forgotten() -> None:
    memory, _ = step({}, AWAY, ["nginx.service"], 0.0)
    memory, _ = step(memory, AWAY, ["nginx.service"], 4.0)
    memory, news = step(memory, AWAY, [], 8.0)
    assert (memory, news) == ({}, [])


def test_each_unit_has_a_memory_of_its_own() -> None:
    said = watch([{"b.service": "1"}] * 3, wanted=("a.service", "b.service", "c.timer"))
    assert brief(said) == [(4.0, "stopped a.service"), (4.0, "stopped c.timer")]


def test_limits_can_be_others() -> None:
    memory: Memory = {}
    said = []
    for number in range(5):
        memory, news = step(memory, AWAY, ["a.service"], number * 1.0, Limits(down_looks=4, repeat=1.0))
        said += news
    assert [one.again for one in said] == [False, True]
