"""The loop around the decision, on a control host: hear, look, act, write down. What it decides is in `decide`.

Whatever is done is in the ledger before it is done. A master that dies in the middle leaves an incident without an end,
which the next incident here closes as `interrupted`; its claim on the host ends by itself, the host says again what is
wrong, and whoever hears it goes on from what is to be seen then.
"""

from __future__ import annotations

import fcntl
import hashlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from titanicarus.control import layout
from titanicarus.heal import holds, incidents, orders, report
from titanicarus.heal.case import Action, Attempt, Case, Decision, Question, Spent, Verdict
from titanicarus.heal.decide import HOUR, decide
from titanicarus.heal.facts import Facts
from titanicarus.heal.ledger import Entry, Ledger
from titanicarus.heal.orders import Ask
from titanicarus.heal.report import BadReport, Kind, Report
from titanicarus.heal.sight import Sight

RUN = Path("/run/titanicarus/heal")
TURN_SECONDS = 3.0
"""For so long each master leaves a host to the one before it in the host's list."""
TROUBLE_SECONDS = 120.0
SAID_AGAIN_SECONDS = 3600.0
"""A refusal that says the same as the one before is not written down again for so long."""
FORGED, HEARD = "forged", "heard"
LONGEST_INCIDENT = 1800.0
RESULTS = {
    Verdict.DONE: "healed",
    Verdict.REFUSE: "refused",
    Verdict.ESCALATE: "escalated",
    Verdict.LEAVE: "left",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a report; `written`: there is something new in the ledger."""

    sentence: str
    written: bool = False


@dataclass(frozen=True, slots=True)
class Guard:
    """One control host's guard. Clock and pauses come in for tests."""

    facts: Facts
    ledger: Ledger
    ask: Ask
    root: Path = Path("/")
    say: Callable[[str], None] = print
    now: Callable[[], float] = time.time
    wait: Callable[[float], None] = time.sleep
    turn_seconds: float = TURN_SECONDS
    _run: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_run", layout.below(self.root, RUN))

    def hear(self, tag: Any, data: Any, waited: float = 0.0) -> str:
        """See to an event; `waited` is for how many seconds it has been in this master. A sentence for the log."""
        came = self.now() - waited
        try:
            heard = report.parse(tag, data)
        except BadReport as error:
            return self._forged(f"an event was dropped: {error}")
        turn = self.facts.turn(heard.host)
        if turn is None:
            return self._forged(f"{heard.host} is no host that listens to this master")
        with self._alone(heard.subject) as free:
            if not free:
                return f"{heard.subject} is being seen to"
            if heard.kind is not Kind.WELL:
                self._mark(self._run / HEARD / heard.host)
            if turn:
                self.wait(turn * self.turn_seconds)
            seen = self._see_to(heard, came + turn * self.turn_seconds, first=turn == 0)
        return self._told(seen)

    def by_hand(self, host: str, unit: str, *, dry: bool = False) -> str:
        """See to a unit because an operator says so. With `dry` nothing is done and nothing claimed or written down."""
        asked = Report(host, Kind.STOPPED, unit, boot="", up=0.0, seconds=0.0, looks=2)
        with self._alone(asked.subject) as free:
            if not free:
                return f"{asked.subject} is being seen to"
            seen = self._see_to(asked, self.now(), by_hand=True, dry=dry)
        return self._told(seen)

    def _told(self, seen: Ended) -> str:
        """Copy what was written down; the next report need not wait for hosts that do not answer."""
        if seen.written:
            self.copy()
        return seen.sentence

    def _see_to(
        self, heard: Report, came: float, *, first: bool = True, by_hand: bool = False, dry: bool = False
    ) -> Ended:
        """From a report to its end. `first`: no other master comes before this one."""
        opened = self.now()
        stamp = hashlib.sha256(f"{heard.subject} {opened} {self.facts.me}".encode()).hexdigest()[:4]
        name = time.strftime("%Y%m%d-%H%M%S-", time.gmtime(opened)) + stamp
        case = Case(heard, self.facts.hosts.get(heard.host), opened, self._holds(), by_hand=by_hand)
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
                    self._close_interrupted()
                    self._opened(name, case)
                    told = True
                attempt = self._act(name, case, decision, decision.action)
                case = replace(case, attempts=(*case.attempts, attempt), sight=None)
            else:
                return self._end(name, decision, case, opened, told=told, first=first)

    def _act(self, name: str, case: Case, decision: Decision, action: Action) -> Attempt:
        self._decided(name, decision, case)
        step = {"step": "acting", "host": case.report.host, "unit": case.report.unit, "action": str(action)}
        self._write(name, case.report, step)
        began = self.now()
        attempt = orders.act(self.ask, self.facts.me, name, case, action)
        step = {"step": "outcome", "outcome": str(attempt.outcome), "words": attempt.words}
        self._write(name, case.report, {**step, "seconds": round(self.now() - began, 1)})
        return attempt

    def _end(self, name: str, decision: Decision, case: Case, opened: float, *, told: bool, first: bool) -> Ended:
        heard = case.report
        if decision.verdict is Verdict.LEAVE and not told:
            if heard.kind is Kind.WELL:
                self._came_right(heard, decision)
            return Ended(decision.sentence)
        if not told:
            # Another master that saw nothing itself would only say what the first one says.
            unseen = not first and not isinstance(case.sight, Sight)
            if decision.verdict is Verdict.REFUSE and (unseen or self._said(heard, decision)):
                return Ended(decision.sentence)
            self._opened(name, case)
        self._decided(name, decision, case)
        seconds = round(self.now() - opened, 1)
        end = {"step": "closed", "result": RESULTS[decision.verdict], "question": int(decision.question)}
        end |= {"seconds": seconds, "sentence": decision.sentence}
        end["down"] = round(heard.seconds + seconds, 1) if decision.verdict is Verdict.DONE else None
        self._write(name, heard, end)
        return Ended(decision.sentence, written=True)

    def copy(self) -> dict[str, str]:
        """Bring every control host that listens to this one up to date with all ledgers here. Gives back what failed:
        host to reason; who gave no answer gets it with the next incident."""
        return orders.copy(self.ask, self.ledger, self.facts.peers())

    # What is written down

    def _write(self, name: str, heard: Report, entry: Mapping[str, Any]) -> Entry:
        common = {"at": round(self.now(), 3), "master": self.facts.me, "incident": name, "subject": heard.subject}
        return self.ledger.add({**common, **entry})

    def _opened(self, name: str, case: Case) -> None:
        step = {"step": "opened", "report": asdict(case.report), "by_hand": case.by_hand}
        self._write(name, case.report, step)

    def _decided(self, name: str, decision: Decision, case: Case) -> None:
        seen = case.sight.document() if isinstance(case.sight, Sight) else None
        self.say(f"{decision.verdict}: {decision.sentence}")
        step = {"step": "decided", "verdict": str(decision.verdict), "question": int(decision.question)}
        step |= {"sentence": decision.sentence, "passed": list(decision.passed), "sight": seen}
        self._write(name, case.report, step)

    def _said(self, heard: Report, decision: Decision) -> bool:
        """Whether the last incident here about this was refused by the same question a short while ago."""
        for past in reversed(self._own()):
            if past.subject == heard.subject:
                last = past.entries[-1]
                recent = self.now() - last["at"] < SAID_AGAIN_SECONDS
                return recent and past.result == RESULTS[Verdict.REFUSE] and last.get("question") == decision.question
        return False

    def _came_right(self, heard: Report, decision: Decision) -> None:
        """Something that was refused or given up is over: that is told once, in the incident that it was."""
        for past in reversed(self._own()):
            if past.subject == heard.subject:
                steps = {entry["step"] for entry in past.entries}
                if past.result in ("refused", "escalated") and "ended" not in steps:
                    self._write(past.id, heard, {"step": "ended", "sentence": decision.sentence})
                return

    def _close_interrupted(self) -> None:
        for past in self._own():
            last = past.entries[-1]
            if past.result == incidents.OPEN and self.now() - last["at"] > LONGEST_INCIDENT:
                words = f"{past.subject}: this master ended in the middle of it, after `{last['step']}`"
                self.ledger.add(
                    {"at": round(self.now(), 3), "master": self.facts.me, "incident": past.id, "subject": past.subject}
                    | {"step": "closed", "result": "interrupted", "question": int(Question.RESULT)}
                    | {"seconds": round(self.now() - past.at, 1), "down": None, "sentence": words}
                )

    def _own(self) -> list[incidents.Incident]:
        every = self.ledger.everything().items()
        return incidents.fold({name: one for name, one in every if name.partition(".")[0] == self.facts.me})

    def _forged(self, words: str) -> str:
        """What nobody may say is told once an hour, however often it is said: strangers fill no ledger."""
        if self._since(self._run / FORGED) > SAID_AGAIN_SECONDS:
            self._mark(self._run / FORGED)
            self.say(f"{words}; others like it are not told for an hour")
            self.ledger.add({"at": round(self.now(), 3), "master": self.facts.me, "step": FORGED, "sentence": words})
        return words

    # What is known

    def _holds(self) -> tuple[holds.Hold, ...]:
        return holds.read(layout.below(self.root, holds.FILE))

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
        folder = self._run / HEARD
        marks = list(folder.iterdir()) if folder.is_dir() else []
        return sum(self._since(mark) < TROUBLE_SECONDS for mark in marks)

    def _mark(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{self.now():.1f}\n")

    def _since(self, path: Path) -> float:
        """Seconds since a mark was made; a mark that is half-written, or of the future, was never made."""
        try:
            since = self.now() - float(path.read_text())
        except (FileNotFoundError, ValueError):
            return math.inf
        return since if since >= 0 else math.inf

    @contextmanager
    def _alone(self, subject: str) -> Iterator[bool]:
        """Whether no other thread or process of this host is at it; if so, until the end nobody else is."""
        folder = self._run / "at-work"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / hashlib.sha256(subject.encode()).hexdigest()[:16]).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
