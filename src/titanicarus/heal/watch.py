"""When is what a host sees of its units worth saying? Pure: looks in, news out.

A unit counts as stopped when it was seen so `down_looks` times in a row, and as well again after `up_looks`: different
numbers, so that one that comes and goes is not news each time. One that is started again and again is failing, whatever
each look finds. News are changes; only what is wrong is said again, every `repeat` seconds, because news get lost and
masters are started anew. A look that could not be made is news of its own kind and says nothing about any unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from titanicarus.heal.report import Kind

EVERYTHING = "*"
"""The unit of the news that no unit could be looked at."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`failing_starts` new runs within `failing_seconds` make a unit a failing one. All times in seconds."""

    down_looks: int = 2
    up_looks: int = 2
    failing_starts: int = 4
    failing_seconds: float = 60.0
    repeat: float = 60.0


USUAL = Limits()


@dataclass(frozen=True, slots=True)
class Unit:
    """What is remembered of a unit: what was said of it and when, how often in a row it was seen otherwise (`turns`),
    since when it is as it is, its present run, and when new runs of it were first seen of late."""

    said: Kind = Kind.WELL
    said_at: float = 0.0
    turns: int = 0
    seen_as: Kind = Kind.WELL
    since: float = 0.0
    run: str | None = None
    starts: tuple[float, ...] = ()


Memory = Mapping[str, Unit]


@dataclass(frozen=True, slots=True)
class News:
    """`seconds` is for how long it has been so, `looks` how many looks in a row found it; `again`: said before."""

    kind: Kind
    unit: str
    seconds: float
    looks: int
    again: bool = False


def step(
    memory: Memory, runs: Mapping[str, str] | None, wanted: Iterable[str], now: float, limits: Limits = USUAL
) -> tuple[Memory, list[News]]:
    """The next memory, and what to say, after a look at `now`.

    `runs` has the run of each unit that has one, None when the look failed; `wanted` are the units that should have
    one. What is wanted no more is forgotten.
    """
    if runs is None:
        unit, news = _judge(memory.get(EVERYTHING, Unit()), EVERYTHING, Kind.UNKNOWN, now, limits)
        return {**memory, EVERYTHING: unit}, news
    after: dict[str, Unit] = {}
    said: list[News] = []
    if EVERYTHING in memory:
        unit, news = _judge(memory[EVERYTHING], EVERYTHING, Kind.WELL, now, limits)
        said += news
        if unit.said is not Kind.WELL:
            after[EVERYTHING] = unit
    for name in wanted:
        unit = _counted(memory.get(name, Unit(run=runs.get(name), since=now)), runs.get(name), now, limits)
        failing = len(unit.starts) >= limits.failing_starts
        seen = Kind.FAILING if failing else Kind.WELL if unit.run else Kind.STOPPED
        after[name], news = _judge(unit, name, seen, now, limits)
        said += news
    return after, said


def _counted(unit: Unit, run: str | None, now: float, limits: Limits) -> Unit:
    starts = tuple(start for start in unit.starts if now - start < limits.failing_seconds)
    if run and run != unit.run:
        starts = (*starts, now)
    return replace(unit, run=run, starts=starts)


def _judge(unit: Unit, name: str, seen: Kind, now: float, limits: Limits) -> tuple[Unit, list[News]]:
    if seen is not unit.seen_as:
        unit = replace(unit, seen_as=seen, since=now, turns=0)
    unit = replace(unit, turns=unit.turns + 1)
    changed = seen is not unit.said
    needed = limits.up_looks if seen is Kind.WELL else limits.down_looks
    if changed and unit.turns < needed:
        return unit, []
    again = not changed and seen is not Kind.WELL and now - unit.said_at >= limits.repeat
    if not changed and not again:
        return unit, []
    news = News(seen, name, round(now - unit.since, 1), unit.turns, again)
    return replace(unit, said=seen, said_at=now), [news]
