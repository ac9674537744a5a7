"""The loop around `absence.decide`, on a control host: hear that a host or an island is away, ask, write down, tell.

Masters have their turns, so far apart that the next one reads in its copy of the first one's ledger that it was told.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from titanicarus.heal import absence, incidents, orders, presence
from titanicarus.heal.absence import Absence
from titanicarus.heal.case import Decision, Verdict
from titanicarus.heal.incidents import Incident
from titanicarus.heal.post import RESULTS, Ended, Post
from titanicarus.heal.presence import Kind, Sighting
from titanicarus.heal.report import BadReport
from titanicarus.heal.watch import EVERYTHING

TURN_SECONDS = 15.0
"""For so long each master leaves it to the one before it: time for a look of everybody and a copy of the ledger."""

DOUBT_SECONDS = 60.0
"""How much later than it was told a loss has to have begun to be another one."""


@dataclass(frozen=True, slots=True)
class Outlook(Post):
    """One control host's."""

    turn_seconds: float = TURN_SECONDS

    def hear(self, tag: Any, data: Any, waited: float = 0.0) -> str:
        """See to an event; `waited` is for how many seconds it has been in this master. A sentence for the log."""
        came = self.now() - waited
        try:
            heard = presence.parse(tag, data)
        except BadReport as error:
            return self.forged(f"an event was dropped: {error}")
        place = heard.observer if heard.about == EVERYTHING else heard.about
        turn = self.facts.turn(place)
        if turn is None:
            return self.forged(f"{heard.observer} speaks of {place}, which no observer of this master looks at")
        # That it is back is said once.
        with self.alone(heard.subject, patient=heard.kind is Kind.BACK) as free:
            if not free:
                return f"{heard.subject} is being seen to"
            if turn:
                self.wait(turn * self.turn_seconds)
            seen = self._see_to(heard, came + turn * self.turn_seconds)
        return self.told(seen)

    def _see_to(self, heard: Sighting, came: float) -> Ended:
        opened = self.now()
        standing = self._standing(heard)
        case = Absence(
            heard,
            self.facts.island(heard.observer if heard.about == EVERYTHING else heard.about),
            self.facts.observers.get(heard.about, ()),
            opened,
            self.held(),
            max(0.0, opened - came),
            standing.id if standing else "",
        )
        decision = absence.decide(case)
        if decision.verdict is Verdict.LOOK:
            case = replace(case, views=orders.views(self.ask, case.observers, heard.about))
            decision = absence.decide(case)
        if heard.kind is Kind.BACK:
            return self.came_right(standing, decision.sentence) if standing else Ended(decision.sentence)
        if decision.verdict is Verdict.LEAVE:
            return Ended(decision.sentence)
        if decision.verdict is Verdict.REFUSE and self.said(heard.subject, decision.question):
            return Ended(decision.sentence)
        return self._end(decision, case, opened)

    def _end(self, decision: Decision, case: Absence, opened: float) -> Ended:
        self.close_interrupted()
        subject = case.heard.subject
        name = self.incident(subject, opened)
        self.say(f"{decision.verdict}: {decision.sentence}")
        self.write(name, subject, {"step": "opened", "report": asdict(case.heard)})
        step = {"step": "decided", "verdict": str(decision.verdict), "question": int(decision.question)}
        step |= {"sentence": decision.sentence, "passed": list(decision.passed), "views": case.document()}
        self.write(name, subject, step)
        end = {"step": "closed", "result": RESULTS[decision.verdict], "question": int(decision.question)}
        end |= {"seconds": round(self.now() - opened, 1), "sentence": decision.sentence, "down": None}
        self.write(name, subject, end)
        return Ended(decision.sentence, written=True)

    def _standing(self, heard: Sighting) -> Incident | None:
        """The incident in which any master told of it, if it is not over. It is, too, when the observer has seen it
        since: a word that it was back may have been lost."""
        past = next((one for one in reversed(incidents.fold(self.ledger.everything())) if _told(one, heard)), None)
        if past is None or past.over:
            return None
        if heard.kind is Kind.LOST and self.now() - heard.seconds > past.entries[-1]["at"] + DOUBT_SECONDS:
            self.came_right(past, f"{past.subject} was back for a while, as {heard.observer} has seen")
            return None
        return past


def _told(past: Incident, heard: Sighting) -> bool:
    return past.subject == heard.subject and past.result == RESULTS[Verdict.ESCALATE]
