"""A part of a host is ill: what is worth saying of it, what is believed, and whether a person is told. Pure.

Keepers and agents put right what they can: copies are made anew, mounts mounted again, bricks healed. What is still ill
after a while they cannot put right. By the guard's seven questions, in their order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from titanicarus.heal import report, watch
from titanicarus.heal.case import Answer, Decision, Question, Verdict, first_objection, leave, refuse
from titanicarus.heal.holds import FLEET, Hold, over, spell
from titanicarus.heal.report import BadReport
from titanicarus.heal.watch import EVERYTHING, Limits, Memory

LOOKS = 2
LIMITS = Limits(down_looks=LOOKS, up_looks=2, failing_starts=1_000_000)
"""A part has no runs that could be counted."""
QUEUE_SECONDS = 30.0
"""A report that waited longer in a busy master is not believed: if it is still so, it is said again."""
KINDS = frozenset({"database", "brick", "mount", "disk", "certificates"})
OF_SHARDS = frozenset({"database", "brick", "mount"})
MOST_TOLD = 8
"""Of the parts of one host within an hour: more is no news, and a host that lies may not tell people without end."""
_WELL = "well"
_LONGEST = 200


class Kind(StrEnum):
    """What is said of a part. The tag is `salt/beacon/<host>/parts/<kind>`."""

    ILL = "ill"
    WELL = "well"
    UNKNOWN = "unknown"


_KINDS = {report.Kind.STOPPED: Kind.ILL, report.Kind.WELL: Kind.WELL, report.Kind.UNKNOWN: Kind.UNKNOWN}

TAG = re.compile(r"salt/beacon/([a-z][a-z0-9]*-[a-z][a-z0-9]*)/parts/(" + "|".join(Kind) + ")")
PART = re.compile(r"\*|[a-z]{1,20}(?: [A-Za-z0-9/_.@-]{1,100})?")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a host remembers: which parts it has seen well in this run of its minion, and what it said of each."""

    seen: frozenset[str] = frozenset()
    memory: Memory = field(default_factory=dict)


def restored(ill: Iterable[str], now: float) -> Outcome:
    """What a minion begins with: what the one before it had said was ill. If that is well, it is said; if not, it has
    its time to come right once more."""
    unit = watch.Unit(said=report.Kind.STOPPED, seen_as=report.Kind.STOPPED, since=now, said_at=now)
    return Outcome(memory=dict.fromkeys(ill, unit))


def said_ill(after: Outcome) -> list[str]:
    """The parts that were said to be ill, and not to be well since."""
    return sorted(name for name, one in after.memory.items() if one.said == report.Kind.STOPPED)


def step(
    before: Outcome, parts: Mapping[str, str] | None, now: float, why: str = ""
) -> tuple[Outcome, list[dict[str, Any]]]:
    """The next memory and the events to send, after a look at `now` (seconds since the boot).

    `parts` says what is wrong with each, "" for nothing; None when the look could not be made, for the reason `why`.
    What was ill and is no part any more is well.
    """
    well = {part for part, wrong in (parts or {}).items() if not wrong}
    gone = {part for part in said_ill(before) if parts is not None and part not in parts}
    runs = None if parts is None else dict.fromkeys(well | gone, _WELL)
    memory, news = watch.step(before.memory, runs, [*(parts or ()), *sorted(gone)], now, LIMITS)
    seen = before.seen | well
    # That it can look again needs no words: it goes on to say what it finds.
    said = [one for one in news if one.unit != EVERYTHING or _KINDS[one.kind] is Kind.UNKNOWN]
    events = [_event(one, now, (parts or {}).get(one.unit, why), seen=one.unit in seen) for one in said]
    return Outcome(seen, memory), events


def _event(news: watch.News, now: float, why: str, *, seen: bool) -> dict[str, Any]:
    data: dict[str, Any] = {"tag": str(_KINDS[news.kind]), "part": news.unit, "up": round(now, 1), "seen": seen}
    return data | {"seconds": news.seconds, "looks": news.looks, "again": news.again, "why": why[:_LONGEST]}


@dataclass(frozen=True, slots=True)
class Ailment:
    """A host's word about one of its parts, or EVERYTHING when it cannot look. `seconds` is for how long it was so by
    then, `looks` how many looks in a row had found it; `seen`: it was well since the host's minion was started."""

    host: str
    kind: Kind
    part: str
    seconds: float
    looks: int
    seen: bool
    why: str

    @property
    def subject(self) -> str:
        """What an incident is about."""
        return f"{self.host}/{'parts' if self.part == EVERYTHING else self.part}"

    @property
    def by(self) -> str:
        """The host that says so."""
        return self.host

    @property
    def place(self) -> str:
        """The host that it is about."""
        return self.host

    @property
    def ends(self) -> bool:
        """Whether it says that all is well again."""
        return self.kind is Kind.WELL

    @property
    def accuses(self) -> bool:
        """Whether it says that something is ill."""
        return self.kind is Kind.ILL


def parse(tag: Any, data: Any) -> Ailment:
    """Raises BadReport."""
    host, kind = report.sender(TAG, tag, data)
    part = report.text(data, "part", PART)
    if (part == EVERYTHING) is not (kind == Kind.UNKNOWN):
        raise BadReport("its part and its kind do not go together")
    return Ailment(
        host=host,
        kind=Kind(kind),
        part=part,
        seconds=report.number(data, "seconds"),
        looks=int(report.number(data, "looks")),
        seen=data.get("seen") is True,
        why=str(data.get("why", ""))[:_LONGEST],
    )


@dataclass(frozen=True, slots=True)
class Trouble:
    """One report as its master sees it at `now` (Unix time).

    island
        Of the host; None for what is not in the Saguirefile.
    holds
        What this control host was told of pauses and maintenance.
    waited
        Seconds since the report came to this master.
    standing
        Id of the incident in which people were told of it, and which is not over; "" when there is none.
    patience
        Seconds for which it may be so before people are told.
    shards
        Names of shards: islands.
    told
        Into how many parts of this host it was looked within the hour.
    views
        What the host says now is wrong with each of its parts, or why it does not say it; None before it was asked.
    """

    heard: Ailment
    island: str | None
    now: float
    holds: tuple[Hold, ...] = ()
    waited: float = 0.0
    standing: str = ""
    patience: float = 0.0
    shards: frozenset[str] = frozenset()
    told: int = 0
    views: Mapping[str, str] | str | None = None

    @property
    def may_be(self) -> bool:
        """Whether a host can have such a part."""
        kind, _, name = self.heard.part.partition(" ")
        known = kind in KINDS and (kind not in OF_SHARDS or name in self.shards)
        return self.heard.part == EVERYTHING or known

    def document(self) -> dict[str, Any]:
        """What was seen of the part, as plain values for JSON."""
        part = self.heard.part
        return {part: self.views.get(part)} if isinstance(self.views, Mapping) else {}


def decide(case: Trouble) -> Decision:
    """What follows, and a sentence that says why."""
    return first_objection(_QUESTIONS, case, f"{case.heard.host}: {_name(case)}")


def _name(case: Trouble) -> str:
    return "what it has of parts" if case.heard.part == EVERYTHING else case.heard.part


def _allowed(case: Trouble) -> Answer:
    """1. Is healing on here?"""
    hold = over(case.holds, (FLEET, case.island or "", case.heard.host), case.now)
    if hold is not None and not case.heard.ends:
        return refuse(Question.ALLOWED, f"is left alone: {hold.sentence(case.now)}")
    return "healing is on"


def _believed(case: Trouble) -> Answer:
    """2. May this host say so, and is it news?"""
    if case.island is None:
        return refuse(Question.BELIEVED, "is of no host of this fleet")
    if not case.may_be:
        return refuse(Question.BELIEVED, "is no part that a host of this fleet has")
    if case.told >= MOST_TOLD and case.heard.accuses and not case.standing:
        return leave(Question.BELIEVED, f"is one of many: {case.told} parts of this host were looked into of late")
    if case.waited > QUEUE_SECONDS:
        return refuse(Question.BELIEVED, f"was reported {spell(case.waited)} ago; if it is still so, it is said again")
    return "the host may say this of itself, and it is news"


def _observers(case: Trouble) -> Answer:
    """3. Do enough observers say so? Of its parts its own host is enough, if it looked twice."""
    heard = case.heard
    if heard.kind is Kind.WELL:
        return "its host says that it is well"
    if heard.kind is Kind.UNKNOWN:
        return refuse(Question.OBSERVERS, f"cannot be looked at: {heard.why or 'no reason given'}; unknown is not ill")
    if heard.looks < LOOKS:
        return leave(Question.OBSERVERS, "was seen so once only, which is not enough")
    if heard.seconds < case.patience and not case.standing:
        wait = f"{spell(case.patience)} to come right by itself"
        return leave(Question.OBSERVERS, f"is ill for {spell(heard.seconds)}: it has {wait}")
    return f"the host saw it {heard.looks} times in a row, for {spell(heard.seconds)}"


def _still_so(case: Trouble) -> Answer:
    """4. Is it still so? The host looks again, now."""
    heard = case.heard
    if heard.ends and not case.standing:
        return leave(Question.STILL_SO, "is well, and nobody was told that it was not")
    if case.standing and not heard.ends:
        return leave(Question.STILL_SO, f"is still ill, as incident {case.standing} says")
    if case.views is None:
        return Decision(Verdict.LOOK, Question.STILL_SO, f"is {heard.kind}: look again")
    return _seen(case, case.views)


def _seen(case: Trouble, views: Mapping[str, str] | str) -> Answer:
    """What the second look found."""
    if isinstance(views, str):
        return refuse(Question.STILL_SO, f"cannot be looked at: {views}; unknown is not ill")
    wrong = views.get(case.heard.part)
    if not wrong:
        words = "is none of its parts any more" if wrong is None else "is well"
        return Decision(Verdict.DONE if case.heard.ends else Verdict.LEAVE, Question.STILL_SO, words)
    if case.heard.ends:
        return refuse(Question.STILL_SO, f"is said to be well, and is not: {wrong}")
    return f"a second look finds: {wrong}"


def _budget(_case: Trouble) -> Answer:
    """5. Is there budget? Of the same trouble nobody is told twice; how many troubles one host may have was asked
    before anybody looked."""
    return "nothing is done to it, so nothing is spent"


def _ours(_case: Trouble) -> Answer:
    """6. Is it this master's to tell? Masters come one after the other, and read each other's ledgers."""
    return "no other master has told it, as far as this one knows"


def _result(case: Trouble) -> Decision:
    """7. Who looks after it has not put it right: somebody has to."""
    wrong = case.views[case.heard.part] if isinstance(case.views, Mapping) else case.heard.why
    words = f"{wrong}, for {spell(case.heard.seconds)} or more: what looks after it does not put it right"
    return Decision(Verdict.ESCALATE, Question.RESULT, words)


_QUESTIONS: tuple[Callable[[Trouble], Answer], ...] = (
    _allowed, _believed, _observers, _still_so, _budget, _ours, _result,
)  # fmt: skip
