"""The loop around the decision, on a control host: hear, look, act, write down. What it decides is in `decide`.

A master that dies in the middle leaves its claim on the host, which ends by itself: the host says again what is wrong,
and whoever hears it goes on from what is to be seen then.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from titanicarus.heal import orders, report
from titanicarus.heal.case import Action, Attempt, Case, Decision, Spent, Verdict
from titanicarus.heal.decide import HOUR, decide
from titanicarus.heal.post import Ended, Post
from titanicarus.heal.report import BadReport, Kind, Report
from titanicarus.heal.sight import Sight

TURN_SECONDS = 3.0
"""For so long each master leaves a host to the one before it in the host's list."""
TROUBLE_SECONDS = 120.0
HEARD = "heard"


@dataclass(frozen=True, slots=True)
class Guard(Post):
    """One control host's guard of units."""

    turn_seconds: float = TURN_SECONDS

    def hear(self, tag: Any, data: Any, waited: float = 0.0) -> str:
        """See to an event; `waited` is for how many seconds it has been in this master. A sentence for the log."""
        came = self.now() - waited
        try:
            heard = report.parse(tag, data)
        except BadReport as error:
            return self.forged(f"an event was dropped: {error}")
        turn = self.facts.turn(heard.host)
        if turn is None:
            return self.forged(f"{heard.host} is no host that listens to this master")
        with self.alone(heard.subject) as free:
            if not free:
                return f"{heard.subject} is being seen to"
            if heard.kind is not Kind.WELL:
                self.mark(self.run / HEARD / heard.host)
            if turn:
                self.wait(turn * self.turn_seconds)
            seen = self._see_to(heard, came + turn * self.turn_seconds, first=turn == 0)
        return self.told(seen)

    def by_hand(self, host: str, unit: str, *, dry: bool = False) -> str:
        """See to a unit because an operator says so. With `dry` nothing is done and nothing claimed or written down."""
        asked = Report(host, Kind.STOPPED, unit, boot="", up=0.0, seconds=0.0, looks=2)
        with self.alone(asked.subject) as free:
            if not free:
                return f"{asked.subject} is being seen to"
            seen = self._see_to(asked, self.now(), by_hand=True, dry=dry)
        return self.told(seen)

    def _see_to(
        self, heard: Report, came: float, *, first: bool = True, by_hand: bool = False, dry: bool = False
    ) -> Ended:
        """From a report to its end. `first`: no other master comes before this one."""
        opened = self.now()
        name = self.incident(heard.subject, opened)
        case = Case(heard, self.facts.hosts.get(heard.host), opened, self.held(), by_hand=by_hand)
        told = False
        while True:
            now = self.now()
            case = replace(case, now=now, waited=0.0 if case.sight or case.attempts else max(0.0, now - came))
            decision = decide(case)
            if decision.verdict is Verdict.LOOK:
                found = orders.look(self.ask, self.facts.me, name, case, claim=not dry)
                case = replace(case, sight=found, spent=self._spent(heard.host))
            elif dry:
                return Ended(f"would {decision.verdict}: {decision.sentence}")
            elif decision.action:
                if not told:
                    self.close_interrupted()
                    self._opened(name, case)
                    told = True
                attempt = self._act(name, case, decision, decision.action)
                case = replace(case, attempts=(*case.attempts, attempt), sight=None)
            else:
                return self._end(name, decision, case, opened, told=told, first=first)

    def _act(self, name: str, case: Case, decision: Decision, action: Action) -> Attempt:
        self._decided(name, decision, case)
        step = {"step": "acting", "host": case.report.host, "unit": case.report.unit, "action": str(action)}
        self.write(name, case.report.subject, step)
        began = self.now()
        attempt = orders.act(self.ask, self.facts.me, name, case, action)
        step = {"step": "outcome", "outcome": str(attempt.outcome), "words": attempt.words}
        self.write(name, case.report.subject, {**step, "seconds": round(self.now() - began, 1)})
        return attempt

    def _end(self, name: str, decision: Decision, case: Case, opened: float, *, told: bool, first: bool) -> Ended:
        heard = case.report
        if decision.verdict is Verdict.LEAVE and not told:
            last = next((past for past in reversed(self.own()) if past.subject == heard.subject), None)
            if heard.kind is Kind.WELL and last:
                return self.came_right(last, decision.sentence)
            return Ended(decision.sentence)
        if not told:
            # Another master that saw nothing itself would only say what the first one says.
            unseen = not first and not isinstance(case.sight, Sight)
            if decision.verdict is Verdict.REFUSE and (unseen or self.said(heard.subject, decision.question)):
                return Ended(decision.sentence)
            self._opened(name, case)
        self._decided(name, decision, case)
        done = decision.verdict is Verdict.DONE
        down = round(heard.seconds + self.now() - opened, 1) if done else None
        return self.closed(name, heard.subject, decision, opened, down)

    def _opened(self, name: str, case: Case) -> None:
        step = {"step": "opened", "report": asdict(case.report), "by_hand": case.by_hand}
        self.write(name, case.report.subject, step)

    def _decided(self, name: str, decision: Decision, case: Case) -> None:
        seen = case.sight.document() if isinstance(case.sight, Sight) else None
        self.decided(name, case.report.subject, decision, sight=seen)

    def _spent(self, host: str) -> Spent:
        """Acts of the last hour, by all ledgers here, and hosts that report trouble."""
        island = self.facts.hosts[host].island if host in self.facts.hosts else ""
        acts = {
            (entry["incident"], entry["number"], entry["host"])
            for entries in self.ledger.everything().values()
            for entry in entries
            if entry["step"] == "acting" and self.now() - entry["at"] < HOUR
        }
        islands = [self.facts.hosts[told].island for _, _, told in acts if told in self.facts.hosts]
        return Spent(islands.count(island), len(acts), self._troubled(), len(self.facts.hosts))

    def _troubled(self) -> int:
        folder = self.run / HEARD
        marks = list(folder.iterdir()) if folder.is_dir() else []
        return sum(self.since(mark) < TROUBLE_SECONDS for mark in marks)
