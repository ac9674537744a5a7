"""The fleet heals itself: a unit that was stopped runs again without anybody's doing, and the fleet can say why."""

from __future__ import annotations

from time import monotonic
from typing import Any

import pytest
from lab.running import Running, Show, until

UNIT = "nginx.service"
HEALED_SECONDS = 40.0
PATIENCE_SECONDS = 120.0
"""`notify_lost_seconds`, as the policy has it when it says nothing."""
ILL_SECONDS = 300.0
"""`notify_ill_seconds`."""


def new_incidents(fleet: Running, known: set[str]) -> list[dict[str, Any]]:
    return [one for one in fleet.json("incidents")["incidents"] if one["id"] not in known]


def healed(fleet: Running, host: str, known: set[str]) -> list[dict[str, Any]]:
    subject = f"{host}/{UNIT}"
    return [one for one in new_incidents(fleet, known) if one["result"] == "healed" and one["subject"] == subject]


def active(fleet: Running, host: str) -> bool:
    return fleet.ask(host, "systemctl", "is-active", UNIT).strip() == "active"


@pytest.mark.timeout(300)
def test_a_stopped_unit_is_started_once_and_explained(whole: Running, show: Show) -> None:
    island = whole.islands[-1]
    victim = whole.ids("web", island)[0]
    known = {one["id"] for one in whole.json("incidents")["incidents"]}
    seconds = 0.0

    def stop() -> float:
        whole.ask(victim, "systemctl", "stop", UNIT)
        return monotonic()

    def run_again() -> None:
        nonlocal seconds
        seconds = until(f"{UNIT} of {victim} running again", lambda: active(whole, victim), HEALED_SECONDS)

    result, _ = whole.measure(island, stop, run_again)
    show(f"{UNIT} of {victim} stopped: runs again after {seconds:.1f} s; {result.summary()}")
    # The master that did it looks once more before it writes the end down.
    until("the end of the incident", lambda: bool(healed(whole, victim, known)), 60)
    (incident,) = healed(whole, victim, known)
    words = whole.saguire("explain", incident["id"]).stdout
    assert UNIT in words and victim in words
    show(words)
    assert not whole.json("incidents")["problems"]


@pytest.mark.exhaustive
@pytest.mark.timeout(300)
def test_in_maintenance_it_is_left_alone(whole: Running) -> None:
    victim = whole.ids("web", whole.islands[-1])[1]
    whole.saguire("maintenance", victim, "--for", "10min", "--why", "a test")
    try:
        known = {one["id"] for one in whole.json("incidents")["incidents"]}
        whole.ask(victim, "systemctl", "stop", UNIT)

        def refused() -> bool:
            return any(
                one["subject"] == f"{victim}/{UNIT}" and one["result"] == "refused" and "maintenance" in one["sentence"]
                for one in new_incidents(whole, known)
            )

        until("the refusal", refused, 60)
        assert not active(whole, victim)
    finally:
        whole.saguire("resume", victim)
        whole.ask(victim, "systemctl", "start", UNIT)


@pytest.mark.exhaustive
@pytest.mark.timeout(900)
def test_people_are_told_of_a_lost_host_and_that_it_is_back(whole: Running, show: Show) -> None:
    """Nobody is told here, as the policy names nobody; the incident is what they would be told of."""
    victim = whole.ids("web", whole.islands[0])[1]

    def told() -> list[dict[str, Any]]:
        every = whole.json("incidents", "--last", "1000")["incidents"]
        return [one for one in every if one["subject"] == victim and one["result"] == "escalated"]

    def over() -> bool:
        return all(any(entry["step"] == "ended" for entry in one["entries"]) for one in told())

    before = len(told())
    whole.lab.kill(victim)
    seconds = until("the incident", lambda: len(told()) > before, PATIENCE_SECONDS + 120, poll=2.0)
    assert seconds >= PATIENCE_SECONDS
    sentence = told()[-1]["sentence"]
    began = monotonic()
    whole.lab.start(victim)
    until("the end of it", over, 180, poll=2.0)
    show(
        f"{victim} killed: told after {seconds:.0f} s, over {monotonic() - began:.0f} s after it was begun: {sentence}"
    )
    assert len(told()) == before + 1


@pytest.mark.exhaustive
@pytest.mark.timeout(900)
def test_people_are_told_of_a_full_disk_and_that_there_is_room(whole: Running, show: Show) -> None:
    """Of a brick's: the other filer and the arbiter go on, so that nothing else is wrong."""
    victim = whole.ids("filer", whole.islands[0])[1]

    def told() -> list[dict[str, Any]]:
        every = whole.json("incidents", "--last", "1000")["incidents"]
        return [one for one in every if one["subject"].startswith(f"{victim}/disk ") and one["result"] == "escalated"]

    def over() -> bool:
        return all(any(entry["step"] == "ended" for entry in one["entries"]) for one in told())

    before = len(told())
    whole.saguire("fault", "fill-disk", victim, "--files")
    seconds = until("the incident", lambda: len(told()) > before, ILL_SECONDS + 120, poll=5.0)
    assert seconds >= ILL_SECONDS
    sentence = told()[-1]["sentence"]
    began = monotonic()
    whole.saguire("fault", "mend")
    until("the end of it", over, 180, poll=5.0)
    show(f"disk of {victim} full: told after {seconds:.0f} s, over {monotonic() - began:.0f} s after: {sentence}")
    assert len(told()) == before + 1
