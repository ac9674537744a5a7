"""A thousand benign faults and no false act; and a unit that is left stopped is seen to all the same."""

from __future__ import annotations

import random

import pytest

from titanicarus.heal import decide, simulation
from titanicarus.heal.simulation import KINDS, SOON, Fault, Violation, World, random_faults, simulate

BENIGN = 1000
REAL = 200


def test_a_thousand_benign_schedules_and_nothing_is_done() -> None:
    seen: set[str] = set()
    for seed in range(BENIGN):
        seen |= {fault.kind for fault in random_faults(seed)}
        assert simulate(seed) == [], seed
    assert seen == set(KINDS)


def blind(_world: World) -> bool:
    """A host that obeys without looking."""
    return False


LIES = (Fault("forged", 10.0, 400.0), *(Fault("restart", 20.0 + 7.0 * number, 2.4) for number in range(40)))
UNASKED = tuple(one for one in decide._QUESTIONS if one is not decide._allowed)


def test_without_asking_for_how_long_it_has_been_stopped_a_lie_in_a_restart_is_an_act(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert [simulate(seed, LIES) for seed in range(10)] == [[]] * 10
    monkeypatch.setattr(decide, "STOPPED_SECONDS", 0.0)
    with pytest.raises(Violation, match="in the middle of a restart"):
        for seed in range(10):
            simulate(seed, LIES)


def test_a_host_that_obeys_without_looking_is_in_the_way_of_who_has_just_come(monkeypatch: pytest.MonkeyPatch) -> None:
    def run() -> None:
        for seed in range(100):
            maintenance = Fault("maintenance", 24.0 + seed % 20 / 2, 120.0)
            simulate(seed, (maintenance,), broken_at=20.0)

    run()
    monkeypatch.setattr(simulation, "looks_once_more", blind)
    with pytest.raises(Violation, match="somebody is at work"):
        run()


@pytest.mark.parametrize("hold", ["pause", "maintenance", "drained"])
def test_without_the_first_question_nobody_can_work_in_peace(hold: str, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = (Fault(hold, 30.0, 120.0),)
    assert simulate(1, faults) == []
    monkeypatch.setattr(simulation, "looks_once_more", blind)
    assert simulate(1, faults) == []
    monkeypatch.setattr(decide, "_QUESTIONS", UNASKED)
    with pytest.raises(Violation, match="somebody is at work"):
        simulate(1, faults)


def test_a_unit_that_is_left_stopped_is_started_once_the_world_lets_it() -> None:
    waits = []
    for seed in range(REAL):
        faults = random_faults(seed)
        quiet = max((fault.at + fault.seconds for fault in faults), default=0.0)
        broken_at = random.Random(seed).uniform(10.0, 250.0)
        done = [at for at, _ in simulate(seed, broken_at=broken_at) if at >= broken_at]
        # Forty seconds of a boot come on top of the fault that it is.
        assert done[0] <= max(broken_at, quiet + 40.0) + SOON, (seed, broken_at, done)
        waits.append(done[0] - broken_at)
    print(f"\nstopped for good in {REAL} schedules of faults: started after {sorted(waits)[REAL // 2]:.0f} s (median)")
