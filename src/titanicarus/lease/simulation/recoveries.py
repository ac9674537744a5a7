"""Scenarios in which a database comes back with more than the history has, with less, with nothing, or far behind."""

from __future__ import annotations

from titanicarus.lease.record import Stage
from titanicarus.lease.simulation.acts import lose_standby, until, wait
from titanicarus.lease.simulation.faults import Outcome, cut, cut_off, finish, mend, power_off
from titanicarus.lease.simulation.host import Host
from titanicarus.lease.simulation.world import WITNESS, World


def _owner_and_heir_alone(world: World) -> tuple[Host, Host]:
    """a1 and its standby a2, of which nobody elsewhere has a copy that is near."""
    for island in ("b", "c"):
        cut_off(world, island)
    wait(world, world.random.uniform(1, 3))
    return world.hosts["a1"], world.hosts["a2"]


def tail_forgotten(world: World) -> Outcome:
    """The owner dies with commits that nobody acknowledged, and comes back when its standby has taken over."""
    owner = world.hosts["a1"]
    cut(world, "a2", "a1", both=False)
    wait(world, world.random.uniform(0, 1.5))
    if world.random.random() < 0.5:
        owner.database.kill(world.random.uniform(0.2, 2))
    else:
        owner.power_off()
        world.after(world.random.uniform(1, 20), owner.boot)
    mend(world, "a2", "a1")
    wait(world, world.random.uniform(10, 25))
    return finish(world, world.now + 5)


def heir_does_not_open(world: World) -> Outcome:
    """The standby is given the item, starts again before it opens and has lost some: the old owner has everything."""
    owner, heir = _owner_and_heir_alone(world)
    owner.database.kill(world.random.uniform(0.2, 3))
    until(world, lambda: world.record.owner == "a2", 3, step=0.002)
    heir.database.applied = max(0, len(heir.database.log) - world.random.randint(1, 8))
    heir.database.kill(world.random.uniform(3, 8))
    if world.random.random() < 0.5:
        heir.kill_keeper(world.random.uniform(5, 15))
    wait(world, world.random.uniform(15, 25))
    return finish(world, world.now + 5)


def heir_started_again(world: World) -> Outcome:
    """The standby's host takes over in its turn, with a run that lost some: the old owner's tail is the only copy."""
    owner, heir = _owner_and_heir_alone(world)
    heir.database.applied = max(0, len(heir.database.log) - world.random.randint(1, 8))
    heir.database.kill(world.random.uniform(0.1, 1))
    if world.random.random() < 0.5:
        owner.power_off()
        world.after(world.random.uniform(4, 20), owner.boot)
    else:
        owner.database.kill(world.random.uniform(15, 40))
    wait(world, world.random.uniform(20, 40))
    return finish(world, world.now + 5)


def only_the_end_was_seen(world: World) -> Outcome:
    """The old owner is away while its standby takes over and is lost, and another goes on without some of it."""
    for name in ("b1", "c1"):
        world.hosts[name].database.batch = 0
    wait(world, world.random.uniform(1, 5))
    world.hosts["a1"].power_off()
    until(world, lambda: world.record.owner != "a1" and world.record.stage is Stage.OPEN, 15)
    wait(world, world.random.uniform(0, 2))
    world.hosts["a2"].power_off()
    until(world, lambda: world.record.owner not in ("a1", "a2") and world.record.stage is Stage.OPEN, 25)
    world.hosts["a1"].boot()
    wait(world, world.random.uniform(3, 15))
    return finish(world, world.now + 5)


def owner_comes_back_blank(world: World) -> Outcome:
    """A power cut, and the disk is empty afterwards."""
    lose_standby(world)
    owner = world.hosts["a1"]
    owner.power_off()
    owner.database.log.clear()
    owner.database.applied = 0
    owner.database.epoch, owner.database.owner, owner.database.serial = 0, "birth", 0
    wait(world, world.random.uniform(0.1, 2))
    owner.boot()
    wait(world, world.random.uniform(10, 25))
    world.hosts["a2"].boot()
    return finish(world, world.now + 5)


def old_owner_diverged(world: World) -> Outcome:
    """The old owner keeps a long tail that nobody else has, because its keeper says nothing when its database starts
    again; the new one dies before the old one is rebuilt."""
    old, new = world.hosts["a1"], world.hosts["a2"]
    new.database.batch = 0
    cut(world, "a1", WITNESS)
    wait(world, world.random.uniform(14, 16))
    for name in ("a2", "b1", "c1"):
        cut(world, "a1", name)
    until(world, new.accepts, 20)
    wait(world, world.random.uniform(10, 12))
    for name in (WITNESS, "b1", "c1"):
        mend(world, "a1", name)
    until(world, lambda: not old.database.running, 20)
    old.kill_keeper(7)
    until(world, lambda: "a1" in world.record.eligible and old.database.running, 20)
    cut(world, "b1", WITNESS)
    cut(world, "c1", WITNESS)
    new.power_off()
    wait(world, 20)
    return finish(world, world.now + 1)


def replicas_far_behind(world: World) -> Outcome:
    """Replicas elsewhere stopped long ago, and the island that has everything is lost."""
    for name in ("b1", "c1"):
        world.hosts[name].database.batch = 0
    wait(world, world.random.uniform(10, 20))
    power_off(world, "a")
    wait(world, 25)
    return finish(world, world.now + 5)
