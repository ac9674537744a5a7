"""What `outlook` and `ward` have in common: hear of what nobody here can put right, look again, write down, tell.

Masters have their turns, so far apart that the next one reads in its copy of the first one's ledger that it was told.
Only the master that told it says that it is over.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol, TypeVar

from titanicarus.heal import incidents
from titanicarus.heal.case import Decision, Question, Verdict
from titanicarus.heal.incidents import Incident
from titanicarus.heal.post import RESULTS, Ended, Post
from titanicarus.heal.report import BadReport

TURN_SECONDS = 30.0
"""For so long each master leaves it to the one before it: time for a look of everybody, and for a copy of the ledger
that waits for the minions of dead control hosts."""
DOUBT_SECONDS = 60.0
"""How much later than it was told a trouble has to have begun to be another one."""


class Heard(Protocol):
    """Somebody's word."""

    @property
    def subject(self) -> str:
        """What an incident is about."""

    @property
    def by(self) -> str:
        """The host that says so."""

    @property
    def place(self) -> str:
        """The host or island by which it is known whose masters see to it."""

    @property
    def ends(self) -> bool:
        """Whether it says that all is well again."""

    @property
    def accuses(self) -> bool:
        """Whether it says that something is wrong, and not only that nothing is known."""

    @property
    def seen(self) -> bool:
        """Whether who says so has seen it well since its minion was started."""

    @property
    def seconds(self) -> float:
        """For how long it was so by then."""


class Case(Protocol):
    """What is known of it when a decision is due: a frozen dataclass with these fields."""

    @property
    def heard(self) -> Any: ...
    @property
    def now(self) -> float: ...
    @property
    def standing(self) -> str: ...
    def document(self) -> dict[str, Any]: ...


HeardT = TypeVar("HeardT", bound=Heard)


@dataclass(frozen=True, slots=True)
class Teller(Post):
    """One control host's. What differs is abstract."""

    turn_seconds: float = TURN_SECONDS

    @abstractmethod
    def parse(self, tag: Any, data: Any) -> Any:
        """An event as a `Heard`. Raises BadReport."""

    @abstractmethod
    def case(self, heard: Any, waited: float, standing: Incident | None) -> Any:
        """What is known of it without a look."""

    @abstractmethod
    def decide(self, case: Any) -> Decision:
        """What follows."""

    @abstractmethod
    def views(self, heard: Any) -> Mapping[str, Any] | str:
        """What is to be seen of it now, or why nothing is."""

    def act(self, name: str, case: Any) -> Any:
        """Do what was decided; gives back the case as it is then."""
        raise NotImplementedError(f"nothing is done about {case.heard.subject}")

    def acts(self, case: Any) -> bool:  # noqa: ARG002 - an argument of those that do something
        """Whether something can be done about what people were told."""
        return False

    def hear(self, tag: Any, data: Any, waited: float = 0.0) -> str:
        """See to an event; `waited` is for how many seconds it has been in this master. A sentence for the log."""
        try:
            heard = self.parse(tag, data)
        except BadReport as error:
            return self.forged(f"an event was dropped: {error}")
        if self.facts.island(heard.place) is None:
            return self.forged(f"{heard.by} speaks of {heard.place}, which is no host and no island of this fleet")
        turn = self.facts.telling_turn(heard.place)
        if turn is None:
            return f"{heard.subject} is for other masters"
        came = self.now() - waited
        case = self.case(heard, waited, self._standing(heard, came))
        decision = self.decide(case)
        if decision.verdict is not Verdict.LOOK:
            return self._unseen(decision, case, first=turn == 0)
        with self._alone(heard) as free:
            if not free:
                return f"{heard.subject} is being seen to"
            if heard.accuses and turn:
                self.wait(turn * self.turn_seconds)
            said = self.told(self._see_to(heard, came, waited))
            # After people were told, and the other masters: what is done now takes its time.
            acted = self._act(heard, came, waited) if heard.accuses else None
        return self.told(acted) if acted else said

    def lock(self, heard: Any) -> str:
        """What only one event at a time is seen to of."""
        return str(heard.subject)

    @contextmanager
    def _alone(self, heard: Heard) -> Iterator[bool]:
        """That something is well again is said once, so it waits for who is at it; one waiter is enough: he looks."""
        name = self.lock(heard)
        with ExitStack() as held:
            if heard.ends and not held.enter_context(self.alone(f"{name}/ends")):
                yield False
            else:
                yield held.enter_context(self.alone(name, patient=heard.ends))

    def _unseen(self, decision: Decision, case: Case, *, first: bool) -> str:
        """What was decided without a look. All masters refuse the same; what nobody may say is no news, and what was
        told needs no further words."""
        news = decision.verdict is Verdict.REFUSE and decision.question is not Question.BELIEVED and not case.standing
        if not (first and news) or self.said(case.heard.subject, decision.question):
            return decision.sentence
        return self.told(self._end(decision, case, case.now))

    def _see_to(self, heard: Heard, came: float, waited: float) -> Ended:
        """Look again; what was told meanwhile is not told again."""
        opened = self.now()
        views = self.views(heard)
        case = replace(self.case(heard, waited, self._standing(heard, came)), views=views)
        decision = self.decide(case)
        if decision.verdict is Verdict.DONE:
            mine = next((one for one in self.own() if one.id == case.standing), None)
            return self.came_right(mine, decision.sentence) if mine else Ended(decision.sentence)
        if decision.verdict in {Verdict.LEAVE, Verdict.ACT} or heard.ends or case.standing:
            return Ended(decision.sentence)
        if decision.verdict is Verdict.REFUSE and self.said(heard.subject, decision.question):
            return Ended(decision.sentence)
        return self._end(decision, case, opened)

    def _end(self, decision: Decision, case: Any, opened: float) -> Ended:
        self.close_interrupted()
        heard: Heard = case.heard
        if decision.verdict is Verdict.ESCALATE:
            for past in self.own():
                if _told(past, heard):
                    self.came_right(past, f"{heard.subject} was well for a while, as {heard.by} has seen")
        name = self.incident(heard.subject, opened)
        self.write(name, heard.subject, {"step": "opened", "report": asdict(case.heard)})
        self.decided(name, heard.subject, decision, views=case.document())
        return self.closed(name, heard.subject, decision, opened)

    def _act(self, heard: Heard, came: float, waited: float) -> Ended | None:
        """Do what can be done about what people were told of; None when that is nothing."""
        case = self.case(heard, waited, self._standing(heard, came))
        if not case.standing or not self.acts(case):
            return None
        case = replace(case, views=self.views(heard))
        decision = self.decide(case)
        if decision.verdict is not Verdict.ACT:
            return None
        self.decided(case.standing, heard.subject, decision, views=case.document())
        decision = self.decide(self.act(case.standing, case))
        self.decided(case.standing, heard.subject, decision)
        return Ended(decision.sentence, written=True)

    def _standing(self, heard: Heard, came: float) -> Incident | None:
        """The incident in which any master told of it, if it is not over: it is, too, when somebody who has seen it
        well meanwhile speaks of a trouble that began later. Then nobody heard that it was well."""
        every = incidents.fold(self.ledger.everything())
        past = next((one for one in reversed(every) if _told(one, heard)), None)
        if past is None or past.over:
            return None
        seen = heard.accuses and heard.seen
        return None if seen and came - heard.seconds > past.closed_at + DOUBT_SECONDS else past


def _told(past: Incident, heard: Heard) -> bool:
    return past.subject == heard.subject and past.result == RESULTS[Verdict.ESCALATE]
