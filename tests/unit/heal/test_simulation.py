"""A thousand benign faults and no false act; and a unit that is left stopped is seen to all the same."""

from __future__ import annotations

import random
from typing import Any

import pytest

from titanicarus.heal import decide
from titanicarus.heal.simulation import KINDS, SOON, Violation, random_faults, simulate

BENIGN = 1000
REAL = 200


def test_a_thousand_benign_schedules_and_nothing_is_done() -> None:
    seen: set[str] = set()
    for seed in range(BENIGN):
        seen |= {fault.kind for fault in random_faults(seed)}
        assert simulate(seed) == [], seed
    assert seen == set(KINDS)


@pytest.mark.parametrize(
    ("name", "weaker"),
    [
        ("STOPPED_SECONDS", 0.0),
        ("_QUESTIONS", tuple(one for one in decide._QUESTIONS if one is not decide._allowed)),
    ],
)
def test_a_guard_without_one_of_its_rules_is_caught(name: str, weaker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, name, weaker)
    with pytest.raises(Violation):
        for seed in range(BENIGN):
            simulate(seed)


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
