"""Where a master's guards stand: its facts, its ledger, whom it can ask, and what it is busy with.

Whatever is done is in the ledger before it is done. A master that dies in the middle leaves an incident without an end,
which the next incident here closes as `interrupted`.
"""

from __future__ import annotations

import fcntl
import hashlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from titanicarus.control import layout
from titanicarus.heal import holds, incidents, orders, shares
from titanicarus.heal.case import Action, Attempt, Decision, Outcome, Question, Verdict
from titanicarus.heal.facts import Facts
from titanicarus.heal.ledger import Entry, Ledger
from titanicarus.heal.orders import Ask

RUN = Path("/run/titanicarus/heal")
SAID_AGAIN_SECONDS = 3600.0
"""A refusal that says the same as the one before is not written down again for so long."""
FORGED = "forged"
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
class Post:
    """One control host's. Clock and pauses come in for tests."""

    facts: Facts
    ledger: Ledger
    ask: Ask
    root: Path = Path("/")
    say: Callable[[str], None] = print
    now: Callable[[], float] = time.time
    wait: Callable[[float], None] = time.sleep

    @property
    def run(self) -> Path:
        """Where it is noted what this host is busy with; a boot ends that."""
        return layout.below(self.root, RUN)

    def copy(self) -> dict[str, str]:
        """Bring every control host that listens to this one up to date with all ledgers here. Gives back what failed:
        host to reason; who gave no answer gets it with the next incident."""
        return orders.copy(self.ask, self.ledger, self.facts.peers())

    def told(self, ended: Ended) -> str:
        """Copy what was written down; the next report need not wait for hosts that do not answer."""
        if ended.written:
            self.mark_shares()
            self.copy()
        return ended.sentence

    # What is written down

    def incident(self, subject: str, opened: float) -> str:
        """The id of a new incident."""
        stamp = hashlib.sha256(f"{subject} {opened} {self.facts.me}".encode()).hexdigest()[:4]
        return time.strftime("%Y%m%d-%H%M%S-", time.gmtime(opened)) + stamp

    def write(self, name: str, subject: str, entry: Mapping[str, Any]) -> Entry:
        """One step of an incident."""
        common = {"at": round(self.now(), 3), "master": self.facts.me, "incident": name, "subject": subject}
        return self.ledger.add({**common, **entry})

    def decided(self, name: str, subject: str, decision: Decision, **seen: Any) -> None:
        """What was decided, and what was seen by then."""
        self.say(f"{decision.verdict}: {decision.sentence}")
        step = {"step": "decided", "verdict": str(decision.verdict), "question": int(decision.question)}
        self.write(name, subject, {**step, "sentence": decision.sentence, "passed": list(decision.passed), **seen})

    def closed(self, name: str, subject: str, decision: Decision, opened: float, down: float | None = None) -> Ended:
        """The end of an incident that was opened at `opened`; `down`: for how many seconds users may have felt it."""
        end = {"step": "closed", "result": RESULTS[decision.verdict], "question": int(decision.question)}
        end |= {"seconds": round(self.now() - opened, 1), "down": down, "sentence": decision.sentence}
        self.write(name, subject, end)
        return Ended(decision.sentence, written=True)

    def shift(self, name: str, subject: str, island: str, action: Action) -> Attempt:
        """Take an island out or bring it back: first in the ledgers, by which everybody goes who brings Route53 up to
        date, then there; one after the other. What Route53 was not asked to do is taken back here; what nobody knows
        the end of is not."""
        with self.alone("shares", patient=True):
            before = shares.out(self.ledger.everything()).get(island)
            out = action is Action.TAKE_OUT
            self._share(name, subject, island, {"step": shares.TAKEN_OUT if out else shares.BROUGHT_BACK})
            self.copy()  # who goes on with it if this master dies has to know of it
            began = self.now()
            attempt = orders.shift(self.ask, self.facts.me, action)
            seconds = round(self.now() - began, 1)
            outcome = {"outcome": str(attempt.outcome), "words": attempt.words, "seconds": seconds}
            self._share(name, subject, island, {"step": shares.OUTCOME, **outcome})
            if attempt.outcome is Outcome.REFUSED:
                self._take_back(name, subject, island, before, out=out)
        return attempt

    def _take_back(self, name: str, subject: str, island: str, before: shares.Out | None, *, out: bool) -> None:
        """The word that nothing came of; what was so before it is so again."""
        if before is None and out:
            self._share(name, subject, island, {"step": shares.BROUGHT_BACK, "undo": True})
        elif before is not None and before.returning is out:
            self._share(name, subject, island, {"step": shares.BROUGHT_BACK if out else shares.TAKEN_OUT})

    def _share(self, name: str, subject: str, island: str, entry: Mapping[str, Any]) -> None:
        """A step about an island's share. It is later than what anybody has said of it, whatever the clocks are."""
        at = max(self.now(), shares.latest(self.ledger.everything(), island) + 0.001)
        self.write(name, subject, {"at": round(at, 3), "island": island, **entry})
        self.mark_shares()

    def mark_shares(self) -> None:
        """Have the returns of islands looked after here while there are any."""
        shares.mark(self.ledger, self.facts.places, layout.below(self.root, shares.MARK))

    def said(self, subject: str, question: Question) -> bool:
        """Whether the last incident here about this was refused by the same question a short while ago."""
        for past in reversed(self.own()):
            if past.subject == subject:
                last = past.entries[-1]
                recent = self.now() - last["at"] < SAID_AGAIN_SECONDS
                return recent and past.result == RESULTS[Verdict.REFUSE] and last.get("question") == question
        return False

    def came_right(self, past: incidents.Incident, sentence: str) -> Ended:
        """Something that was refused or given up is over: that is told once, in the incident that it was."""
        if past.result not in ("refused", "escalated") or past.over:
            return Ended(sentence)
        self.write(past.id, past.subject, {"step": incidents.ENDED, "sentence": sentence})
        return Ended(sentence, written=True)

    def close_interrupted(self) -> None:
        """Incidents that this master left in the middle."""
        for past in self.own():
            last = past.entries[-1]
            if past.result == incidents.OPEN and self.now() - last["at"] > LONGEST_INCIDENT:
                words = f"{past.subject}: this master ended in the middle of it, after `{last['step']}`"
                end = {"step": "closed", "result": "interrupted", "question": int(Question.RESULT)}
                end |= {"seconds": round(self.now() - past.at, 1), "down": None, "sentence": words}
                self.write(past.id, past.subject, end)

    def own(self) -> list[incidents.Incident]:
        """The incidents of this master."""
        every = self.ledger.everything().items()
        return incidents.fold({name: one for name, one in every if name.partition(".")[0] == self.facts.me})

    def forged(self, words: str) -> str:
        """What nobody may say is told once an hour, however often it is said: strangers fill no ledger."""
        if self.since(self.run / FORGED) > SAID_AGAIN_SECONDS:
            self.mark(self.run / FORGED)
            self.say(f"{words}; others like it are not told for an hour")
            self.ledger.add({"at": round(self.now(), 3), "master": self.facts.me, "step": FORGED, "sentence": words})
        return words

    # What is known

    def held(self) -> tuple[holds.Hold, ...]:
        """What this control host was told of pauses and maintenance."""
        return holds.read(layout.below(self.root, holds.FILE))

    def mark(self, path: Path) -> None:
        """Note that something happened now."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{self.now():.1f}\n")

    def since(self, path: Path) -> float:
        """Seconds since a mark was made; a mark that is half-written, or of the future, was never made."""
        try:
            since = self.now() - float(path.read_text())
        except (FileNotFoundError, ValueError):
            return math.inf
        return since if since >= 0 else math.inf

    @contextmanager
    def alone(self, subject: str, *, patient: bool = False) -> Iterator[bool]:
        """Whether no other thread or process of this host is at it; if so, until the end nobody else is. `patient`: it
        is waited for that."""
        folder = self.run / "at-work"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / hashlib.sha256(subject.encode()).hexdigest()[:16]).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | (0 if patient else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            yield True
