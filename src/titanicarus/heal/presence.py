"""Which hosts and islands are there, as a control host sees them: what is worth saying, and what was said.

Pure. A host counts as lost when it gave no answer to four looks in a row, and as back after two. Who was never seen is
not missed: it may not be in service yet.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from titanicarus.heal import report, watch
from titanicarus.heal.report import BadReport
from titanicarus.heal.watch import EVERYTHING, Limits, Memory

LOOKS = 4
LIMITS = Limits(down_looks=LOOKS, up_looks=2, failing_starts=1_000_000)
"""A host has no runs that could be counted."""
NOBODY = "nobody who is looked at answers: the fault is more likely in this host's own network"
_THERE = "there"


class Kind(StrEnum):
    """What is said of a host or an island. The tag is `salt/beacon/<observer>/hosts/<kind>`."""

    LOST = "lost"
    BACK = "back"
    UNKNOWN = "unknown"


_KINDS = {report.Kind.STOPPED: Kind.LOST, report.Kind.WELL: Kind.BACK, report.Kind.UNKNOWN: Kind.UNKNOWN}

TAG = re.compile(r"salt/beacon/([a-z][a-z0-9]*-[a-z][a-z0-9]*)/hosts/(" + "|".join(Kind) + ")")
_ABOUT = re.compile(r"\*|[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)?")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an observer remembers: who was seen at any time, who by this run of its minion, and what it said of whom."""

    ever: frozenset[str] = frozenset()
    seen: frozenset[str] = frozenset()
    memory: Memory = field(default_factory=dict)


def step(
    before: Outlook, names: Sequence[str], answered: Collection[str] | None, now: float, why: str = ""
) -> tuple[Outlook, list[dict[str, Any]]]:
    """The next outlook and the events to send, after a look at `names` at `now` (seconds since the boot).

    `answered` is None when the look could not be made, for the reason `why`.
    """
    seen = before.seen | frozenset(answered or ())
    ever = (before.ever | seen) & frozenset(names)
    if answered is not None and not answered and len(names) > 1:
        if not seen:
            return replace(before, ever=ever), []
        answered, why = None, NOBODY
    runs = None if answered is None else dict.fromkeys(answered, _THERE)
    memory, news = watch.step(before.memory, runs, [name for name in names if name in ever], now, LIMITS)
    # That it sees again needs no words: it goes on to say what it sees.
    said = [one for one in news if one.unit != EVERYTHING or _KINDS[one.kind] is Kind.UNKNOWN]
    return Outlook(ever, seen, memory), [_event(one, now, why, known=one.unit in seen) for one in said]


def _event(news: watch.News, now: float, why: str, *, known: bool) -> dict[str, Any]:
    kind = _KINDS[news.kind]
    data: dict[str, Any] = {"tag": str(kind), "about": news.unit, "up": round(now, 1), "seen": known}
    data |= {"seconds": news.seconds, "looks": news.looks, "again": news.again}
    return data | ({"why": why} if kind is Kind.UNKNOWN else {})


@dataclass(frozen=True, slots=True)
class Sighting:
    """An observer's word about a host or an island, or EVERYTHING when it cannot see. `seconds` is for how long it was
    so by then, `looks` how many looks in a row had found it; `seen`: the observer has seen it since its minion was
    started, and does not only know of it from before."""

    observer: str
    kind: Kind
    about: str
    seconds: float
    looks: int
    seen: bool = True
    why: str = ""

    @property
    def subject(self) -> str:
        """What an incident is about."""
        return f"{self.observer}/view" if self.about == EVERYTHING else self.about

    @property
    def by(self) -> str:
        """The host that says so."""
        return self.observer

    @property
    def place(self) -> str:
        """The host or island that it is about; the observer's own trouble is its own."""
        return self.observer if self.about == EVERYTHING else self.about

    @property
    def ends(self) -> bool:
        """Whether it says that all is well again."""
        return self.kind is Kind.BACK

    @property
    def accuses(self) -> bool:
        """Whether it says that somebody is lost."""
        return self.kind is Kind.LOST


def parse(tag: Any, data: Any) -> Sighting:
    """Raises BadReport."""
    observer, kind = report.sender(TAG, tag, data)
    about = report.text(data, "about", _ABOUT)
    if (about == EVERYTHING) is not (kind == Kind.UNKNOWN):
        raise BadReport("its about and its kind do not go together")
    return Sighting(
        observer=observer,
        kind=Kind(kind),
        about=about,
        seconds=report.number(data, "seconds"),
        looks=int(report.number(data, "looks")),
        seen=data.get("seen") is True,
        why=str(data.get("why", ""))[:200],
    )
