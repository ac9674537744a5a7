"""The lease protocol under faults: no violation as it is, and a violation with any rule removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from titanicarus.lease.simulation.__main__ import run_random
from titanicarus.lease.simulation.faults import BOUND, random_schedule
from titanicarus.lease.simulation.judge import Violation
from titanicarus.lease.simulation.scenarios import SCENARIOS, run
from titanicarus.lease.simulation.variants import VARIANTS, Variant, first_caught

RANDOM = 400
SEEDS = 15
CATCH_SEEDS = 60


def test_random_schedules_break_nothing() -> None:
    outcomes = [random_schedule(seed) for seed in range(RANDOM)]
    assert sum(outcome.acknowledged for outcome in outcomes) > 50 * RANDOM, "too few commits to judge by"
    assert max(outcome.until_writer for outcome in outcomes) < BOUND


@pytest.mark.parametrize("name", SCENARIOS)
def test_named_schedules_break_nothing(name: str) -> None:
    for seed in range(SEEDS):
        run(SCENARIOS[name], seed)


def test_a_tail_is_forgotten_where_it_may_be_and_nowhere_else() -> None:
    def cuts(name: str) -> int:
        return sum(run(SCENARIOS[name], seed).forgotten for seed in range(SEEDS))

    assert cuts("tail_forgotten") > SEEDS // 2
    for name in ("heir_does_not_open", "heir_started_again", "only_the_end_was_seen"):
        assert cuts(name) == 0, name


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_a_protocol_without_one_rule_is_caught(variant: Variant) -> None:
    caught = first_caught(variant, range(CATCH_SEEDS))
    assert caught, f"no violation in {CATCH_SEEDS} seeds of {variant.caught_by}"


def test_a_schedule_can_be_had_again() -> None:
    assert random_schedule(7) == random_schedule(7)


def test_the_judge_ends_a_run() -> None:
    early = Variant(
        "takes at once",
        ("owner_frozen_with_standby",),
        {
            "_stood_still": lambda *_: True,
            "_turn": lambda *_: 0.0,
        },
    )
    with pytest.raises(Violation, match="two writers"):
        run(SCENARIOS["owner_frozen_with_standby"], 1, early.lease())


def test_every_named_variant_names_its_scenarios() -> None:
    assert all(set(variant.caught_by) <= set(SCENARIOS) and variant.caught_by for variant in VARIANTS)


def test_the_protocol_reads_no_clock() -> None:
    folder = Path(__file__).parents[3] / "src/titanicarus/lease"
    for path in folder.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not any(f"import {name}" in text for name in ("time", "socket", "random", "threading")), path


@pytest.mark.exhaustive
@pytest.mark.timeout(7200)
def test_a_hundred_thousand_random_schedules() -> None:
    outcomes = run_random(100_000)
    print(f"at most {max(outcome.until_writer for outcome in outcomes):.1f} s without a writer after the last fault")
