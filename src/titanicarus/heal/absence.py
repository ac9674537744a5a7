"""A host or an island gives no answer: is it lost, and is a person told? Pure, by the guard's seven questions.

Nothing is done about a host: users are led elsewhere by load balancers and leases long before. What is needed is
somebody who sees to the machine, and a line in the ledger that says what was seen by whom. A whole island is taken out
as well: Route53's health checks have led its users elsewhere by then, and a share of 0 sees to it that none come back
before it is well (`reentry`), whatever its load balancers say of themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from titanicarus.heal.case import Action, Answer, Attempt, Decision, Outcome, Question, Verdict, first_objection, refuse
from titanicarus.heal.holds import FLEET, Hold, over, spell
from titanicarus.heal.presence import LOOKS, Kind, Sighting

QUEUE_SECONDS = 30.0
"""A report that waited longer in a busy master is not believed: if it is still so, it is said again."""
TRIES, AGAIN_SECONDS = 3, 300.0
"""So often, and no sooner again, an island is taken out when Route53 could not be told so."""


@dataclass(frozen=True, slots=True)
class View:
    """What one observer sees now: the names that it looks at, and those that answered."""

    asked: tuple[str, ...]
    answered: tuple[str, ...]

    def blind(self, about: str) -> bool:
        """Whether it sees nobody of several such: no host of its island, or no other island. Then its own network, or
        its island's, is more likely the trouble."""
        alike = [name for name in self.asked if ("-" in name) is ("-" in about)]
        return len(alike) > 1 and not set(alike) & set(self.answered)


@dataclass(frozen=True, slots=True)
class Absence:
    """One report as its master sees it at `now` (Unix time).

    island
        Of the host, or the island itself; None for what is not in the Saguirefile.
    observers
        Control hosts that look at it.
    holds
        What this control host was told of pauses and maintenance.
    waited
        Seconds since the report came to this master.
    standing
        Id of the incident in which people were told of it, and which is not over; "" when there is none.
    patience
        Seconds for which it may be silent before people are told.
    views
        What observers see now; None before they were asked, without those that gave no answer.
    shares
        Whether it is an island with a share of new users that is not 0 already.
    tried, failed_for
        How often this master could not take it out since people were told, and seconds since the last time; `tried` is
        None when another master told them: then that is that one's business.
    attempt
        What came of taking it out now.
    """

    heard: Sighting
    island: str | None
    observers: tuple[str, ...]
    now: float
    holds: tuple[Hold, ...] = ()
    waited: float = 0.0
    standing: str = ""
    patience: float = 0.0
    views: Mapping[str, View] | None = field(default=None)
    shares: bool = False
    tried: int | None = 0
    failed_for: float = 0.0
    attempt: Attempt | None = None

    @property
    def whole_island(self) -> bool:
        """Whether it is about an island."""
        return self.heard.about == self.island

    @property
    def due(self) -> bool:
        """Whether it is to be taken out: when people were told of it by this master, and it is not yet."""
        if not self.shares or not self.standing or self.attempt is not None or self.tried is None:
            return False
        return self.tried == 0 or (self.tried < TRIES and self.failed_for >= AGAIN_SECONDS)

    def document(self) -> dict[str, Any]:
        """What was seen, as plain values for JSON."""
        return {who: {"asked": list(view.asked), "answered": list(view.answered)}
                for who, view in sorted((self.views or {}).items())}  # fmt: skip


def decide(case: Absence) -> Decision:
    """What follows, and a sentence that says why."""
    return first_objection(_QUESTIONS, case, case.heard.subject)


def _allowed(case: Absence) -> Answer:
    """1. Is healing on here?"""
    hold = over(case.holds, (FLEET, case.island or "", case.heard.about), case.now)
    if hold is not None and case.heard.kind is Kind.LOST:
        return refuse(Question.ALLOWED, f"is not missed: {hold.sentence(case.now)}")
    return "healing is on"


def _believed(case: Absence) -> Answer:
    """2. May this observer say so, and is it news?"""
    if case.island is None:
        return refuse(Question.BELIEVED, "is no host and no island of this fleet")
    if case.heard.kind is not Kind.UNKNOWN and case.heard.observer not in case.observers:
        return refuse(Question.BELIEVED, f"is not for {case.heard.observer} to look at")
    if case.waited > QUEUE_SECONDS:
        return refuse(Question.BELIEVED, f"was reported {spell(case.waited)} ago; if it is still so, it is said again")
    return f"{case.heard.observer} looks at it, and it is news"


def _observers(case: Absence) -> Answer:
    """3. Do enough observers say so? One is enough to ask the others."""
    heard = case.heard
    if heard.kind is Kind.BACK:
        return f"{heard.observer} had an answer"
    if heard.kind is Kind.UNKNOWN:
        return refuse(Question.OBSERVERS, f"is not clear: {heard.why or 'no reason given'}; unknown is not lost")
    if heard.looks < LOOKS:
        words = f"gave no answer to {heard.looks} looks only, which is not enough"
        return Decision(Verdict.LEAVE, Question.OBSERVERS, words)
    if heard.seconds < case.patience and not case.standing:
        words = f"gives no answer for {spell(heard.seconds)}: it has {spell(case.patience)} to come back by itself"
        return Decision(Verdict.LEAVE, Question.OBSERVERS, words)
    return f"{heard.observer} had no answer to {heard.looks} looks in a row, for {spell(heard.seconds)}"


def _still_so(case: Absence) -> Answer:
    """4. Is it still so? Everybody looks again, now."""
    back = case.heard.kind is Kind.BACK
    if back and not case.standing:
        return Decision(Verdict.LEAVE, Question.STILL_SO, "answers, and nobody was told that it did not")
    if case.standing and not back and not case.due and case.attempt is None:
        return Decision(Verdict.LEAVE, Question.STILL_SO, f"is still away, as incident {case.standing} says")
    if case.views is None:
        return Decision(Verdict.LOOK, Question.STILL_SO, f"is {case.heard.kind}: look again")
    return _seen(case, case.views)


def _seen(case: Absence, views: Mapping[str, View]) -> Answer:
    """What the second look found."""
    back = case.heard.kind is Kind.BACK
    seen = sorted(who for who, view in views.items() if case.heard.about in view.answered)
    if seen:
        return Decision(Verdict.DONE if back else Verdict.LEAVE, Question.STILL_SO, f"answers {_all(seen)}")
    if not views:
        return refuse(Question.STILL_SO, "is missed, and nobody who could look at it says a word; unknown is not lost")
    if back:
        return refuse(Question.STILL_SO, f"is said to be back by {case.heard.observer}, and nobody sees it")
    if not _able(case):
        blind = f"{_all(sorted(views))}, and nobody like it is seen from there: the trouble is there"
        return refuse(Question.STILL_SO, f"is missed by {blind}")
    return f"a second look of {_all(_able(case))} has no answer"


def _budget(_case: Absence) -> Answer:
    """5. Is there budget? Telling costs none: of the same trouble nobody is told twice. What nobody could serve is not
    taken out: Route53 is asked for that, where the change is made (`gslb.safety`)."""
    return "nothing is done to a host, so nothing is spent"


def _ours(_case: Absence) -> Answer:
    """6. Is it this master's to tell? Masters come one after the other, and read each other's ledgers."""
    return "no other master has told it, as far as this one knows"


def _result(case: Absence) -> Decision:
    """7. An island is taken out, and somebody has to see to it."""
    if case.due:
        words = f"gives no answer to {_all(_able(case))}: take it out, so that users come back when it is well"
        return Decision(Verdict.ACT, Question.RESULT, words, Action.TAKE_OUT)
    if case.standing:
        return Decision(
            Verdict.LEAVE, Question.RESULT, f"is still away, as incident {case.standing} says; {_taken(case)}"
        )
    since = f"gives no answer to {_all(_able(case))}, for {spell(case.heard.seconds)} or more"
    if case.whole_island:
        words = "neither by the tunnels nor by the internet; its users are led to other islands"
    else:
        words = "others there do; if it stays so, a blank machine can take its place (docs/control.md)"
    return Decision(Verdict.ESCALATE, Question.RESULT, f"{since}: {words}")


def _taken(case: Absence) -> str:
    if case.attempt is None or case.attempt.outcome is Outcome.DONE:
        return "its share of new users is 0 until it is well again"
    words = f": {case.attempt.words}" if case.attempt.words else ""
    return f"its share of new users could not be made 0{words}"


def _able(case: Absence) -> list[str]:
    return sorted(who for who, view in (case.views or {}).items() if not view.blind(case.heard.about))


def _all(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


_QUESTIONS: tuple[Callable[[Absence], Answer], ...] = (
    _allowed, _believed, _observers, _still_so, _budget, _ours, _result,
)  # fmt: skip
