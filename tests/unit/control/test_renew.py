"""Certificates get a successor by themselves: when, on whose word, for whom, and as the same release as by a push."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fixtures.control_plane import ControlPlane

from titanicarus.control import layout
from titanicarus.control.renew import (
    LATEST_SECONDS,
    PATIENT_TRIES,
    SOONEST_SECONDS,
    Host,
    NotRenewed,
    Renewal,
    Standing,
    doubt,
    due,
    later,
    renew,
    to_apply,
)
from titanicarus.heal import holds, incidents
from titanicarus.heal.ledger import FOLDER, Ledger
from titanicarus.pki import window_at

DAYS = 30
BEFORE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = BEFORE + timedelta(days=DAYS * 2 / 3)
ME, OTHER = "syd-store1", "syd-store2"


def facts(at: datetime) -> dict[str, Any]:
    return {"window": window_at(at, DAYS).index, "certificate_days": DAYS}


@pytest.mark.parametrize(
    ("days", "is_due"),
    [(0, False), (-1, False), (DAYS * 2 / 3, True), (400, True)],
)
def test_what_is_served_is_due_when_the_next_window_has_begun(days: float, is_due: bool) -> None:
    begin = window_at(BEFORE, DAYS).start
    assert (due(facts(begin), begin + timedelta(days=days)) is not None) is is_due


def test_a_release_of_an_older_version_is_left_to_a_push() -> None:
    assert due({"window": 1}, NOW) is None


@pytest.mark.parametrize(
    ("others", "alone", "why"),
    [
        ([0.0, 10.0, -20.0], False, ""),
        ([0.0, 0.0, 5e6], False, ""),
        ([5e6, 5e6, 0.0], False, "the clocks of 2 of 3 other hosts are about 57 days"),
        ([5e6, 0.0], False, "the clocks of 1 of 2"),
        ([-5e6], False, "the clocks of 1 of 1"),
        ([], False, "no other host could be asked"),
        ([], True, ""),
    ],
)
def test_a_clock_is_believed_when_most_others_agree(others: list[float], alone: bool, why: str) -> None:
    now = NOW.timestamp()
    said = doubt(now, [now + difference for difference in others], alone=alone)
    assert said.startswith(why) and bool(said) == bool(why)


def test_only_who_had_applied_what_was_served_before_is_asked() -> None:
    renewal = Renewal("new", {"a": ["a-0", "a-1"], "b": ["b-1"], "c": ["c-1"], "d": ["d-1"]})
    wanted = {host: f"{host}-2" for host in ("a", "b", "c", "d", "e", "f")}
    found = {
        host: Standing(revision, 0.0) for host, revision in {"a": "a-1", "b": "b-2", "c": "c-0", "d": "d-1"}.items()
    }
    ask, left = to_apply(renewal, wanted, found, {"d": "maintenance of d by anna"})
    assert ask == ["a"]
    assert left["d"] == "maintenance of d by anna"
    assert left["e"] == "gives no answer"
    assert left["f"] == "gives no answer"
    assert "saguire apply" in left["c"]
    assert "b" not in left


@pytest.mark.parametrize(
    ("asked", "tries", "expected"),
    [((), 0, []), (("a",), 0, ["a"]), ((), PATIENT_TRIES, ["a"]), (("b",), 0, [])],
)
def test_while_an_apply_is_not_over_or_has_failed_nobody_else_is_asked(
    asked: tuple[str, ...], tries: int, expected: list[str]
) -> None:
    """The record of a host is away from the beginning of an apply until it has ended well."""
    renewal = Renewal("new", {"a": ["a-1"], "b": ["b-1"]}, asked, tries)
    ask, left = to_apply(renewal, {"a": "a-2", "b": "b-2"}, {"a": Standing("", 0.0), "b": Standing("b-1", 0.0)}, {})
    assert ask == expected
    assert left["b"] == "waits for a" and ("a" in left) == (not expected)


def test_who_is_left_is_asked_more_and_more_rarely() -> None:
    renewal, waits = Renewal("new"), []
    for _ in range(12):
        renewal = later(renewal, 1000.0)
        waits.append(renewal.next_try - 1000.0)
    assert waits[:3] == [SOONEST_SECONDS, 2 * SOONEST_SECONDS, 4 * SOONEST_SECONDS]
    assert waits[-1] == LATEST_SECONDS


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> ControlPlane:
    """A fleet whose control hosts serve what was pushed a window ago."""
    plane = ControlPlane(tmp_path_factory.mktemp("plane"))
    for host in plane.controls:
        plane.provision(host)
    plane.push(now=BEFORE)
    return plane


@pytest.fixture
def plane(old: ControlPlane, tmp_path: Path) -> ControlPlane:
    return ControlPlane(tmp_path / "plane", like=old)


class Quiet(Host):
    """A control host whose hosts answer as they are told to: `there` is what each of them has applied."""

    def __init__(self, plane: ControlPlane, me: str = ME) -> None:
        self.root = plane.transport.root(me)
        super().__init__(me, self.root)
        served = json.loads((plane.release(me) / "release.json").read_bytes())
        self.there: dict[str, str] = dict(served["hosts"])
        self.clock = NOW.timestamp()
        self.asked: list[list[str]] = []
        self.fail: dict[str, str] = {}
        self.looks = 0

    def standing(self, hosts: Sequence[str]) -> dict[str, Standing]:
        self.looks += 1
        return {host: Standing(self.there[host], self.clock) for host in hosts if host in self.there}

    def apply(self, renewal: Renewal, hosts: Sequence[str]) -> tuple[Renewal, dict[str, str]]:
        self.asked.append(list(hosts))
        expected = self.revisions(renewal)
        # A host where it fails has no record any more.
        self.there |= {host: "" if host in self.fail else expected[host] for host in hosts}
        failed = {host: why for host, why in self.fail.items() if host in hosts}
        return replace(renewal, asked=sorted({*renewal.asked, *hosts})), failed

    def told(self) -> list[incidents.Incident]:
        return incidents.fold(Ledger(self.me, layout.below(self.root, FOLDER)).everything())


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_a_host_makes_by_itself_is_what_a_push_would_bring(plane: ControlPlane) -> None:
    host = Quiet(plane)
    assert renew(host, NOW.timestamp()) == 0
    pushed = plane.push(now=NOW + timedelta(hours=5))
    assert ME in pushed.already and OTHER in pushed.activated
    one, other = (everything(plane.release(name)) for name in (ME, OTHER))
    assert one == other
    assert json.loads(one["release.json"])["window"] == window_at(NOW, DAYS).index


def test_hosts_of_the_own_island_are_told_and_the_ledger_says_so(plane: ControlPlane) -> None:
    host = Quiet(plane)
    before = dict(host.there)
    renew(host, NOW.timestamp())
    assert host.asked == [host.own]
    assert {name.partition("-")[0] for name in host.own} == {"syd"}
    assert all(host.there[name] != before[name] for name in host.own)
    (told,) = host.told()
    assert (told.subject, told.result) == ("certificates of syd", "healed")
    assert "less than a third" in "\n".join(incidents.explain(told))


def test_nothing_is_asked_while_nothing_is_due(plane: ControlPlane) -> None:
    host = Quiet(plane)
    assert renew(host, BEFORE.timestamp()) == 0
    renew(host, NOW.timestamp())
    looks = host.looks
    assert renew(host, NOW.timestamp() + 900) == 0
    assert host.looks == looks and len(host.asked) == 1


def test_a_clock_that_is_wrong_renews_nothing(plane: ControlPlane) -> None:
    host, serves = Quiet(plane), plane.current(ME)
    host.clock = BEFORE.timestamp()
    for _ in range(3):
        with pytest.raises(NotRenewed, match="set the clocks right"):
            renew(host, NOW.timestamp())
    assert plane.current(ME) == serves and host.asked == []
    (told,) = host.told()
    assert told.result == "escalated" and "set the clocks right" in told.sentence


def test_an_incident_that_was_opened_has_an_end_whatever_happens(plane: ControlPlane) -> None:
    host = Quiet(plane)
    assert host.seldom(), "something was told a moment ago"

    def broken(_renewal: Renewal, _hosts: Sequence[str]) -> tuple[Renewal, dict[str, str]]:
        raise OSError("no space left")

    host.apply = broken  # type: ignore[method-assign]
    with pytest.raises(OSError, match="no space left"):
        renew(host, NOW.timestamp())
    (told,) = host.told()
    assert told.result == "escalated" and "no space left" in told.sentence


def test_a_host_that_was_away_is_told_when_it_is_back(plane: ControlPlane) -> None:
    host = Quiet(plane)
    away = host.own[-1]
    revision = host.there.pop(away)
    now = NOW.timestamp()
    assert renew(host, now) == 0
    assert host.told()[-1].result == "left" and away in host.told()[-1].sentence
    host.there[away] = revision
    assert renew(host, now + 1) == 0 and len(host.asked) == 1, "it is not time yet"
    assert renew(host, now + SOONEST_SECONDS + 1) == 0
    assert host.asked[-1] == [away] and host.remembered() is None


def test_a_host_where_it_failed_is_told_again_and_a_person_is_asked_to_look(plane: ControlPlane) -> None:
    host = Quiet(plane)
    victim = host.own[0]
    host.fail = {victim: "failed: nginx_running: it does not start"}
    assert renew(host, NOW.timestamp()) == 1
    assert host.told()[-1].result == "escalated"
    host.fail = {}
    assert renew(host, NOW.timestamp() + SOONEST_SECONDS + 1) == 0
    assert host.asked[-1] == [victim]


def test_a_host_that_was_away_for_more_than_a_window_is_told_as_well(plane: ControlPlane) -> None:
    host = Quiet(plane)
    away = host.own[-1]
    revision = host.there.pop(away)
    renew(host, NOW.timestamp())
    following = NOW + timedelta(days=DAYS * 2 / 3)
    host.clock = following.timestamp()
    host.there[away] = revision
    assert renew(host, following.timestamp()) == 0
    assert away in host.asked[-1] and host.remembered() is None


def test_who_missed_the_last_push_stays_behind_those_that_did_not(plane: ControlPlane) -> None:
    """By the moment of the switch `saguire apply` tells who serves the newest (titanicarus.control.masters)."""
    plane.transport.down = {OTHER}
    plane.write("salt/probe/init.sls", "probe_other:\n  test.nop: []\n")
    plane.push(now=BEFORE + timedelta(days=1))
    plane.transport.down = set()
    for name in (ME, OTHER):
        renew(Quiet(plane, name), NOW.timestamp())
    one, other = (json.loads((plane.release(name).parent / "active.json").read_bytes())["at"] for name in (ME, OTHER))
    assert one > other


def test_a_push_while_hosts_are_asked_is_the_operators_to_apply(plane: ControlPlane) -> None:
    host, now = Quiet(plane), NOW.timestamp()
    renew(host, now)
    memory = host.remembered()
    assert memory is None
    host = Quiet(plane)
    renewal = Renewal(str(plane.current(ME)), {})
    host.keep(renewal)
    plane.write("salt/probe/init.sls", "probe_other:\n  test.nop: []\n")
    plane.push(now=NOW)
    kept, failed = Host.apply(host, renewal, host.own)
    assert kept == renewal and set(failed.values()) == {"something else was pushed meanwhile"}


def test_a_pause_holds_hosts_and_not_what_is_served(plane: ControlPlane) -> None:
    host, now = Quiet(plane), NOW.timestamp()
    path = layout.below(host.root, holds.FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    hold = {"scope": holds.FLEET, "at": now - 10, "until": None, "by": "anna", "why": "moving"}
    path.write_text(json.dumps([hold]))
    assert renew(host, now) == 0
    assert host.asked == [] and "a pause of all healing by anna" in host.told()[-1].sentence
    path.write_text(json.dumps([{**hold, "at": now, "until": now}]))
    renew(host, now + SOONEST_SECONDS + 1)
    assert host.asked == [host.own]


def test_what_an_operator_pushes_meanwhile_is_the_operators_to_apply(plane: ControlPlane) -> None:
    host, now = Quiet(plane), NOW.timestamp()
    away = host.own[-1]
    revision = host.there.pop(away)
    renew(host, now)
    plane.write("salt/probe/init.sls", "probe_other:\n  test.nop: []\n")
    plane.push(now=NOW)
    host.there[away] = revision
    assert renew(host, now + SOONEST_SECONDS + 1) == 0
    assert len(host.asked) == 1 and host.remembered() is None


def test_what_is_switched_to_meanwhile_stays(plane: ControlPlane) -> None:
    """An operator's push that comes between compiling and switching is not undone."""
    host = Quiet(plane)
    window = due(json.loads((plane.release(ME) / "release.json").read_bytes()), NOW)
    assert window is not None
    step = host._deploy

    def interrupted(*words: str, data: bytes = b"") -> None:
        if words[0] == "activate":
            plane.write("salt/probe/init.sls", "probe_other:\n  test.nop: []\n")
            plane.push(now=BEFORE)
        step(*words, data=data)

    host._deploy = interrupted  # type: ignore[method-assign]
    with pytest.raises(NotRenewed, match="is served by now, and no longer"):
        host.compile(window)
    assert plane.current(ME) == plane.current(OTHER) and host.remembered() is None
