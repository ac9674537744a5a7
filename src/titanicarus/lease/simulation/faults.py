"""What can be done to a world, and random schedules of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

from titanicarus.lease.messages import Wishes
from titanicarus.lease.protocol import Lease
from titanicarus.lease.simulation.world import PLACES, WITNESS, World

SETTLED = 12.0
"""By then the first owner is open and has a standby."""
FAULTS_END = 50.0
BOUND = 40.0
"""Seconds. Once all faults have ended, somebody writes within this time."""
AFTERWARDS = 10.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one schedule: seconds until somebody wrote after all faults had ended, commits that are kept, and that were
    given up and reported, and tails that were forgotten."""

    until_writer: float
    acknowledged: int
    reported: int
    forgotten: int


def cut(world: World, one: str, other: str, both: bool = True) -> None:
    world.cut.add((one, other))
    if both:
        world.cut.add((other, one))


def mend(world: World, one: str, other: str) -> None:
    world.cut -= {(one, other), (other, one)}


def cut_vpn(world: World) -> None:
    """No island hears another; all reach the witness."""
    world.cut |= {(a, b) for a, b in permutations(PLACES, 2) if PLACES[a] != PLACES[b]}


def cut_off(world: World, island: str) -> None:
    """An island reaches nobody outside."""
    inside = {name for name, place in PLACES.items() if place == island}
    outside = {*PLACES, WITNESS} - inside
    world.cut |= {pair for name in inside for far in outside for pair in ((name, far), (far, name))}


def power_off(world: World, island: str) -> None:
    for host in world.hosts.values():
        if host.island == island:
            host.power_off()


def heal(world: World) -> None:
    """Everything is there again, and nothing fails any more."""
    world.cut.clear()
    world.slow.clear()
    world.lost = world.doubled = world.late = 0.0
    world.witness_up = True
    for host in world.hosts.values():
        host.stall = None
        host.wishes = Wishes()
        host.thaw()
        host.boot()
        host.start_keeper()
        if host.database.frozen_since is not None:
            host.database.frozen_since = None
        host.database.start()
        host.database.batch = 1000
    world.judge.all_healed()


def finish(world: World, until: float = FAULTS_END) -> Outcome:
    """Let the faults run until then, end them, wait for a writer, and judge a while later."""
    world.run(until)
    heal(world)
    while world.judge.first_ack is None and world.now < until + BOUND:
        world.run(world.now + 1)
    world.run(world.now + AFTERWARDS)
    until_writer = world.judge.at_the_end()
    return Outcome(until_writer, len(world.judge.acked), world.judge.reported, world.judge.cuts)


def random_schedule(seed: int, lease: type[Lease] = Lease) -> Outcome:
    """One to seven faults of any kind, at any time, on lines that may lose, double and delay messages."""
    world = World(seed, lease)
    world.run(SETTLED * world.random.random() ** 0.3)
    dice = world.random
    if dice.random() < 0.5:
        world.lost, world.doubled, world.late = (
            dice.choice([0, 0.02, 0.2]),
            dice.choice([0, 0.1]),
            dice.choice([0, 0.1]),
        )
    for _ in range(dice.randint(1, 7)):
        world.after(dice.uniform(0, FAULTS_END - SETTLED - 15), _something, world)
    return finish(world, dice.uniform(SETTLED + 5, FAULTS_END))


def _something(world: World) -> None:  # noqa: PLR0912 - a list of faults
    """One fault, mostly where it hurts, for a random time."""
    if world.judge.healed is not None:
        return
    dice = world.random
    seconds = dice.choice([0.5, 2.0, 5.0, 8.0, 20.0]) * dice.uniform(0.5, 1.5)
    name = world.record.owner if dice.random() < 0.5 else dice.choice(list(PLACES))
    host, other = world.hosts[name], dice.choice([*PLACES, WITNESS])
    database = host.database
    match dice.randrange(14):
        case 0:
            host.power_off()
            world.after(seconds, host.boot)
        case 1 | 2:
            host.freeze()
            world.after(seconds, host.thaw)
        case 3:
            host.kill_keeper()
        case 4:
            database.kill(dice.uniform(0.5, 4))
        case 5:
            if database.running:
                database.frozen_since = world.now
                world.after(seconds, _thaw_database, world, name)
        case 6 | 7:
            cut(world, name, other, both=dice.random() < 0.5)
            world.after(seconds, mend, world, name, other)
        case 8:
            cut(world, WITNESS, name, both=dice.random() < 0.3)
            world.after(seconds, mend, world, WITNESS, name)
        case 9:
            world.witness_up = False
            world.after(seconds, _witness_back, world)
        case 10:
            cut_off(world, host.island)
            world.after(seconds, world.cut.clear)
        case 11:
            cut_vpn(world)
            world.after(seconds, world.cut.clear)
        case 12:
            host.stall = seconds
        case 13:
            world.hosts[world.record.owner].wishes = Wishes(move_to=dice.choice(list(PLACES)))
            world.after(seconds, _no_wishes, world)


def _thaw_database(world: World, name: str) -> None:
    world.hosts[name].database.frozen_since = None


def _witness_back(world: World) -> None:
    world.witness_up = True


def _no_wishes(world: World) -> None:
    for host in world.hosts.values():
        host.wishes = Wishes()
