"""The schedules that `docs/leases.md` names. Each begins with a1 open and a2 its standby, and varies with the seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from titanicarus.lease.messages import Wishes
from titanicarus.lease.protocol import Lease
from titanicarus.lease.record import Stage
from titanicarus.lease.simulation.acts import host_of, lose_standby, until, wait, writes
from titanicarus.lease.simulation.faults import SETTLED, Outcome, cut, cut_off, cut_vpn, finish, mend, power_off
from titanicarus.lease.simulation.recoveries import (
    heir_does_not_open,
    heir_started_again,
    old_owner_diverged,
    only_the_end_was_seen,
    owner_comes_back_blank,
    replicas_far_behind,
    tail_forgotten,
)
from titanicarus.lease.simulation.world import WITNESS, World

Scenario = Callable[[World], Outcome]


def run(scenario: Scenario, seed: int, lease: type[Lease] = Lease, arming: bool = True) -> Outcome:
    """One scenario with one seed. Raises Violation."""
    world = World(seed, lease, drift=0.02)
    world.arming = arming
    world.run(SETTLED + world.random.uniform(0, 2))
    return scenario(world)


def owner_frozen_with_standby(world: World) -> Outcome:
    owner = host_of(world)
    owner.freeze()
    wait(world, world.random.uniform(3, 14))
    owner.thaw()
    return finish(world, world.now + 10)


def owner_frozen_alone(world: World) -> Outcome:
    lose_standby(world)
    host_of(world).freeze()
    wait(world, world.random.uniform(3, 25))
    world.hosts["a1"].thaw()
    wait(world, world.random.uniform(0, 5))
    world.hosts["a2"].boot()
    return finish(world, world.now + 15)


def replies_lost_then_witness_gone_for_one(world: World) -> Outcome:
    """The owner's writes land, and it does not hear so; then it does not reach the witness at all."""
    what = world.random.randrange(3)
    if what == 0:
        world.hosts["a2"].power_off()
        wait(world, world.random.uniform(0, 3))
    elif what == 1:
        world.hosts["a1"].power_off()
        until(world, lambda: world.record.owner != "a1", 12)
    world.cut.add((WITNESS, world.record.owner))
    owner = world.record.owner
    wait(world, world.random.uniform(0.5, 4))
    cut(world, owner, WITNESS)
    wait(world, world.random.uniform(2, 12))
    world.hosts["a1"].boot()
    world.hosts["a2"].boot()
    wait(world, world.random.uniform(0, 12))
    return finish(world, world.now + 5)


def late_and_doubled(world: World) -> Outcome:
    world.late, world.doubled, world.lost = 0.5, 0.5, 0.1
    wait(world, world.random.uniform(2, 10))
    host_of(world).freeze()
    wait(world, world.random.uniform(4, 12))
    for host in world.hosts.values():
        host.thaw()
    return finish(world, world.now + 15)


def keeper_restarts_after_its_promise(world: World) -> Outcome:
    """The owner lives by promises; a keeper that promised starts again, and reaches the witness."""
    cut(world, "a1", WITNESS)
    wait(world, world.random.uniform(4, 8))
    world.hosts["a2"].kill_keeper(0.1)
    wait(world, world.random.uniform(3, 15))
    return finish(world, world.now + 5)


def keeper_restarts_after_it_won(world: World) -> Outcome:
    world.hosts["a1"].freeze()
    until(world, lambda: world.record.owner != "a1", 15)
    world.hosts[world.record.owner].kill_keeper(world.random.uniform(0.1, 3))
    wait(world, world.random.uniform(0, 5))
    world.hosts["a1"].thaw()
    return finish(world, world.now + 10)


def lapsed_owner_asks(world: World) -> Outcome:
    """The owner is cut off until its lease has run out, then hears the others again, but not the witness."""
    cut_off(world, "a")
    cut(world, "a1", "a2")
    wait(world, world.random.uniform(5, 12))
    world.cut = {pair for pair in world.cut if WITNESS in pair}
    wait(world, world.random.uniform(3, 12))
    return finish(world, world.now + 5)


def one_does_not_promise(world: World) -> Outcome:
    """The owner loses the witness and one of those who may take; that one reaches the witness."""
    other = world.random.choice(["a2", "b1", "c1"])
    cut(world, "a1", WITNESS)
    cut(world, "a1", other)
    wait(world, world.random.uniform(8, 25))
    return finish(world, world.now + 5)


def witness_gone_for_the_owner(world: World) -> Outcome:
    cut(world, "a1", WITNESS)
    wait(world, world.random.uniform(8, 25))
    return finish(world, world.now + 5)


def standby_restarts_empty_handed(world: World) -> Outcome:
    """The standby starts again and loses what it had received and not applied; at once the owner dies."""
    database = world.hosts["a2"].database
    database.applied = max(0, len(database.log) - world.random.randint(1, 8))
    database.kill(world.random.uniform(0.1, 2))
    if world.random.random() < 0.5:
        world.hosts["a1"].database.kill(5)
    else:
        world.hosts["a1"].power_off()
    wait(world, world.random.uniform(5, 20))
    return finish(world, world.now + 5)


def replica_races_standby(world: World) -> Outcome:
    """The standby reaches the witness late, the replicas elsewhere are a little behind."""
    world.hosts["b1"].database.batch = world.hosts["c1"].database.batch = 0
    wait(world, world.random.uniform(0, 4))
    world.hosts["a1"].power_off()
    cut(world, "a2", WITNESS)
    world.after(world.random.uniform(0, 14), mend, world, "a2", WITNESS)
    wait(world, 25)
    return finish(world, world.now + 5)


def vpn_cut_then_island_dies(world: World) -> Outcome:
    """Nobody else saw it die but the witness; the island does not come back before another has taken."""
    cut_vpn(world)
    wait(world, world.random.uniform(5.5, 6.5))
    power_off(world, "a")
    until(world, lambda: any(host.accepts() for host in world.hosts.values()), 40)
    if not any(host.accepts() for host in world.hosts.values()):
        world.judge.no_writer()
    return finish(world, world.now + 2)


def witness_gone_then_a_host_reboots(world: World) -> Outcome:
    world.witness_up = False
    wait(world, world.random.uniform(2, 8))
    other = world.hosts[world.random.choice(["a2", "b1", "c1"])]
    other.power_off()
    world.after(world.random.uniform(1, 8), other.boot)
    wait(world, world.random.uniform(2, 15))
    world.witness_up = True
    cut(world, "a1", WITNESS, both=world.random.random() < 0.5)
    wait(world, 15)
    return finish(world, world.now + 5)


def second_island_lost_after_taking(world: World) -> Outcome:
    power_off(world, "a")
    until(world, lambda: world.record.owner[0] != "a", 25)
    wait(world, world.random.uniform(0, 2))
    power_off(world, world.record.owner[0])
    wait(world, 25)
    return finish(world, world.now + 5)


def override_on_both_sides(world: World) -> Outcome:
    """Witness and tunnels gone, the owner dead; operators on two islands open. Only one may win."""
    world.witness_up = False
    cut_vpn(world)
    world.hosts["a1"].power_off()
    wait(world, world.random.uniform(7, 9))
    for name in ("a2", "b1"):
        world.hosts[name].wishes = Wishes(override=True)
    wait(world, world.random.uniform(5, 12))
    world.witness_up = True
    return finish(world, world.now + 5)


def handed_over(world: World) -> Outcome:
    """The owner's database dies; the hand-over may land late, or its reply be lost, and the owner come back at once."""
    owner = world.hosts["a1"]
    world.late = world.random.choice([0.0, 0.5])
    if world.random.random() < 0.5:
        world.cut.add((WITNESS, "a1"))
        world.after(world.random.uniform(0.5, 6), mend, world, WITNESS, "a1")
    owner.database.kill(world.random.uniform(0.2, 1))
    if world.random.random() < 0.3:
        wait(world, world.random.uniform(0, 0.5))
        world.hosts["a2"].database.kill(world.random.uniform(0.2, 2))
    wait(world, world.random.uniform(5, 15))
    return finish(world, world.now + 5)


def move_gone_wrong(world: World) -> Outcome:
    """A planned move whose last write is late or whose reply is lost, on lines that lose some."""
    owner = world.hosts["a1"]
    owner.wishes = Wishes(move_to=world.random.choice(["b1", "c1"]))
    if world.random.random() < 0.5:
        until(world, lambda: not owner.accepts(), 5, step=0.002)
        world.slow["a1", WITNESS] = world.random.uniform(2.5, 4)
    else:
        world.late, world.lost = world.random.choice([0.3, 0.7]), world.random.choice([0, 0.1])
        world.after(world.random.uniform(0, 1), cut, world, WITNESS, "a1", False)
        world.after(world.random.uniform(2, 6), mend, world, WITNESS, "a1")
    wait(world, world.random.uniform(6, 20))
    return finish(world, world.now + 5)


def move_by_an_old_look(world: World) -> Outcome:
    """The target of a planned move stops replicating as the gate shuts; what is known of the owner is from before."""
    owner, target = world.hosts["a1"], world.hosts["b1"]
    owner.database.looks_every = world.random.uniform(0.5, 1.8)
    owner.wishes = Wishes(move_to="b1")
    until(world, lambda: not owner.accepts(), 5, step=0.002)
    target.database.batch = 0
    wait(world, world.random.uniform(5, 15))
    return finish(world, world.now + 5)


def moved_both_ways(world: World) -> Outcome:
    world.hosts["a1"].wishes = Wishes(move_to="b1")
    until(world, lambda: world.record.owner == "b1" and world.record.stage is Stage.OPEN, 20)
    world.hosts["a1"].wishes = Wishes()
    wait(world, world.random.uniform(3, 15))
    world.hosts["b1"].wishes = Wishes(move_to="a1")
    wait(world, 15)
    return finish(world, world.now + 5)


def stopped_in_the_act(world: World) -> Outcome:
    """The owner's keeper is stopped between reading its clock and ordering the gate open."""
    world.hosts["a1"].stall = world.random.uniform(2, 20)
    wait(world, 22)
    return finish(world, world.now + 5)


def witness_from_a_backup(world: World) -> Outcome:
    """The witness is put back to what it was before the last change of owner, which does not reach it just then."""
    before = world.record
    for name in ("b1", "c1"):
        world.hosts[name].database.batch = 0
    world.hosts["a1"].power_off()
    until(world, lambda: world.record.owner != "a1" and world.record.stage is Stage.OPEN, 25)
    wait(world, world.random.uniform(2, 6))
    now = world.record
    cut(world, "a2", WITNESS)
    world.record = replace(before, nonce="from-a-backup")
    wait(world, world.random.uniform(15, 20))
    world.record = replace(now, nonce="put-right")
    return finish(world, world.now + 3)


def item_born_again(world: World) -> Outcome:
    """The item is deleted and, a while later, born again at epoch 1; its owner lives, cut off or not, or is dead."""
    first = world.random.random() < 0.2
    if not first:
        world.hosts["a1"].power_off()
        until(world, lambda: world.record.owner != "a1" and world.record.stage is Stage.OPEN, 15)
        world.hosts["a1"].boot()
        wait(world, 10)
    owner, epoch = host_of(world), world.record.epoch
    world.witness_up = False
    wait(world, world.random.uniform(0.5, 10))
    kind = world.random.randrange(3) if not first else 0
    if kind == 1:
        cut(world, owner.name, WITNESS)
        world.after(world.random.uniform(5, 25), mend, world, owner.name, WITNESS)
    elif kind == 2:
        owner.power_off()
        if world.random.random() < 0.5:
            power_off(world, "c")
    world.record, world.witness_up = replace(world.birth, nonce="born-again"), True
    if kind == 2:
        until(world, lambda: world.record.epoch > epoch, 60)
        freshest = max(world.hosts.values(), key=lambda host: host.up and len(host.database.log))
        freshest.wishes = Wishes(override=True)
        until(world, freshest.accepts, 60)
    until(world, lambda: world.record.epoch >= epoch, 40)
    if world.record.epoch < epoch:
        world.judge.no_writer()
    return finish(world, world.now + 5)


def pruned_host_comes_back(world: World) -> Outcome:
    """A host away for over a minute is pruned. It reaches the witness again, which its owner has lost."""
    cut_off(world, "b")
    wait(world, world.timing.prune + 15)
    world.cut.clear()
    cut(world, "b1", "a1")
    back = world.random.random()
    if back < 0.5:
        mend(world, "b1", "a1")
        until(world, lambda: "b1" in world.record.eligible, 25)
        cut(world, "b1", "a1")
        cut(world, "a1", WITNESS)
    else:
        cut(world, "a1", WITNESS)
    wait(world, world.random.uniform(10, 20))
    return finish(world, world.now + 3)


def readmitted_unheard(world: World) -> Outcome:
    """The write that makes a host eligible again lands unheard, and the owner loses the witness and that host."""
    cut_off(world, "b")
    wait(world, world.timing.prune + 15)
    world.cut.clear()
    cut(world, "b1", "a1")
    until(world, lambda: writes(world.hosts["a1"], lambda record: "b1" in record.eligible), 20, step=0.0005)
    world.cut.add((WITNESS, "a1"))
    wait(world, 0.03)
    cut(world, "a1", WITNESS)
    wait(world, world.random.uniform(12, 20))
    return finish(world, world.now + 3)


def named_before_it_caught_up(world: World) -> Outcome:
    """A replica that is far behind comes back, slowly; the owner dies as soon as it is named."""
    lose_standby(world)
    world.hosts["a2"].database.batch = 1
    wait(world, world.random.uniform(5, 15))
    world.hosts["a2"].boot()
    until(world, lambda: world.record.standby == "a2", 15)
    wait(world, world.random.uniform(0, 2))
    world.hosts["a1"].power_off()
    wait(world, 12)
    return finish(world, world.now + 5)


def standby_cut_and_nobody_told(world: World) -> Outcome:
    """The owner loses its standby and the witness at once; then it dies, and the standby is still named."""
    cut(world, "a1", "a2")
    if world.random.random() < 0.5:
        cut(world, "a1", WITNESS, both=False)
    else:
        world.cut.add((WITNESS, "a1"))
    wait(world, world.random.uniform(1.5, 5))
    world.hosts["a1"].power_off()
    mend(world, "a1", WITNESS)
    wait(world, 15)
    return finish(world, world.now + 5)


def naming_unheard(world: World) -> Outcome:
    """The write that names the standby lands unheard; the standby is cut from the owner, which dies later."""
    lose_standby(world)
    world.hosts["a2"].boot()
    until(world, lambda: writes(world.hosts["a1"], lambda record: record.standby == "a2"), 25, step=0.0005)
    world.cut.add((WITNESS, "a1"))
    cut(world, "a1", "a2")
    wait(world, world.random.uniform(2, 4.5))
    world.hosts["a1"].power_off()
    wait(world, 15)
    return finish(world, world.now + 5)


def owner_stopped_with_a_reply_on_its_way(world: World) -> Outcome:
    """The reply to a renewal waits in the owner's socket while the owner is frozen."""
    owner = world.hosts["a1"]
    until(world, lambda: writes(owner), 5, step=0.0005)
    owner.freeze()
    wait(world, world.random.uniform(5, 20))
    owner.thaw()
    return finish(world, world.now + 10)


def take_in_flight(world: World) -> Outcome:
    """A lapsed owner asks for promises while the standby's take is on its way; the standby's keeper may start again."""
    others = ("a2", "b1", "c1")
    for name in (*others, WITNESS):
        cut(world, "a1", name)
    wait(world, world.timing.wait - 0.5)
    world.slow["a2", WITNESS] = 4.0
    taker = world.hosts["a2"]
    until(world, lambda: writes(taker), 6)
    world.slow.clear()
    for name in others:
        mend(world, "a1", name)
    if world.random.random() < 0.5:
        wait(world, world.random.uniform(1.8, 3))
        taker.kill_keeper(0.1)
        cut(world, "a1", "a2")
    wait(world, 14)
    return finish(world, world.now + 1)


SCENARIOS: dict[str, Scenario] = {
    function.__name__: function
    for function in (
        owner_frozen_with_standby,
        owner_frozen_alone,
        replies_lost_then_witness_gone_for_one,
        late_and_doubled,
        keeper_restarts_after_its_promise,
        keeper_restarts_after_it_won,
        lapsed_owner_asks,
        one_does_not_promise,
        witness_gone_for_the_owner,
        standby_restarts_empty_handed,
        replica_races_standby,
        vpn_cut_then_island_dies,
        witness_gone_then_a_host_reboots,
        second_island_lost_after_taking,
        override_on_both_sides,
        handed_over,
        move_gone_wrong,
        move_by_an_old_look,
        moved_both_ways,
        stopped_in_the_act,
        witness_from_a_backup,
        item_born_again,
        pruned_host_comes_back,
        readmitted_unheard,
        named_before_it_caught_up,
        standby_cut_and_nobody_told,
        naming_unheard,
        owner_stopped_with_a_reply_on_its_way,
        tail_forgotten,
        heir_does_not_open,
        heir_started_again,
        only_the_end_was_seen,
        owner_comes_back_blank,
        old_owner_diverged,
        take_in_flight,
        replicas_far_behind,
    )
}
"""All run on clocks whose rates differ by up to 1 % either way."""
