"""Which fault comes next in a storm, when, and for how long: chosen by a seed, allowed by `limits`. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from random import Random

from titanicarus.drill.contract import Ruler
from titanicarus.drill.fault import ENDS_BY_ITSELF, Fault, Kind
from titanicarus.drill.limits import Limits
from titanicarus.drill.rows import BRICKS, Watch, instance
from titanicarus.drill.situation import Situation
from titanicarus.fleet import Role
from titanicarus.fleet.volumes import volume_of

LAST_SECONDS = (8.0, 30.0)
PAUSE_SECONDS = (5.0, 20.0)
ISLAND_SECONDS = (35.0, 60.0)
SINK_SHARE = (0.2, 0.4)
"""The part of a storm after which its island is lost, once everything is whole: until then nothing else is broken."""
CALM_SECONDS = 60.0
"""Before the end of a storm nothing new is broken, so that its last fault is seen to its end."""


@dataclass(frozen=True, slots=True)
class Blow:
    """One fault of a storm: the row that it is an instance of, and how many seconds it lasts."""

    fault: Fault
    row: int
    seconds: float


def candidates(now: Situation) -> Iterator[tuple[Fault, int]]:
    """Every fault that a storm may think of now, with its row, but for the loss of an island."""
    fleet = now.fleet
    for host in fleet.hosts:
        if host.has(Role.LB):
            yield Fault(Kind.KILL, host.id), 1
        if host.has(Role.WEB):
            yield Fault(Kind.KILL, host.id), 2
            yield Fault(Kind.FREEZE, host.id), 3
        if host.has(Role.FIREWALL):
            yield Fault(Kind.KILL, host.id), 10
        if host.has(Role.FILER):
            yield Fault(Kind.KILL, host.id), 9
            yield Fault(Kind.FILL_DISK, host.id, BRICKS), 21
    for shard, writer in sorted(now.writer.items()):
        yield Fault(Kind.KILL_UNIT, writer, instance(shard)), 4
        yield Fault(Kind.KILL, writer), 5
        yield Fault(Kind.FREEZE, writer), 6
    for standby in sorted(set(now.standby.values()) - set(now.writer.values())):
        yield Fault(Kind.KILL, standby), 7
    if len(fleet.islands) > 1:
        yield Fault(Kind.CUT_VPN), 14
    yield Fault(Kind.AWS_API), 16


def next_blow(chance: Random, now: Situation, standing: Collection[Fault]) -> Blow | None:
    """A fault that may be added now, by chance: a row first, so that a fleet of many load balancers does not only lose
    those. None: nothing may be."""
    limits = Limits(now.fleet)
    by_row: dict[int, list[Fault]] = {}
    for fault, row in candidates(now):
        if limits.too_much(now, standing, fault) is None:
            by_row.setdefault(row, []).append(fault)
    if not by_row:
        return None
    row = chance.choice(sorted(by_row))
    fault = chance.choice(sorted(by_row[row], key=str))
    seconds = 0.0 if fault.kind in ENDS_BY_ITSELF else chance.uniform(*LAST_SECONDS)
    return Blow(fault, row, round(seconds, 1))


def sink(chance: Random, now: Situation, standing: Collection[Fault], island: str) -> Blow | None:
    """The loss of an island, if it may be lost now. Nobody measures there: see `watches`."""
    fault = Fault(Kind.LOSE_ISLAND, island)
    elsewhere = frozenset(host for host in now.rulers if now.island_of(host) != island)
    if Limits(now.fleet).too_much(replace(now, rulers=elsewhere), standing, fault) is not None:
        return None
    return Blow(fault, 12, round(chance.uniform(*ISLAND_SECONDS), 1))


def pause(chance: Random) -> float:
    """Seconds until the next one is thought of."""
    return chance.uniform(*PAUSE_SECONDS)


def watches(now: Situation, sinkable: str = "") -> tuple[Watch, ...]:
    """Everything is measured: names, each island's web, each shard's writes, each volume's files. Of an island that may
    be lost only what others have of it."""
    staying = [island for island in now.fleet.islands if island != sinkable]
    found = [Watch(Ruler.NAMES)]
    found += [Watch(Ruler.WEB, island) for island in staying if now.fleet.with_role(Role.LB, island)]
    for shard, writer in sorted(now.writer.items()):
        island = now.island_of(writer)
        found.append(Watch(Ruler.SQL, shard, (island if island in staying else staying[0],)))
    for island in staying:
        if volume_of(now.fleet, island) and len(now.fleet.with_role(Role.WEB, island)) > 1:
            found.append(Watch(Ruler.FILES, island))
    return tuple(found)


def may_sink(now: Situation, seed: int) -> str:
    """The island that a storm with this seed may lose; nothing when there is only one."""
    islands = sorted(now.fleet.islands)
    chance = Random(f"island, seed {seed}")  # noqa: S311 - chance, and no secret
    return chance.choice(islands) if len(islands) > 1 else ""
