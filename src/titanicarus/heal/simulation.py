"""Benign faults against the decision: a host that is restarted, applied to, booted, drained, cut off, lied about.

A model of one host, its beacon and the masters that hear it, in steps of half a second. What is judged: no act where
nothing was wrong, or where somebody was at work; no two masters at work on one unit; and, so that a guard that sleeps
does not pass, an act soon after a unit that nobody looks after was left stopped.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from titanicarus.heal.case import Action, Attempt, Case, Declared, Outcome, Spent, Verdict
from titanicarus.heal.claims import LOOK_SECONDS, Claim
from titanicarus.heal.decide import decide
from titanicarus.heal.holds import Hold
from titanicarus.heal.look import Asked
from titanicarus.heal.report import Kind, Report
from titanicarus.heal.sight import NoSight, PastAct, Sight, State
from titanicarus.heal.watch import Memory, step

HOST, UNIT = "syd-web1", "nginx.service"
MASTERS = ("syd-store1", "syd-store2", "mel-store1", "per-store1")
STEP, LOOK_EVERY, TURN = 0.5, 4.0, 3.0
START_TAKES = 3.0
SECONDS = 600.0
RESTART_SECONDS = 2.5
SOON = 150.0
"""Seconds within which a unit that was left stopped has to be acted on, with news that get lost."""


class Violation(AssertionError):
    """Something happened that must never happen; the message says what, and in which schedule."""


@dataclass(frozen=True, slots=True)
class Fault:
    """From `at` on, for `seconds`: `kind` is one of KINDS."""

    kind: str
    at: float
    seconds: float

    def on(self, now: float) -> bool:
        return self.at <= now < self.at + self.seconds


@dataclass(slots=True)
class Told:
    """A report on its way to a master."""

    due: float
    master: str
    report: Report


@dataclass(slots=True)
class World:
    """The host as it is, and what masters have left there."""

    faults: tuple[Fault, ...]
    now: float = 0.0
    boot: int = 0
    booted_at: float = -1000.0
    run: int | None = 1
    since: float = -1000.0
    claim: Claim | None = None
    acts: list[tuple[float, str, bool]] = field(default_factory=list)
    starting: float | None = None

    def any(self, *kinds: str) -> bool:
        """Whether a fault of one of these kinds is on."""
        return any(fault.kind in kinds and fault.on(self.now) for fault in self.faults)

    @property
    def up(self) -> float:
        return self.now - self.booted_at

    @property
    def booting(self) -> bool:
        return self.up < 40.0

    def stopped_on_purpose(self) -> bool:
        """Whether an act now would be in somebody's way."""
        return self.booting or self.any("applying", "maintenance", "drained", "disabled", "pause")

    def sight(self) -> Sight:
        """What a look finds now."""
        state = State.STARTING if self.starting else State.RUNNING if self.run else State.STOPPED
        holds = (Hold("syd-web1", 0.0, 1e9, "anna"),) if self.any("maintenance") else ()
        acts = tuple(PastAct(UNIT, action, self.now - at, helped) for at, action, helped in self.acts)
        return Sight(
            HOST, UNIT, f"boot-{self.boot}", self.up, state, self.now - self.since if self.run else 0.0,
            enabled=not self.any("disabled"), stopped_for=0.0 if self.run else self.now - self.since,
            booting=self.booting, drained=self.any("drained"),
            busy="an apply" if self.any("applying") else None, revision="r1", holds=holds, acts=acts, claim=self.claim,
        )  # fmt: skip

    def take(self, master: str, incident: str, seconds: float) -> bool:
        """Claim the unit."""
        free = self.claim is None or self.claim.until <= self.now or self.claim.boot != str(self.boot)
        if free or (self.claim and (self.claim.by, self.claim.incident) == (master, incident)):
            self.claim = Claim(UNIT, master, incident, str(self.boot), self.now + seconds)
            return True
        return False


# Which of the faults stop the unit for their time; it is started again at their end by whoever stopped it.
STOPPING = ("restart", "applying", "maintenance", "drained", "disabled", "pause")
KINDS = (*STOPPING, "boot", "silent", "unknown", "replay", "forged", "clock", "deaf")


def random_faults(seed: int) -> tuple[Fault, ...]:
    """Up to six benign faults, at any time."""
    chance = random.Random(seed)  # noqa: S311 - the same schedule each time is what is wanted
    faults = []
    for _ in range(chance.randint(1, 6)):
        kind = chance.choice(KINDS)
        # One that takes longer is a stop that nobody announced.
        seconds = chance.uniform(0.1, RESTART_SECONDS) if kind == "restart" else chance.uniform(1.0, 120.0)
        faults.append(Fault(kind, chance.uniform(10.0, SECONDS - 300.0), seconds))
    return tuple(faults)


def simulate(
    seed: int, faults: tuple[Fault, ...] | None = None, *, broken_at: float | None = None
) -> list[tuple[float, str]]:
    """One schedule, of random faults or of these; gives back what was done and when. `broken_at`: the unit stops for
    good then, and that is no benign fault any more. Raises Violation."""
    chance = random.Random(seed)  # noqa: S311 - as above
    world = World(random_faults(seed) if faults is None else faults)
    news: list[Told] = []
    memory: Memory = {}
    busy: dict[str, Iterator[None]] = {}
    heard: list[Report] = []
    while world.now < SECONDS:
        _live(world, broken_at)
        if world.booting:
            memory = {}  # the minion that had it is gone
        elif world.now % LOOK_EVERY == 0:
            runs = None if world.any("unknown") else {UNIT: str(world.run)} if world.run else {}
            memory, said = step(memory, runs, () if world.any("disabled") else [UNIT], world.up)
            for one in said:
                report = Report(HOST, one.kind, one.unit, f"boot-{world.boot}", world.up, one.seconds, one.looks)
                heard.append(report)
                news += _sent(world, report, chance)
        news += _lies(world, heard, chance)
        for told in [one for one in news if one.due <= world.now]:
            news.remove(told)
            if told.master not in busy and not world.any("deaf"):
                busy[told.master] = _incident(world, told, seed, chance)
        for master in list(busy):
            if next(busy[master], "over") == "over":
                del busy[master]
        world.now += STEP
    done = [(at, action) for at, action, _ in world.acts]
    if broken_at is not None and not any(broken_at <= at for at, _ in done):
        raise Violation(f"schedule {seed}: stopped for good at {broken_at:.0f} s, and nobody did anything")
    return done


def _live(world: World, broken_at: float | None) -> None:
    """What happens to the host by itself."""
    for fault in world.faults:
        if fault.kind == "boot" and fault.at <= world.now < fault.at + STEP:
            world.boot, world.booted_at, world.run, world.starting = world.boot + 1, world.now, None, None
    broken = broken_at is not None and world.now >= broken_at and not any(at >= broken_at for at, *_ in world.acts)
    if world.any(*STOPPING) or broken or world.up < 20.0:
        world.since = world.now if world.run else world.since
        world.run = None
    elif world.starting is not None and world.now < world.starting:
        world.run = None
    elif world.run is None:
        world.run, world.since, world.starting = int(world.now * 10) + 1, world.now, None


def _sent(world: World, report: Report, chance: random.Random) -> Iterator[Told]:
    """To each master: soon, or late, or twice, or never."""
    for master in MASTERS:
        late = chance.choice((0.0, 0.0, 0.5, 5.0, 100.0))
        for _ in range(chance.choice((0, 1, 1, 1, 2))):
            yield Told(world.now + late, master, report)


def _lies(world: World, heard: list[Report], chance: random.Random) -> Iterator[Told]:
    """Reports said again by somebody, and reports that nobody of the host made."""
    if world.any("replay") and heard and chance.random() < 0.1:
        yield Told(world.now, chance.choice(MASTERS), chance.choice(heard))
    if world.any("forged") and chance.random() < 0.3:
        up = world.up + chance.choice((-500.0, 0.0, 500.0))
        kind = chance.choice((Kind.STOPPED, Kind.FAILING))
        boot = chance.choice(("a guess", f"boot-{world.boot}"))
        yield Told(world.now, chance.choice(MASTERS), Report(HOST, kind, UNIT, boot, up, 60.0, 9))


def _incident(world: World, told: Told, seed: int, chance: random.Random) -> Iterator[None]:
    """What a master does about a report, a step of the world at each `yield`."""
    name = f"{told.master}@{world.now}"
    yield from _pass(world, MASTERS.index(told.master) * TURN)
    holds = (Hold("*", 0.0, 1e9, "anna"),) if world.any("pause") else ()
    declared = Declared("syd", (UNIT,), "r1")
    skew = 300.0 if world.any("clock") else 0.0
    case = Case(told.report, declared, 5000.0 + world.now + skew, holds, spent=Spent(0, 0, 1, 27))
    while True:
        decision = decide(case)
        if decision.verdict is Verdict.LOOK:
            yield from _pass(world, chance.choice((0.5, 0.5, 2.0)))
            if world.any("silent") or (world.up < 15.0):
                case = replace(case, sight=NoSight("no answer"))
                continue
            report = told.report if not case.attempts else replace(told.report, boot="")
            asked = Asked(told.master, name, True, report.boot, report.up)
            may_claim = asked.may_claim(f"boot-{world.boot}", world.up)
            claimed = world.take(told.master, name, LOOK_SECONDS) if may_claim else True
            case = replace(case, sight=replace(world.sight(), claimed=claimed))
        elif decision.verdict is Verdict.ACT and decision.action:
            yield from _pass(world, chance.choice((0.0, 0.5, 1.0)))
            outcome = _act(world, decision.action, told.master, name, seed)
            yield from _pass(world, START_TAKES)
            case = replace(case, sight=None, attempts=(*case.attempts, Attempt(decision.action, outcome)))
        else:
            return


def _act(world: World, action: Action, master: str, name: str, seed: int) -> Outcome:
    """The host's own part: it looks once more before it does anything."""
    if not world.take(master, name, 120.0):
        return Outcome.REFUSED
    if looks_once_more(world):
        return Outcome.REFUSED
    where = f"schedule {seed} at {world.now:.1f} s: {master} would {action}"
    if world.run is not None and action is Action.APPLY:
        raise Violation(f"{where} although the unit runs")
    if world.stopped_on_purpose():
        raise Violation(f"{where} although somebody is at work")
    if world.any("restart") and world.now - world.since < RESTART_SECONDS:
        raise Violation(f"{where} in the middle of a restart")
    if world.run is None:
        world.starting = world.now + START_TAKES
        world.acts.append((world.now, str(action), True))
    return Outcome.DONE


def looks_once_more(world: World) -> bool:
    """Whether the host refuses an order: titanicarus.heal.act.carry_out and may_start. It was told of every hold."""
    return world.stopped_on_purpose()


def _pass(world: World, seconds: float) -> Iterator[None]:
    until = world.now + seconds
    while world.now < until:
        yield None
