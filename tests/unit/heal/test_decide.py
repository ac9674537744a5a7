"""The guard's decision, case by case, and what holds for every case that can be made of them."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest
from unit.heal.cases import CASES, DATABASE, FAILING, HAND, OTHERS, UNSEEN, acts, case, hold, tried

from titanicarus.heal import decide as deciding
from titanicarus.heal.case import Action, Case, Decision, Question, Verdict
from titanicarus.heal.decide import decide, hold_down
from titanicarus.heal.sight import NoSight, Sight, State

GOLDEN = Path(__file__).parents[2] / "fixtures/healing/decisions.txt"


def brief(decision: Decision) -> str:
    """`act 7 start`."""
    return " ".join(map(str, filter(None, (decision.verdict, int(decision.question), decision.action))))


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 150


@pytest.mark.parametrize("number", range(len(CASES)))
def test_what_follows(number: int) -> None:
    given, expected = CASES[number]
    assert brief(decide(case(given))) == expected, decide(case(given)).sentence


def test_sentences_say_what_they_said() -> None:
    """`TITANICARUS_GOLDEN=write` writes them; look at the difference before it is committed."""
    made = "".join(f"{expected} | {decide(case(given)).sentence}\n" for given, expected in CASES)
    if os.environ.get("TITANICARUS_GOLDEN") == "write":
        GOLDEN.write_text(made, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == made


def every_case() -> list[Case]:
    """Combinations of everything that speaks for and against an act."""
    sights = [
        {}, UNSEEN, {"sight": NoSight("no answer")}, OTHERS, {"sight.state": State.RUNNING, "sight.running_for": 1.0},
        {"sight.state": State.RUNNING, "sight.running_for": 60.0}, {"sight.state": State.TRYING},
        {"sight.state": State.STARTING}, {"sight.state": State.UNKNOWN}, {"sight.enabled": False},
        {"sight.booting": True}, {"sight.busy": "somebody works on it"}, {"sight.drained": True}, {"sight.up": 9999.0},
        {"sight.boot": "another"}, {"sight.acts": acts(5.0)}, {"sight.acts": acts(100.0, 90.0, helped=False)},
        {"sight.holds": (hold("*"),)}, {"sight.revision": "older"},
    ]  # fmt: skip
    holds = [{}, {"holds": (hold("syd"),)}]
    asked = [{}, HAND, FAILING, DATABASE, {"waited": 99.0}, {"declared": None}, {"spent.fleet": 99}]
    attempts = [
        {},
        *({"attempts": tried(*some)} for some in (["start failed"], ["start done"], ["start failed", "apply failed"])),
    ]
    return [case(a | b | c | d) for a, b, c, d in itertools.product(asked, holds, attempts, sights)]


def test_nothing_is_done_without_a_look_that_found_it_so() -> None:
    for one in every_case():
        decision = decide(one)
        if decision.verdict is Verdict.ACT:
            sight = one.sight
            assert isinstance(sight, Sight) and sight.claimed
            assert sight.state in (State.STOPPED, State.TRYING) or sight.running_for < deciding.RUNS_WELL_SECONDS
            assert one.declared and one.report.unit in one.declared.units
            assert len(one.attempts) < 2


def test_nothing_automatic_is_done_against_a_hold_a_budget_or_somebodys_work() -> None:
    for one in every_case():
        if decide(one).verdict is not Verdict.ACT or one.by_hand:
            continue
        assert isinstance(one.sight, Sight)
        assert not one.holds and not one.sight.holds and not one.sight.drained
        if not one.attempts:
            assert one.sight.enabled and not one.sight.busy and not one.sight.booting
            assert one.sight.boot == one.report.boot and one.spent.fleet < deciding.FLEET_ACTS


def test_all_states_are_applied_only_where_that_brings_back_what_was_there() -> None:
    for one in every_case():
        if decide(one).action is Action.APPLY:
            assert isinstance(one.sight, Sight) and one.declared
            assert one.sight.revision == one.declared.revision


def test_every_decision_says_why_the_questions_before_did_not_object() -> None:
    for one in every_case():
        decision = decide(one)
        assert decision.sentence.startswith(f"{one.report.host}: ") and "\n" not in decision.sentence
        # The second look may find that it is another's, or nothing at all: that ends it there.
        assert len(decision.passed) in (decision.question - 1, Question.STILL_SO - 1)
        assert all(decision.passed)


def test_a_unit_that_keeps_coming_back_is_left_alone_for_longer_and_longer() -> None:
    waits = [hold_down(number) for number in range(6)]
    assert waits == [0.0, 15.0, 60.0, 240.0, 960.0, 3600.0]
