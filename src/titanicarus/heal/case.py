"""What is known of an incident when a decision is due, and what a decision is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import TypeVar

from titanicarus.heal.holds import Hold
from titanicarus.heal.report import Report
from titanicarus.heal.sight import NoSight, Sight


class Action(StrEnum):
    """What can be done. For a unit: start it; apply the host's whole declared state, which re-creates what it needs.
    For an island: let Route53 send it nobody new; give it its share of new users back."""

    START = "start"
    APPLY = "apply"
    TAKE_OUT = "take out"
    BRING_BACK = "bring back"


class Outcome(StrEnum):
    """What came of an attempt, by the word of the host. `silent`: it gave no answer, so it may have been done."""

    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    SILENT = "silent"


class Verdict(StrEnum):
    """`look`: look now, then decide again. `act`: do `action`, then look. The others end the incident: `leave`: there
    is nothing to be done; `refuse`: something is wrong, and it may not be touched now; `done`: it was put right;
    `escalate`: it could not be, and a person has to look."""

    LOOK = "look"
    ACT = "act"
    LEAVE = "leave"
    REFUSE = "refuse"
    DONE = "done"
    ESCALATE = "escalate"


class Question(IntEnum):
    """The seven questions of the guard, in their order."""

    ALLOWED = 1
    BELIEVED = 2
    OBSERVERS = 3
    STILL_SO = 4
    BUDGET = 5
    OURS = 6
    RESULT = 7


@dataclass(frozen=True, slots=True)
class Declared:
    """What this master's release says of a host: its units, and the revision of its state."""

    island: str
    units: tuple[str, ...]
    revision: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something that was done in this incident, and the host's words about it."""

    action: Action
    outcome: Outcome
    words: str = ""


@dataclass(frozen=True, slots=True)
class Spent:
    """Acts within the last hour that this master knows of, and hosts with news of trouble within two minutes."""

    island: int = 0
    fleet: int = 0
    troubled: int = 0
    hosts: int = 1


@dataclass(frozen=True, slots=True)
class Case:
    """One incident as its master sees it at `now` (Unix time).

    declared
        None for a host that is not in the Saguirefile.
    holds
        What this control host was told of pauses and maintenance.
    waited
        Seconds since the report came to this master.
    by_hand
        An operator asked for it: pauses and budgets do not bind a person, facts and locks do.
    sight
        None before anybody has looked since the report or the last attempt.
    """

    report: Report
    declared: Declared | None
    now: float
    holds: tuple[Hold, ...] = ()
    waited: float = 0.0
    by_hand: bool = False
    spent: Spent = Spent()
    sight: Sight | NoSight | None = None
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows. `question` is the one that decided; `passed` says how those before it were answered."""

    verdict: Verdict
    question: Question
    sentence: str
    action: Action | None = None
    passed: tuple[str, ...] = ()


Answer = Decision | str
"""An objection, whose sentence lacks its subject yet, or how a question was answered."""
Asked = TypeVar("Asked")


def first_objection(questions: Iterable[Callable[[Asked], Answer]], case: Asked, subject: str) -> Decision:
    """The first question that has an objection decides; the last one always does."""
    passed: list[str] = []
    for question in questions:
        answer = question(case)
        if isinstance(answer, Decision):
            return replace(answer, sentence=f"{subject} {answer.sentence}", passed=tuple(passed))
        passed.append(answer)
    raise AssertionError("the last question always decides")


def leave(question: Question, sentence: str) -> Decision:
    """There is nothing to be done."""
    return Decision(Verdict.LEAVE, question, sentence)


def refuse(question: Question, sentence: str) -> Decision:
    """Something is wrong, and nothing may be done now."""
    return Decision(Verdict.REFUSE, question, sentence)
