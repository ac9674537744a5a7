"""What users felt, whichever ruler measured it, as one kind of value. Pure.

All times are CLOCK_MONOTONIC in seconds: the lab's hosts and this machine share it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from math import isfinite
from typing import Any

from titanicarus.checker.judge import Verdict
from titanicarus.drill.contract import Ruler
from titanicarus.drill.rows import Watch
from titanicarus.lab.probe_figures import ProbeResult

LATE_SECONDS = 0.25
"""A ruler that was later than this measured the machine's load."""
LOST_KINDS = frozenset({"lost", "lost update"})
"""What the loss of an island may bring, as far as a report says which writes."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without a good answer."""

    began: float
    seconds: float

    @property
    def middle(self) -> float:
        """By which a gap belongs to the fault or to the way back."""
        return self.began + self.seconds / 2


@dataclass(frozen=True, slots=True)
class Lane:
    """One thing that was asked again and again. `good`: when good answers ended, sorted; `bad`: when requests began
    that failed, and why. `counts`: its gaps count (others wait for locks as well)."""

    name: str
    good: tuple[float, ...]
    bad: tuple[tuple[float, str], ...]
    counts: bool = True

    def gaps(self, begin: float, end: float) -> Iterator[Gap]:
        """All times without a good answer in a run from `begin` to `end`, without overlap."""
        marks = [begin, *(moment for moment in self.good if begin <= moment <= end), end]
        return (Gap(before, after - before) for before, after in pairwise(marks))


@dataclass(frozen=True, slots=True)
class Tenure:
    """When writes of an epoch were certainly accepted: not after `first`, not before `last`."""

    epoch: int
    first: float
    last: float

    def document(self) -> dict[str, Any]:
        """Plain values for JSON; an epoch of which nobody was told that a write was accepted has no `first`."""
        return {**asdict(self), "first": self.first if isfinite(self.first) else None}


@dataclass(frozen=True)
class Felt:
    """One watch from its beginning to its end. `broken` are safety promises that were not kept, as sentences, apart
    from acknowledged things that are `lost`. `two_writers` and `late` in seconds."""

    watch: Watch
    begin: float
    end: float
    lanes: tuple[Lane, ...]
    late: float = 0.0
    lost: int = 0
    two_writers: float = 0.0
    broken: tuple[str, ...] = ()
    tenures: tuple[Tenure, ...] = ()
    said: tuple[str, ...] = field(default=())

    @property
    def requests(self) -> int:
        """How often anything was asked."""
        return sum(len(lane.good) + len(lane.bad) for lane in self.lanes)

    def failures(self, since: float = float("-inf"), until: float = float("inf")) -> int:
        """Requests that began between and failed."""
        return sum(since <= began < until for lane in self.lanes for began, _ in lane.bad)

    def longest(self, since: float = float("-inf"), until: float = float("inf")) -> Gap:
        """The longest gap whose middle is between; of no length when there is none."""
        found = [
            gap
            for lane in self.lanes
            if lane.counts
            for gap in lane.gaps(self.begin, self.end)
            if since <= gap.middle < until
        ]
        return max(found, key=lambda gap: gap.seconds, default=Gap(self.begin, 0.0))

    def reasons(self) -> dict[str, int]:
        """How often what was wrong, the most frequent first."""
        counted: dict[str, int] = {}
        for lane in self.lanes:
            for _, why in lane.bad:
                counted[why] = counted.get(why, 0) + 1
        return dict(sorted(counted.items(), key=lambda one: -one[1]))

    def document(self) -> dict[str, Any]:
        """Plain values for JSON: figures, without the single answers."""
        return {
            "watch": str(self.watch),
            "ruler": str(self.watch.ruler),
            "begin": self.begin,
            "end": self.end,
            "requests": self.requests,
            "failures": self.failures(),
            "longest_gap": asdict(self.longest()),
            "reasons": self.reasons(),
            "ruler_late": self.late,
            "lost": self.lost,
            "two_writers": self.two_writers,
            "broken": list(self.broken),
            "tenures": [tenure.document() for tenure in self.tenures],
            "said": list(self.said),
        }


def of_probe(watch: Watch, result: ProbeResult, lost: Iterable[int] = ()) -> Felt:
    """Of a run of the probe, or of somebody who writes files, of which those numbers are `lost`."""
    gone = list(lost)
    said = (f"not there afterwards: {', '.join(map(str, gone[:10]))}",) if gone else ()
    return Felt(watch, result.begin, result.end, _lanes(result, 0.0), result.latest, lost=len(gone), said=said)


def of_writes(watch: Watch, result: ProbeResult, verdict: Verdict, offset: float) -> Felt:
    """Of a tenant's application; its clock (CLOCK_BOOTTIME) is `offset` seconds ahead."""
    broken = tuple(one.told for one in verdict.violations if one.kind not in LOST_KINDS)
    return Felt(
        watch,
        result.begin - offset,
        result.end - offset,
        _lanes(result, offset),
        result.latest,
        lost=sum(one.kind in LOST_KINDS for one in verdict.violations),
        two_writers=verdict.two_writers,
        broken=broken,
        tenures=tuple(Tenure(one.epoch, one.first - offset, one.last - offset) for one in verdict.tenures),
        said=(verdict.summary(),),
    )


def of_talk(watch: Watch, begin: float, end: float, heard: Iterable[tuple[str, tuple[float, ...], str]]) -> Felt:
    """Of open connections and pings: each a name, when answers came, and how it broke, if it did."""
    found = list(heard)
    lanes = tuple(Lane(name, times, ()) for name, times, _ in found)
    broken = tuple(f"{name}: {why}" for name, _, why in found if why)
    return Felt(watch, begin, end, lanes, broken=broken)


def _lanes(result: ProbeResult, offset: float) -> tuple[Lane, ...]:
    good: dict[int, list[float]] = {number: [] for number in range(len(result.asked))}
    bad: dict[int, list[tuple[float, str]]] = {number: [] for number in range(len(result.asked))}
    for answer in result.answers:
        if answer.wrong is None:
            good[answer.target].append(answer.ended - offset)
        else:
            bad[answer.target].append((answer.began - offset, answer.wrong))
    return tuple(
        Lane(target.name, tuple(sorted(good[number])), tuple(sorted(bad[number])), _counts(target.name))
        for number, target in enumerate(result.asked)
    )


def _counts(name: str) -> bool:
    """Increments and transfers of a workload wait for each other's locks: the gap is that of inserts."""
    return not any(f": {kind}s " in name for kind in ("increment", "transfer"))


def only(felts: Iterable[Felt], ruler: Ruler) -> Iterator[Felt]:
    """Those of one kind."""
    return (felt for felt in felts if felt.watch.ruler is ruler)
