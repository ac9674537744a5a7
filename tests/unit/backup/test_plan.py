"""Who copies and when, what is kept, and which way leads to a moment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fixtures.keepers_at_hand import facts, owner

from titanicarus.backup.base import CopyFailed, read_info
from titanicarus.backup.plan import (
    Archive,
    CannotRestore,
    is_due,
    may_copy,
    moment,
    no_longer_needed,
    plan_restore,
    told,
)
from titanicarus.backup.store import Base, Generation

DAY = 86400.0
NOW = moment("2026-11-24T10:00:00")


def base(at: str, file: int = 1) -> Base:
    time = moment(at)
    return Base(at, time - 10, time, f"binlog.{file:06}", 400, "0-1-5", 1 << 20, 1 << 18, "x", "11.8")


def generation(name: str, bases: list[Base], logs: int, until: str) -> Generation:
    names = tuple(f"binlog.{number:06}" for number in range(1, logs + 1))
    return Generation(name, tuple(bases), names, 1000 * logs, moment(until))


@pytest.mark.parametrize(
    ("said", "age", "yes", "why"),
    [
        (facts(), None, True, "it is a replica"),
        (owner(), None, False, "it is the primary, and syd-db2 is in step: that one takes it"),
        (owner(standby=None), 3600.0, False, "young enough to wait for a replica"),
        (owner(standby=None), 3 * DAY, True, "nobody else took one"),
        (owner(standby=None), None, True, "nobody else took one"),
        (facts(replicates=False), None, False, "it follows nobody: stands by for syd-db1"),
        (facts(commits=None), None, False, "down or fails"),
        (facts(failed=True), None, False, "down or fails"),
        (facts(rebuilding=True), None, False, "made anew"),
        (None, None, False, "its keeper says nothing"),
    ],
)
def test_who_may_take_a_base_copy(said: dict[str, Any] | None, age: float | None, yes: bool, why: str) -> None:
    verdict = may_copy("syd-db1", said, age)
    assert verdict.yes is yes
    assert why in verdict.why


@pytest.mark.parametrize(
    ("newest", "hour", "due"),
    [
        (None, 2, True),
        ("2026-11-24T02:10:00", 2, False),
        ("2026-11-24T01:50:00", 2, True),
        ("2026-11-23T12:00:00", 11, False),  # its hour has not come yet today
        ("2026-11-23T10:30:00", 11, True),
    ],
)
def test_a_base_copy_is_due_each_night(newest: str | None, hour: int, due: bool) -> None:
    assert is_due(NOW, base(newest) if newest else None, hour).yes is due


def test_what_is_no_longer_needed() -> None:
    bases = [base("2026-11-14T02:00:00", 2), base("2026-11-16T02:00:00", 4), base("2026-11-18T02:00:00", 6)]
    old = generation("a", [base("2026-11-01T02:00:00")], 3, "2026-11-10T00:00:00")
    empty = generation("b", [], 3, "2026-11-13T00:00:00")
    newest = generation("c", bases, 8, "2026-11-24T10:00:00")
    dropped = no_longer_needed([old, empty, newest], NOW, 7)
    assert dropped.generations == ("a", "b")
    assert dropped.bases == (("c", "2026-11-14T02:00:00"),)
    assert dropped.logs == tuple(("c", f"binlog.{number:06}") for number in (1, 2, 3))


def test_the_newest_logs_stay_although_they_have_no_base_yet() -> None:
    alone = generation("a", [], 3, "2026-11-01T00:00:00")
    assert no_longer_needed([alone], NOW, 7) == no_longer_needed([], NOW, 7)


def archives() -> list[Archive]:
    first = generation("a", [base("2026-11-22T02:00:00", 1), base("2026-11-23T02:00:00", 3)], 5, "2026-11-24T09:59:00")
    second = generation("b", [base("2026-11-23T05:00:00", 2)], 2, "2026-11-24T09:58:00")
    return [Archive("mel-db1", "mel", (first,)), Archive("per-db1", "per", (second,))]


def test_the_youngest_base_before_the_moment_is_used() -> None:
    plan = plan_restore("syd", archives(), moment("2026-11-23T04:00:00"), NOW)
    assert (plan.host, plan.generation, plan.base.name) == ("mel-db1", "a", "2026-11-23T02:00:00")
    assert plan.logs == ("binlog.000003", "binlog.000004", "binlog.000005")
    assert plan_restore("syd", archives(), moment("2026-11-23T06:00:00"), NOW).host == "per-db1"


def test_of_two_as_good_ones_not_the_primary() -> None:
    same = archives()[0]
    both = [replace(same, primary=True), replace(same, host="aaa-db1")]
    assert plan_restore("syd", both, moment("2026-11-23T04:00:00"), NOW).host == "aaa-db1"


def test_too_early_and_too_late_say_what_can_be() -> None:
    with pytest.raises(CannotRestore) as early:
        plan_restore("syd", archives(), moment("2026-11-01T00:00:00"), NOW)
    assert str(early.value).splitlines() == [
        "syd cannot be restored to 2026-11-01T00:00:00Z:",
        "mel-db1 can restore 2026-11-22T02:00:00Z to 2026-11-24T09:59:00Z",
        "per-db1 can restore 2026-11-23T05:00:00Z to 2026-11-24T09:58:00Z",
    ]
    with pytest.raises(CannotRestore, match="its logs come in some seconds late"):
        plan_restore("syd", archives(), moment("2026-11-24T09:59:30"), NOW)
    with pytest.raises(CannotRestore, match="is not yet"):
        plan_restore("syd", archives(), NOW + 5, NOW)
    with pytest.raises(CannotRestore, match="no host that keeps copies of it gives an answer"):
        plan_restore("syd", [], NOW - 5, NOW)


def test_a_gap_is_named() -> None:
    (archive, _other) = archives()
    logs = tuple(name for name in archive.generations[0].logs if name != "binlog.000004")
    holed = replace(archive, generations=(replace(archive.generations[0], logs=logs),))
    with pytest.raises(CannotRestore, match=r"have a gap: between binlog\.000003 and binlog\.000005"):
        plan_restore("syd", [holed], moment("2026-11-23T04:00:00"), NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24T09:00:00", "2026-11-24T09:00:00Z"),
        ("2026-11-24 09:00", "2026-11-24T09:00:00Z"),
        ("2026-11-24T09:00:00Z", "2026-11-24T09:00:00Z"),
        ("2026-11-24T09:00:00+11:00", "2026-11-23T22:00:00Z"),
    ],
)
def test_moments(text: str, expected: str) -> None:
    assert told(moment(text)) == expected


def test_what_is_no_moment() -> None:
    with pytest.raises(ValueError, match="'yesterday' is no moment: write it as 2026-11-24T23:59:00"):
        moment("yesterday")


def test_the_notes_of_a_copy() -> None:
    notes = "tool_name = mariadb-backup\nserver_version = 11.8.3-MariaDB\nbinlog_pos = filename 'binlog.000003', "
    notes += "position '741', GTID of the last change '0-1-42'\n"
    assert read_info(notes) == ("binlog.000003", 741, "0-1-42", "11.8.3-MariaDB")
    with pytest.raises(CopyFailed, match="did not note the place"):
        read_info("binlog_pos = \n")
