"""The loop around `reentry.decide`, on a control host: an island that is out gets its share of new users back.

Any master that sees the island from outside may do it, the one that took it out first: to do it twice changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from titanicarus.drain import island as island_health
from titanicarus.heal import incidents, orders, reentry, shares
from titanicarus.heal.case import Action, Verdict
from titanicarus.heal.incidents import Incident
from titanicarus.heal.post import RESULTS, Ended, Post
from titanicarus.heal.reentry import Reentry

PAUSE_SECONDS = 60.0
"""So much later at least the hosts of an island that is not ready are asked again."""

_ESCALATED = RESULTS[Verdict.ESCALATE]

States = Callable[[Mapping[str, str]], Mapping[str, str | None]]
"""What each island says of its web service, by its public address; None when there is no answer."""


@dataclass(frozen=True, slots=True)
class Returns(Post):
    """One control host's."""

    states: States = island_health.states

    def due(self) -> list[str]:
        """The islands that are out and whose time has come, by their own health checks, as far as this host can see
        without asking anybody. To be called again and again: it takes down since when a health check is green."""
        self.mark_shares()
        found = []
        for island in shares.out(self.ledger.everything()):
            if island in self.facts.places and self._may_judge(island):
                decision = reentry.decide(self._case(island))
                if decision.verdict is Verdict.LOOK and self.since(self._marked("tried", island)) > PAUSE_SECONDS:
                    found.append(island)
        return found

    def _may_judge(self, island: str) -> bool:
        """Whether this host sees it from outside, and its hosts listen to the master here."""
        seen = self.facts.me in self.facts.observers.get(island, ())
        return seen and self.facts.telling_turn(island) is not None

    def bring_back(self, island: str, *, by_hand: bool = False, dry: bool = False) -> str:
        """See whether an island that is out gets its share of new users back, and do it. A sentence for the log.

        With `dry` nothing is done and nothing written down.
        """
        if island not in self.facts.places:
            return f"{island} is no island that has a share of new users"
        with self.alone(_subject(island)) as free:
            if not free:
                return f"{island} is being seen to"
            ended = self._bring_back(island, by_hand=by_hand, dry=dry)
        return self.told(ended)

    def _bring_back(self, island: str, *, by_hand: bool, dry: bool) -> Ended:
        opened = self.now()
        case = self._case(island, by_hand=by_hand)
        decision = reentry.decide(case)
        if decision.verdict is Verdict.LOOK:
            if not dry:
                self.mark(self._marked("tried", island))
            case = replace(case, answers=orders.readiness(self.ask, self.facts.places[island].hosts))
            decision = reentry.decide(case)
        subject = _subject(island)
        if dry:
            return Ended(f"would {decision.verdict}: {decision.sentence}")
        told = decision.verdict is Verdict.REFUSE and self.said(subject, decision.question)
        again = decision.verdict is Verdict.ESCALATE and not case.by_hand and self._told_of(island, case)
        if decision.verdict is Verdict.LEAVE or told or again:
            return Ended(decision.sentence)
        self.close_interrupted()
        name = self.incident(subject, opened)
        report = {"state": case.state, "well_for": round(case.well_for, 1), "by_hand": by_hand}
        self.write(name, subject, {"step": "opened", "report": report})
        self.decided(name, subject, decision, views=case.document())
        if decision.verdict is Verdict.ACT:
            attempt = self.shift(name, subject, island, Action.BRING_BACK)
            decision = reentry.decide(replace(case, attempt=attempt))
            self.decided(name, subject, decision)
            if decision.verdict is Verdict.DONE:
                self._marked("well", island).unlink(missing_ok=True)
        return self.closed(name, subject, decision, opened)

    def _case(self, island: str, *, by_hand: bool = False) -> Reentry:
        place, out = self.facts.places[island], shares.out(self.ledger.everything()).get(island)
        state = self.states({island: place.address})[island]
        turn = self.facts.telling_turn(island) or 0
        failed = [past.closed_at for past in self.own() if _in_vain(past, island)]
        return Reentry(
            island,
            out,
            self.now(),
            turn=0 if out and out.by == self.facts.me else turn + 1,
            state=state,
            # A mark that was left from the time before it was out says nothing of now.
            well_for=min(self._well_for(island, state), self.now() - out.since if out else math.inf),
            needs=place.needs,
            holds=self.held(),
            by_hand=by_hand,
            failed_for=self.now() - failed[-1] if failed else None,
            me=self.facts.me,
        )

    def _told_of(self, island: str, case: Reentry) -> bool:
        """Whether people were told, since it was taken out, that its return takes too long."""
        since = case.out.since if case.out else 0.0
        every = incidents.fold(self.ledger.everything())
        escalated = [past for past in every if past.subject == _subject(island) and past.result == _ESCALATED]
        return any(past.at > since for past in escalated)

    def _well_for(self, island: str, state: str | None) -> float:
        """Seconds since its health check was seen to be green first, without a break that was seen."""
        marked = self._marked("well", island)
        if state != reentry.UP:
            marked.unlink(missing_ok=True)
            return 0.0
        if math.isinf(self.since(marked)):
            self.mark(marked)
        return self.since(marked)

    def _marked(self, what: str, island: str) -> Path:
        return self.run / "islands" / f"{island}.{what}"


def _subject(island: str) -> str:
    """Of its incidents. That of its loss is the island itself."""
    return f"{island}/share"


def _in_vain(past: Incident, island: str) -> bool:
    """Whether Route53 could not be told."""
    acted = any(entry["step"] == shares.OUTCOME for entry in past.entries)
    return acted and past.subject == _subject(island) and past.result == _ESCALATED
