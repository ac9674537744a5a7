"""The loop around `absence.decide`, on a control host: hear that a host or an island is away, ask, write down, tell.
It takes an island out; `returns` brings it back.

Masters have their turns, so far apart that the next one reads in its copy of the first one's ledger that it was told.
Only the master that told it says that it is over.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from titanicarus.heal import absence, incidents, orders, presence, shares
from titanicarus.heal.absence import Absence
from titanicarus.heal.case import Action, Decision, Outcome, Question, Verdict
from titanicarus.heal.incidents import Incident
from titanicarus.heal.post import RESULTS, Ended, Post
from titanicarus.heal.presence import Kind, Sighting
from titanicarus.heal.report import BadReport
from titanicarus.heal.watch import EVERYTHING

TURN_SECONDS = 30.0
"""For so long each master leaves it to the one before it: time for a look of everybody, and for a copy of the ledger
that waits for the minions of dead control hosts."""
DOUBT_SECONDS = 60.0
"""How much later than it was told a loss has to have begun to be another one."""


@dataclass(frozen=True, slots=True)
class Outlook(Post):
    """One control host's."""

    turn_seconds: float = TURN_SECONDS

    def hear(self, tag: Any, data: Any, waited: float = 0.0) -> str:
        """See to an event; `waited` is for how many seconds it has been in this master. A sentence for the log."""
        try:
            heard = presence.parse(tag, data)
        except BadReport as error:
            return self.forged(f"an event was dropped: {error}")
        place = heard.observer if heard.about == EVERYTHING else heard.about
        if self.facts.island(place) is None:
            return self.forged(f"{heard.observer} speaks of {place}, which is no host and no island of this fleet")
        turn = self.facts.telling_turn(place)
        if turn is None:
            return f"{heard.subject} is for other masters"
        came = self.now() - waited
        case = self._case(heard, came, waited)
        decision = absence.decide(case)
        if decision.verdict is not Verdict.LOOK:
            return self._unseen(decision, case, first=turn == 0)
        if heard.kind is Kind.LOST and turn:
            self.wait(turn * self.turn_seconds)
        with self.alone(heard.subject, patient=heard.kind is Kind.BACK) as free:
            if not free:
                return f"{heard.subject} is being seen to"
            ended = self._see_to(heard, came, waited)
        return self.told(ended)

    def _case(self, heard: Sighting, came: float, waited: float) -> Absence:
        standing = self._standing(heard, came)
        out = heard.about not in self.facts.places or heard.about in shares.out(self.ledger.everything())
        failed = _failures(standing) if standing else []
        return Absence(
            heard,
            self.facts.island(heard.observer if heard.about == EVERYTHING else heard.about),
            self.facts.observers.get(heard.about, ()),
            self.now(),
            self.held(),
            waited,
            standing.id if standing else "",
            self.facts.lost_seconds,
            shares=not out,
            tried=len(failed) if standing is None or standing.master == self.facts.me else None,
            failed_for=self.now() - failed[-1] if failed else 0.0,
        )

    def _unseen(self, decision: Decision, case: Absence, *, first: bool) -> str:
        """What was decided without a look. All masters refuse the same; and what nobody may say is no news."""
        news = decision.verdict is Verdict.REFUSE and decision.question is not Question.BELIEVED
        if not (first and news) or self.said(case.heard.subject, decision.question):
            return decision.sentence
        return self.told(self._end(decision, case, case.now))

    def _see_to(self, heard: Sighting, came: float, waited: float) -> Ended:
        """Have everybody look; what was told meanwhile is not told again."""
        opened = self.now()
        views = orders.views(self.ask, self.facts.observers.get(heard.about, ()), heard.about)
        case = replace(self._case(heard, came, waited), views=views)
        decision = absence.decide(case)
        if decision.verdict is Verdict.DONE:
            mine = next((one for one in self.own() if one.id == case.standing), None)
            return self.came_right(mine, decision.sentence) if mine else Ended(decision.sentence)
        if decision.verdict is Verdict.LEAVE or heard.kind is Kind.BACK:
            return Ended(decision.sentence)
        if decision.verdict is Verdict.REFUSE and self.said(heard.subject, decision.question):
            return Ended(decision.sentence)
        return self._end(decision, case, opened)

    def _end(self, decision: Decision, case: Absence, opened: float) -> Ended:
        self.close_interrupted()
        subject = case.heard.subject
        if not case.standing and decision.verdict in {Verdict.ESCALATE, Verdict.ACT}:
            for past in self.own():
                if _told(past, case.heard):
                    self.came_right(past, f"{subject} was back for a while, as {case.heard.observer} has seen")
        name = case.standing or self.incident(subject, opened)
        if not case.standing:
            self.write(name, subject, {"step": "opened", "report": asdict(case.heard)})
        self.decided(name, subject, decision, views=case.document())
        if decision.verdict is Verdict.ACT:
            attempt = self.shift(name, subject, subject, Action.TAKE_OUT)
            decision = absence.decide(replace(case, attempt=attempt))
            self.decided(name, subject, decision)
        if case.standing:
            return Ended(decision.sentence, written=True)
        return self.closed(name, subject, decision, opened)

    def _standing(self, heard: Sighting, came: float) -> Incident | None:
        """The incident in which any master told of it, if it is not over: it is, too, when an observer that has seen it
        meanwhile speaks of a loss that began later. Then nobody heard that it was back."""
        every = incidents.fold(self.ledger.everything())
        past = next((one for one in reversed(every) if _told(one, heard)), None)
        if past is None or past.over:
            return None
        seen = heard.kind is Kind.LOST and heard.seen
        return None if seen and came - heard.seconds > past.entries[-1]["at"] + DOUBT_SECONDS else past


def _failures(past: Incident) -> list[float]:
    """When it was tried in vain to take the island out."""
    return [entry["at"] for entry in past.entries if entry["step"] == "outcome" and entry["outcome"] != Outcome.DONE]


def _told(past: Incident, heard: Sighting) -> bool:
    return past.subject == heard.subject and past.result == RESULTS[Verdict.ESCALATE]
