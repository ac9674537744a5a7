"""What a host sees of itself, what it tells a master, and whom it lets act."""

from __future__ import annotations

import fcntl
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from unit.heal.disk import Disk

from titanicarus.heal import act, claims, here, holds, look, sight
from titanicarus.heal.act import Order, Refused, carry_out, may_start
from titanicarus.heal.case import Action
from titanicarus.heal.claims import Act
from titanicarus.heal.holds import Hold
from titanicarus.heal.look import Asked, Found, found_in
from titanicarus.heal.news import look_around
from titanicarus.heal.sight import BadSight, Sight, State

NGINX = "nginx.service"
STOPPED = {"LoadState": "loaded", "ActiveState": "inactive", "SubState": "dead", "InactiveEnterTimestampMonotonic": "1"}


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)


@pytest.fixture(autouse=True)
def long_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(here, "up", lambda: 5000.0)


SCOPES = ("*", "syd", "syd-web1")
FIRST = Asked("syd-store1", "i1")


def seen(disk: Disk, asked: Asked = FIRST, unit: str = NGINX, said: Any = STOPPED) -> Sight:
    return look.look(disk.here, "syd-web1", unit, asked, lambda _: dict(said))


def test_units_that_run_and_units_that_should(disk: Disk) -> None:
    disk.run(NGINX, "1" * 32)
    disk.enable(NGINX, "titanicarus-bases.timer")
    (disk.units / "log-extra-fields:x").touch()
    assert disk.here.invocations() == {NGINX: "1" * 32, "multi-user.target": "a" * 32}
    assert disk.here.enabled([NGINX, "titanicarus-bases.timer", "valkey-server.service"]) == [
        NGINX,
        "titanicarus-bases.timer",
    ]


def test_a_host_boots_until_it_has_booted_or_for_five_minutes(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not disk.here.booting({"multi-user.target"})
    assert not disk.here.booting({})
    monkeypatch.setattr(here, "up", lambda: 299.0)
    assert disk.here.booting({})


def test_a_beacon_tells_what_is_stopped_and_nothing_while_the_host_boots(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.enable(NGINX)
    units = [NGINX, "haproxy.service"]
    memory, news = look_around(disk.here, {}, units)
    memory, news = look_around(disk.here, memory, units)
    (event,) = news
    assert (event["tag"], event["unit"], event["up"], event["looks"]) == ("stopped", NGINX, 5000.0, 2)
    assert event["boot"] == here.boot()
    disk.stop("multi-user.target")
    monkeypatch.setattr(here, "up", lambda: 20.0)
    assert look_around(disk.here, {}, units) == ({}, [])


def test_a_look_that_fails_is_told_as_such(disk: Disk) -> None:
    disk.stop("multi-user.target")
    disk.units.rmdir()
    memory, _ = look_around(disk.here, {}, [NGINX])
    _, (event,) = look_around(disk.here, memory, [NGINX])
    assert event["tag"] == "unknown" and "No such file" in event["why"]


def unit(active: str, sub: str = "", **more: str) -> dict[str, str]:
    return {"LoadState": "loaded", "ActiveState": active, "SubState": sub, **more}


def entered(active: str, seconds: int) -> dict[str, str]:
    """A unit that got into this state so many seconds after the boot."""
    key = "Active" if active != "inactive" else "Inactive"
    return unit(active, **{f"{key}EnterTimestampMonotonic": f"{seconds}000000"})


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, Found(State.UNKNOWN)),
        (entered("active", 90), Found(State.RUNNING, 10.0)),
        (entered("reloading", 0), Found(State.RUNNING, 100.0)),
        (entered("active", 999), Found(State.RUNNING, 0.0)),
        (entered("inactive", 95), Found(State.STOPPED, stopped_for=5.0)),
        (unit("failed", NRestarts="5"), Found(State.STOPPED, stopped_for=100.0, restarts=5)),
        (unit("activating", "auto-restart", NRestarts="7"), Found(State.TRYING, restarts=7)),
        (unit("activating", "auto-restart-queued"), Found(State.TRYING)),
        (unit("activating", "start-pre"), Found(State.STARTING)),
        (unit("deactivating", "stop-sigterm"), Found(State.STARTING)),
        ({"LoadState": "not-found", "ActiveState": "inactive"}, Found(State.STOPPED, stopped_for=100.0)),
        (unit("maintenance"), Found(State.UNKNOWN)),
    ],
)
def test_what_systemd_says(said: dict[str, str], found: Found) -> None:
    assert found_in(said, 100.0) == found


@pytest.mark.parametrize(
    "error", [OSError("no"), subprocess.TimeoutExpired("x", 1), subprocess.CalledProcessError(1, "x")]
)
def test_a_systemd_that_does_not_answer_is_unknown(error: Exception) -> None:
    def ask(_: str) -> dict[str, str]:
        raise error

    assert look.state_of(NGINX, ask).state is State.UNKNOWN


def test_a_sight_survives_its_journey(disk: Disk) -> None:
    disk.enable(NGINX)
    disk.write("var/lib/titanicarus/applied", {"revision": "c0de-r1"})
    holds.write(Hold("syd-web1", 1.0, 9.0, "anna"), disk.here.below(holds.FILE))
    claims.begin(Act(NGINX, "start", "mel-store1", "i0", 1000.0), disk.here.below(claims.ACTS))
    found = seen(disk)
    assert (found.state, found.enabled, found.revision, found.claimed) == (State.STOPPED, True, "c0de-r1", True)
    assert found.claim and found.claim.by == "syd-store1" and found.acts[0].age > 1e9
    assert sight.parse(found.document()) == found


@pytest.mark.parametrize(
    "spoil", [{"state": "odd"}, {"up": "x"}, {"acts": [{}]}, {"holds": [1]}, {"more": 1}, {"claim": {"unit": 1}}]
)
def test_a_sight_that_is_none(spoil: dict[str, Any], disk: Disk) -> None:
    with pytest.raises(BadSight):
        sight.parse(seen(disk).document() | spoil)
    with pytest.raises(BadSight):
        sight.parse("The minion function caused an exception")


def test_who_looks_first_has_it(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen(disk).claimed and seen(disk).claimed
    other = seen(disk, Asked("mel-store1", "i2"))
    assert not other.claimed and other.claim and other.claim.by == "syd-store1"
    assert not seen(disk, Asked("syd-store1", "i3")).claimed, "nor another incident of the same master"
    assert seen(disk, Asked("mel-store1", "i2"), unit="haproxy.service").claimed
    monkeypatch.setattr(here, "up", lambda: 5031.0)
    assert seen(disk, Asked("mel-store1", "i2")).claimed


def test_a_boot_ends_every_claim(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    seen(disk)
    monkeypatch.setattr(here, "boot", lambda: "another")
    assert seen(disk, Asked("mel-store1", "i2")).claimed


@pytest.mark.parametrize(
    ("asked", "claims_it"),
    [
        (Asked("m", "i", report_boot="this", report_up=4990.0), True),
        (Asked("m", "i", report_boot="this", report_up=5000.5), True),
        (Asked("m", "i", report_boot="this", report_up=5002.0), False),
        (Asked("m", "i", report_boot="this", report_up=4900.0), False),
        (Asked("m", "i", report_boot="a guess", report_up=4990.0), False),
        (Asked("m", "i", claim=False), False),
        (Asked("m", "i"), True),
    ],
)
def test_strangers_claim_nothing(asked: Asked, claims_it: bool) -> None:
    assert asked.may_claim("this", 5000.0) is claims_it


@pytest.mark.parametrize(
    ("flag", "text", "drained"),
    [
        ("var/lib/titanicarus/drained/keepalived", "0\n", False),
        ("var/lib/titanicarus/drained/keepalived", "1\n", True),
        ("var/lib/titanicarus/drained/web", "", True),
        ("var/lib/titanicarus/keeper/wishes.json", '{"syd": {"drained": true}}', True),
        ("var/lib/titanicarus/keeper/wishes.json", '{"syd": {"paused": true}}', False),
    ],
)
def test_a_drained_host_says_so(flag: str, text: str, drained: bool, disk: Disk) -> None:
    disk.write(flag, text)
    assert seen(disk).drained is drained


def test_somebody_at_work_is_seen_by_his_lock(disk: Disk) -> None:
    database = "titanicarus-mariadb@syd.service"
    assert seen(disk).busy is None and seen(disk, unit=database).busy is None
    for name, units in (
        ("run/titanicarus-apply.lock", (NGINX, database)),
        ("run/titanicarus/mariadb-syd.lock", (database,)),
    ):
        with disk.write(name, "").open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            for unit in units:
                assert seen(disk, unit=unit).busy
        assert seen(disk, unit=database).busy is None
    disk.run("titanicarus-rebuild@syd.service")
    assert "copy of syd" in str(seen(disk, unit=database).busy)
    assert seen(disk).busy is None and seen(disk, unit="titanicarus-mariadb@mel.service").busy is None


def test_an_act_needs_a_claim_and_is_written_down_before_it_is_done(disk: Disk) -> None:
    written: list[list[Act]] = []

    def run() -> tuple[bool, str]:
        written.append(claims.acts(disk.here.below(claims.ACTS)))
        return True, ""

    with pytest.raises(Refused, match="has to look first"):
        carry_out(disk.here, Order(NGINX, Action.START, "syd-store1", "i1"), SCOPES, run)
    seen(disk)
    with pytest.raises(Refused, match="has to look first"):
        carry_out(disk.here, Order(NGINX, Action.START, "mel-store1", "i1"), SCOPES, run)
    assert not written
    assert carry_out(disk.here, Order(NGINX, Action.START, "syd-store1", "i1"), SCOPES, run) == (True, "")
    assert [act.helped for act in written[0]] == [None]
    assert [act.helped for act in claims.acts(disk.here.below(claims.ACTS))] == [True]
    assert not seen(disk, Asked("mel-store1", "i2")).claimed, "nobody else for a while"


def test_an_act_that_breaks_off_did_not_help(disk: Disk) -> None:
    def run() -> tuple[bool, str]:
        raise RuntimeError("boom")

    seen(disk)
    with pytest.raises(RuntimeError):
        carry_out(disk.here, Order(NGINX, Action.START, "syd-store1", "i1"), SCOPES, run)
    assert [act.helped for act in claims.acts(disk.here.below(claims.ACTS))] == [False]


@pytest.mark.parametrize("scope", SCOPES)
def test_a_host_that_was_put_on_hold_since_the_look_does_nothing(scope: str, disk: Disk) -> None:
    seen(disk)
    path = disk.here.below(holds.FILE)
    holds.write(Hold(scope, 1.0, None, "anna"), path)
    order = Order(NGINX, Action.START, "syd-store1", "i1")
    with pytest.raises(Refused, match="by anna"):
        carry_out(disk.here, order, SCOPES, lambda: (True, ""))
    assert claims.acts(disk.here.below(claims.ACTS)) == []
    assert carry_out(disk.here, replace(order, by_hand=True), SCOPES, lambda: (True, "")) == (True, "")
    holds.write(Hold(scope, 2.0, 2.0, "anna"), path)
    holds.write(Hold("mel", 1.0, None, "anna"), path)
    assert carry_out(disk.here, order, SCOPES, lambda: (True, "")) == (True, "")
    disk.write("var/lib/titanicarus/drained/web", "")
    with pytest.raises(Refused, match="drained"):
        carry_out(disk.here, order, SCOPES, lambda: (True, ""))


def test_acts_of_another_day_are_forgotten(disk: Disk) -> None:
    path = disk.here.below(claims.ACTS)
    claims.begin(Act(NGINX, "start", "m", "i0", 1000.0), path)
    for count in range(150):
        claims.begin(Act(NGINX, "start", "m", f"i{count}", 200000.0 + count), path)
    assert len(claims.acts(path)) == claims.MOST and claims.acts(path)[-1].incident == "i149"


def test_what_may_not_be_started(disk: Disk) -> None:
    assert "no unit that this host should run" in str(may_start(disk.here, NGINX, ["haproxy.service"]))
    assert "disabled" in str(may_start(disk.here, NGINX, [NGINX]))
    disk.enable(NGINX)
    assert may_start(disk.here, NGINX, [NGINX]) is None


def test_a_unit_that_ends_at_once_has_not_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(act, "POLL_SECONDS", 0.0)
    answers = [
        {"LoadState": "loaded", "ActiveState": "active", "ActiveEnterTimestampMonotonic": "999999999999999"},
        STOPPED,
    ]
    assert act.settled(NGINX, lambda _: dict(answers.pop(0))) is False
    assert act.settled(NGINX, lambda _: {"LoadState": "loaded", "ActiveState": "active"}) is True
