"""Runs drills and storms in a world, and judges them. Knows nothing of the lab: unit tests have another world."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from random import Random

from titanicarus.drill.contract import ROWS
from titanicarus.drill.fault import Kind, takes_away
from titanicarus.drill.felt import Felt
from titanicarus.drill.mender import Mender, Say
from titanicarus.drill.result import Ran, Stormed
from titanicarus.drill.rows import Drill, NoVictim, Step, Watch, plan
from titanicarus.drill.situation import Situation, parts_of
from titanicarus.drill.storm import CALM_SECONDS, SINK_SHARE, next_blow, pause, sink, watches
from titanicarus.drill.timeline import (
    Mark,
    Stage,
    concerning,
    marks_of_epochs,
    marks_of_incident,
    marks_of_logs,
)
from titanicarus.drill.verdict import (
    Act,
    Injected,
    Moments,
    acts_of,
    judge_storm,
    kept,
    unexplained,
    unmet,
    unreported,
)
from titanicarus.drill.world import FAILURES, Watching, World
from titanicarus.fleet import Fleet
from titanicarus.heal.incidents import Incident

REST_SECONDS = 4.0
"""What was hung or away has time to do harm before a run ends."""
GOOD_SECONDS = 90.0
SETTLE_SECONDS = 60.0
TICK_SECONDS = 0.5
LOOK_SECONDS = 5.0


class Broken(Exception):
    """The fleet is not whole before a run begins, so nothing could be said of it afterwards."""


class _Course:
    """One run of a row, step by step."""

    def __init__(
        self, world: World, drill: Drill, before: Situation, mender: Mender, watching: Sequence[Watching]
    ) -> None:
        self._world = world
        self._watching = watching
        self._drill = drill
        self._before = before
        self._mender = mender
        self.problems: list[str] = []
        self.broke: float | None = None
        self.mended: float | None = None

    def go(self) -> Moments:
        """All steps, until everything is whole. Raises one of FAILURES."""
        for step in self._drill.steps:
            self._take(step)
        self._end_of_fault()
        for step in self._drill.steps:
            if step.mend and step.mend.kind is Kind.REPLACE:
                self._world.applied(step.mend.place)
        concerned = [parts_of(self._world.fleet, fault) for fault in self._drill.faults]
        self._world.await_whole(frozenset[str]().union(*concerned))
        whole = self._world.now()
        broke = whole if self.broke is None else self.broke
        return Moments(broke, whole if self.mended is None else self.mended, whole)

    def _take(self, step: Step) -> None:
        if step.make:
            self.broke = self._world.now() if self.broke is None else self.broke
            self._mender.make(step.make, self._drill.promise.number)
        if step.alone:
            self._world.alone(step.alone)
        if step.last and step.never:
            self._watch_out(step)
        elif step.last:
            self._world.last(step.last)
        if step.mend:
            if not self._more_to_break(step):
                self._end_of_fault()
            self._mender.mend(step.mend)

    def _more_to_break(self, step: Step) -> bool:
        """Whether it is mended in the middle of a fault."""
        rest = self._drill.steps[self._drill.steps.index(step) + 1 :]
        return any(one.make or one.never for one in rest)

    def _watch_out(self, step: Step) -> None:
        end = self._world.now() + step.last
        while self._world.now() < end:
            if self._world.writer(self._drill.subject) == step.never:
                self.problems.append(f"{step.never} writes {self._drill.subject}: it must not, by no means")
                return
            self._world.last(TICK_SECONDS)

    def _end_of_fault(self) -> None:
        """Asked once, while it is still broken: a fault that is mended before users are served again would not show how
        long that takes without."""
        if self.mended is not None:
            return
        for one in self._watching if self._drill.settles else ():
            try:
                one.await_good(SETTLE_SECONDS)
            except FAILURES as error:
                self.problems.append(f"{one.watch}, while it is still broken: {error}")
        self.problems += self._unmet()
        self.mended = self._world.now()

    def _unmet(self) -> list[str]:
        """What is not as it must be; a host that takes over may need a moment more than users who have it already."""
        limit = self._world.now() + SETTLE_SECONDS
        while True:
            now = self._world.look(()) if self._drill.expected else self._before
            told = [unmet(one, self._drill, self._before, now) for one in self._drill.expected]
            left = [sentence for sentence in told if sentence]
            if not left or self._world.now() > limit:
                return left
            self._world.last(TICK_SECONDS)


def run_row(world: World, number: int, seed: int, run: int, say: Say) -> Ran:
    """Run a row once. Raises Broken when the fleet is not whole, or what it broke could not be mended."""
    _must_be_whole(world)
    at = world.now() + world.unix_offset()
    before = world.look(())
    try:
        drill = plan(number, before, seed, run)
    except NoVictim as error:
        return Ran(number, run, seed, at, ROWS[number].title, problems=(f"it cannot be run here: {error}",))
    say(f"row {number}, run {run + 1}: {drill.title}")
    begin = world.now()
    problems: list[str] = []
    felts: list[Felt] = []
    moments: Moments | None = None
    mender = Mender(world, say)
    with ExitStack() as stack:
        try:
            watching = [_begin(world, one, stack) for one in drill.watches]
            with mender:
                course = _Course(world, drill, before, mender, watching)
                try:
                    moments = course.go()
                finally:
                    problems += course.problems
            world.last(REST_SECONDS)
            felts = _stopped(watching, problems)
        except FAILURES as error:
            problems.append(str(error))
    problems += mender.not_mended
    incidents = _told(world, begin, problems)
    injected = _closed(mender.injected, world.now())
    if moments is not None:
        problems += kept(drill, felts, moments, before, world.max_lag)
        if drill.promise.may_lose:
            lost = sum(felt.lost for felt in felts)
            problems += unreported(lost, world.reports(drill.subject, begin) if lost else ())
    problems += unexplained(_acts(world, incidents, begin), injected, world.fleet)
    marks = tuple(concerning(_marks(world, injected, felts, incidents, begin), _islands(world.fleet, drill)))
    return Ran(number, run, seed, at, drill.title, moments, tuple(felts), marks, tuple(problems))


def _islands(fleet: Fleet, drill: Drill) -> set[str]:
    """Those that a drill is about: of faults of the network between them all."""
    hosts = {host for fault in drill.faults for host in takes_away(fleet, fault)}
    return {fleet.host(host).island for host in hosts} or set(fleet.islands)


def _must_be_whole(world: World) -> None:
    there = world.broken()
    if there:
        raise Broken(f"something is broken already: {'; '.join(there)}; `saguire fault mend`, `fault start` undo it")
    try:
        world.await_whole()
    except FAILURES as error:
        raise Broken(f"the fleet is not whole, so a drill would say nothing: {error}") from error


def _begin(world: World, watch: Watch, stack: ExitStack, *, gently: bool = False) -> Watching:
    begun = world.watch(watch, gently=gently)
    stack.callback(begun.kill)
    begun.await_good(GOOD_SECONDS)
    return begun


def _stopped(watching: Iterable[Watching], problems: list[str]) -> list[Felt]:
    """All of them, also when one fails; a service that does not answer in the end is a problem."""
    felts = []
    for one in watching:
        try:
            one.await_good(GOOD_SECONDS)
        except FAILURES as error:
            problems.append(f"{one.watch}: {error}")
        try:
            felts.append(one.stop())
        except FAILURES as error:
            problems.append(f"{one.watch} could not be measured to the end: {error}")
    return felts


def _closed(injected: Iterable[Injected], now: float) -> tuple[Injected, ...]:
    """When everything is whole, so is what every fault that was mended had hit, if nobody saw that before."""
    return tuple(replace(one, whole=now) if one.ended is not None and one.whole is None else one for one in injected)


def _told(world: World, begin: float, problems: list[str]) -> list[Incident]:
    """The incidents of which something happened since the beginning; a ledger that somebody changed is a problem."""
    try:
        incidents, wrong = world.incidents()
    except FAILURES as error:
        problems.append(f"the ledgers could not be read: {error}")
        return []
    problems += wrong
    since = begin + world.unix_offset()
    return [one for one in incidents if any(float(entry["at"]) >= since for entry in one.entries)]


def _acts(world: World, incidents: Iterable[Incident], begin: float) -> list[Act]:
    return [act for act in acts_of(incidents, world.unix_offset()) if act.at >= begin]


def _marks(
    world: World, injected: Iterable[Injected], felts: Iterable[Felt], incidents: Iterable[Incident], begin: float
) -> tuple[Mark, ...]:
    found = [*marks_of_logs(world.logs(begin))]
    for one in injected:
        found.append(Mark(one.began, Stage.FAULT, "drill", str(one.fault)))
        found += [Mark(one.ended, Stage.MENDED, "drill", f"no more: {one.fault}")] if one.ended is not None else []
    found += [mark for felt in felts for mark in marks_of_epochs(felt, begin)]
    for incident in incidents:
        found += [mark for mark in marks_of_incident(incident, world.unix_offset()) if mark.at >= begin]
    return tuple(sorted(found))


def run_storm(world: World, minutes: float, seed: int, say: Say, *, sinkable: str = "") -> Stormed:
    """Random faults within the limits for so many minutes, everything measured. Raises Broken when the fleet is not
    whole before, and one of FAILURES when it cannot be measured."""
    _must_be_whole(world)
    chance = Random(f"storm, seed {seed}")  # noqa: S311 - chance, and no secret
    begin, at = world.now(), world.now() + world.unix_offset()
    other: list[str] = []
    felts: list[Felt] = []
    mender = Mender(world, say)
    with ExitStack() as stack:
        watching = [_begin(world, one, stack, gently=True) for one in watches(world.look(()), sinkable)]
        say(f"{len(watching)} watches; the storm lasts {minutes:g} minutes")
        try:
            with mender:
                _blow(world, mender, chance, world.now() + 60 * minutes, sinkable)
            world.await_whole()
            world.last(REST_SECONDS)
        except FAILURES as error:
            other.append(str(error))
        except KeyboardInterrupt:
            say("stopped early; what was measured so far is judged")
            other.append("it was stopped before its time")
        felts = _stopped(watching, other)
    end = world.now()
    injected = mender.injected if other else _closed(mender.injected, end)
    incidents = _told(world, begin, other)
    lost_at = [felt.watch.place for felt in felts if felt.lost]
    verdict = judge_storm(
        felts,
        injected,
        _acts(world, incidents, begin),
        world.fleet,
        [*mender.not_mended, *world.broken()],
        max_lag=world.max_lag,
        reports=[line for shard in lost_at for line in world.reports(shard, begin)],
        other=other,
    )
    marks = _marks(world, injected, felts, incidents, begin)
    return Stormed(seed, minutes, at, begin, end, injected, tuple(felts), marks, verdict, incidents=len(incidents))


def _blow(world: World, mender: Mender, chance: Random, end: float, sinkable: str) -> None:
    """The storm itself. Raises one of FAILURES."""
    due: dict[int, float] = {}
    sink_at = world.now() + chance.uniform(*SINK_SHARE) * (end - world.now())
    next_at, looked = world.now() + pause(chance), float("-inf")
    while world.now() < end:
        for place, one in enumerate(mender.injected):
            if one.ended is None and world.now() >= due.get(place, 0.0):
                mender.mend(one.fault)
        waiting = [one for one in mender.standing() if one.ended is not None]
        ready = world.now() >= next_at and world.now() < end - CALM_SECONDS
        if (waiting or ready) and world.now() - looked >= LOOK_SECONDS:
            concerned = [parts_of(world.fleet, one.fault) for one in waiting]
            sinking = bool(sinkable) and world.now() >= sink_at
            # An island is lost out of a whole fleet only, so then all of it is looked at.
            now = world.look(None if sinking else frozenset[str]().union(*concerned))
            looked = world.now()
            for one in waiting:
                if not parts_of(world.fleet, one.fault) & set(now.not_whole):
                    mender.is_whole(one)
            if ready:
                there = [one.fault for one in mender.standing()]
                blow = sink(chance, now, there, sinkable) if sinking else next_blow(chance, now, there)
                next_at = world.now() + pause(chance)
                if blow is not None:
                    sinkable = "" if sinking else sinkable
                    mender.make(blow.fault, blow.row)
                    due[len(mender.injected) - 1] = world.now() + blow.seconds
        world.last(TICK_SECONDS)
