"""An island that was taken out answers again: does it get its share of new users back? Pure, by the guard's questions.

What always holds: it stays out while its own health check is not green, as it is seen by the internet; while nobody of
those who do some part of its work says that he is ready, or somebody who answers says that he is not; and the longer,
the more often it went away of late.

Doubling hold-downs are from BGP route flap damping (RFC 2439) in its simplest form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from titanicarus.heal.case import (
    Action,
    Answer,
    Attempt,
    Decision,
    Outcome,
    Question,
    Verdict,
    first_objection,
    leave,
    refuse,
)
from titanicarus.heal.holds import FLEET, Hold, over, spell
from titanicarus.heal.shares import Out

UP = "up"
WELL_SECONDS, LONGEST_SECONDS = 30.0, 600.0
"""For so long its health check has to have been green; twice as long with each further time within an hour, at most."""
TURN_SECONDS = 30.0
"""For so long each master leaves it to the one before it. The first is the one that took the island out."""
AGAIN_SECONDS = 300.0
"""When Route53 could not be brought up to date, it is tried again after so long."""
BUSY_SECONDS = 900.0
"""So long another master that has begun may need."""
OVERDUE_SECONDS, OVERDUE_TURN_SECONDS = 1800.0, 120.0
"""An island whose health check is green for so long, and whose hosts are not ready, needs a person."""

_SHOWN = 3
Readiness = tuple[str, ...]
"""What a host says has still to come right."""


@dataclass(frozen=True, slots=True)
class Reentry:
    """One island as a master sees it at `now` (Unix time).

    out
        None when it is not out.
    turn
        How many masters come before this one.
    state
        What its health check says of it, over the internet; None when it gives no answer.
    well_for
        Seconds since that was seen to be UP, without a break.
    needs
        The hosts that do each part of its work: one of each is enough.
    answers
        What each host says; who gave no answer is left out. None before they were asked.
    failed_for
        Seconds since this master could not do it; None when it did not try.
    attempt
        What came of doing it now.
    me
        This master.
    """

    island: str
    out: Out | None
    now: float
    turn: int = 0
    state: str | None = None
    well_for: float = 0.0
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    answers: Mapping[str, Readiness] | None = None
    holds: tuple[Hold, ...] = ()
    by_hand: bool = False
    failed_for: float | None = None
    attempt: Attempt | None = None
    me: str = ""

    def document(self) -> dict[str, Any]:
        """What was seen, as plain values for JSON."""
        said = {host: list(words[:_SHOWN]) for host, words in sorted((self.answers or {}).items())}
        return {"state": self.state, "well_for": round(self.well_for, 1), "hosts": said}


def patience(times: int) -> float:
    """Seconds for which its health check has to have been green when it is out for the n-th time of late."""
    return float(min(WELL_SECONDS * 2.0 ** (times - 1), LONGEST_SECONDS))


def decide(case: Reentry) -> Decision:
    """What follows, and a sentence that says why. LEAVE: it is too early, and is looked at again by itself."""
    return first_objection(_QUESTIONS, case, case.island)


def _allowed(case: Reentry) -> Answer:
    """1. Is healing on here?"""
    if case.by_hand:
        return "an operator asked for it"
    if hold := over(case.holds, (FLEET, case.island), case.now):
        return refuse(Question.ALLOWED, f"stays out: {hold.sentence(case.now)}")
    return "healing is on"


def _believed(case: Reentry) -> Answer:
    """2. Is it out?"""
    if case.out is None:
        return leave(Question.BELIEVED, "has its share of new users: it is not out")
    return f"{case.out.by} took it out {spell(case.now - case.out.since)} ago"


def _observers(case: Reentry) -> Answer:
    """3. Is it there, by the internet, and does it want users?"""
    if case.state is None:
        return leave(Question.OBSERVERS, "stays out: its health check gives no answer over the internet")
    if case.state != UP:
        return leave(Question.OBSERVERS, f'stays out: its own health check says "{case.state}"')
    return "its health check is green over the internet"


def _still_so(case: Reentry) -> Answer:
    """4. For how long?"""
    times = case.out.times if case.out else 1
    wait = patience(times) + case.turn * TURN_SECONDS - case.well_for
    if not case.by_hand and wait > 0:
        often = "" if times == 1 else f", for it was taken out {times} times within an hour"
        return leave(Question.STILL_SO, f"has to be well for another {spell(wait)}{often}")
    return f"it has been so for {spell(case.well_for)}"


def _budget(case: Reentry) -> Answer:
    """5. Was it tried just now?"""
    if not case.by_hand and case.failed_for is not None and case.failed_for < AGAIN_SECONDS:
        wait = spell(AGAIN_SECONDS - case.failed_for)
        return leave(Question.BUDGET, f"could not be brought back a while ago; it is tried again in {wait}")
    return "it was not tried in vain of late"


def _ours(case: Reentry) -> Answer:
    """6. Is it this master's to do? To do it twice changes nothing, but for who sees half of it."""
    out = case.out
    if out and out.under_way and out.said_by != case.me and case.now - out.last < BUSY_SECONDS and not case.by_hand:
        return leave(Question.OURS, f"is being seen to by {out.said_by}")
    return f"{case.turn} masters come before this one, and it is still out"


def _result(case: Reentry) -> Decision:
    """7. Are its hosts ready, and did it help?"""
    if case.attempt is not None:
        if case.attempt.outcome is Outcome.DONE:
            return Decision(Verdict.DONE, Question.RESULT, "has its share of new users again")
        words = f": {case.attempt.words}" if case.attempt.words else ""
        return Decision(Verdict.ESCALATE, Question.RESULT, f"is well, and Route53 could not be told so{words}")
    if case.answers is None:
        return Decision(Verdict.LOOK, Question.RESULT, "is well by its health check: ask its hosts")
    if not_yet := _not_yet(case.needs, case.answers):
        more = f", and {len(not_yet) - 3} more" if len(not_yet) > 3 else ""
        words = f"stays out: {'; '.join(not_yet[:3])}{more}"
        if case.well_for < OVERDUE_SECONDS + case.turn * OVERDUE_TURN_SECONDS or case.by_hand:
            return refuse(Question.RESULT, words)
        overdue = f"{words}; its health check is green for {spell(case.well_for)}"
        return Decision(Verdict.ESCALATE, Question.RESULT, overdue)
    silent = sorted({host for hosts in case.needs.values() for host in hosts} - set(case.answers))
    without = f", though {', '.join(silent)} gave no answer" if silent else ""
    sentence = f"is well, and its hosts are ready{without}: it gets its share of new users back"
    return Decision(Verdict.ACT, Question.RESULT, sentence, Action.BRING_BACK)


def _not_yet(needs: Mapping[str, tuple[str, ...]], answers: Mapping[str, Readiness]) -> list[str]:
    wrong = [f"{host} {words}" for host, said in sorted(answers.items()) for words in said]
    nobody = [part for part, hosts in sorted(needs.items()) if not any(host in answers for host in hosts)]
    return [*(f"no {part} host gave an answer" for part in nobody), *wrong]


_QUESTIONS: tuple[Callable[[Reentry], Answer], ...] = (
    _allowed, _believed, _observers, _still_so, _budget, _ours, _result,
)  # fmt: skip
