"""Drills and storms in a made-up world whose clock goes by itself."""

from __future__ import annotations

import signal
from collections.abc import Collection
from dataclasses import replace

import pytest
from fixtures.drill_world import World, incident

from titanicarus.drill.contract import ROWS, Ruler, allowed
from titanicarus.drill.fault import Fault, Kind
from titanicarus.drill.mender import Mender, uninterrupted
from titanicarus.drill.result import Ran
from titanicarus.drill.run import Broken, run_row, run_storm
from titanicarus.drill.situation import Situation
from titanicarus.drill.timeline import Line, Stage

STALE_SECONDS = 60.0
"""For so long who comes back does not catch up with a primary that is off."""


def silent(_: str) -> None:
    pass


def run(world: World, number: int, seed: int = 1) -> Ran:
    return run_row(world, number, seed, 0, silent)


@pytest.mark.parametrize("number", ROWS)
def test_a_row_that_is_not_felt_is_kept(number: int) -> None:
    for seed in range(6):
        world = World(tenures=[(1, 0.0, 1e9)], whole_after=STALE_SECONDS if number == 8 else 15.0)
        ran = run(world, number, seed)
        assert ran.clean, ran.problems
        assert ran.moments and ran.moments.broke < ran.moments.mended <= ran.moments.whole
        assert not world.there
        assert all(users.dead for users in world.watched)
        assert {mark.stage for mark in ran.marks} >= {Stage.FAULT}


def test_a_row_that_is_felt_for_too_long_is_not_kept() -> None:
    ran = run(World(outage=lambda _fault, ruler: 3.0 if ruler is Ruler.WEB else 0.0), 1)
    assert any("without a good answer in the fault (bound 1.2 s)" in problem for problem in ran.problems)


def test_a_write_that_is_lost_is_told_whatever_the_row() -> None:
    assert any("3 acknowledged and lost" in problem for problem in run(World(lost=3), 4).problems)


def test_what_a_lost_island_took_must_be_reported() -> None:
    assert "3 writes were lost, and no report says which" in run(World(lost=3), 12).problems
    assert run(World(lost=3, reported=["syd-db1: one"]), 12).clean


def test_what_cannot_be_mended_is_told_and_ends_the_suite() -> None:
    kills = frozenset(
        Fault(Kind.KILL, f"{island}-web{number}") for island in ("syd", "mel", "per") for number in (1, 2)
    )
    world = World(stubborn=kills)
    ran = run(world, 2)
    assert any("and that could not be mended: " in problem for problem in ran.problems)
    assert all(users.dead for users in world.watched)
    with pytest.raises(Broken, match=r"something is broken already: .* is killed"):
        run(world, 1)


def test_a_service_that_does_not_answer_is_a_problem_and_nothing_is_broken_for_it() -> None:
    world = World(mute=True)
    ran = run(world, 1)
    assert any("does not answer" in problem for problem in ran.problems)
    assert world.made == []


def test_users_who_are_not_served_until_it_is_mended_are_told() -> None:
    problems = run(World(mute_while_broken=True), 1).problems
    assert problems
    assert all("while it is still broken: " in problem for problem in problems)
    assert run(World(mute_while_broken=True, whole_after=STALE_SECONDS), 8).clean, "nobody may write then, by design"


def test_who_takes_over_late_is_waited_for() -> None:
    world = World()
    look, looks = world.look, []

    def late(parts: Collection[str] | None = None) -> Situation:
        now = look(parts)
        looks.append(now)
        return replace(now, writer={}) if world.there and len(looks) < 6 else now

    world.look = late  # type: ignore[method-assign]
    assert run(world, 5).clean
    never = World()
    seen = never.look
    never.look = lambda parts=None: replace(seen(parts), writer={}) if never.there else seen(parts)  # type: ignore[method-assign]
    assert any("nobody writes" in problem for problem in run(never, 5).problems)


@pytest.mark.parametrize("number", [1, 3, 5, 8, 9, 12, 14, 19])
@pytest.mark.parametrize("after", [0.0, 2.0, 8.0, 30.0])
def test_ctrl_c_mends_first(number: int, after: float) -> None:
    world = World()
    world.on_make = lambda world, _fault: setattr(world, "interrupt_at", world.clock + after)
    try:
        run(world, number)
    except KeyboardInterrupt:
        assert world.made
    assert world.there == {}
    assert all(users.dead for users in world.watched)


def test_a_stale_standby_that_takes_is_told() -> None:
    world = World(whole_after=STALE_SECONDS)
    ran = run_row(world, 8, 1, 0, silent)
    assert ran.clean, ran.problems
    stale = world.made[0][1].place
    world = World()
    world.writer = lambda _shard: stale  # type: ignore[method-assign]
    ran = run_row(world, 8, 1, 0, silent)
    assert any(problem.startswith(f"{stale} writes ") for problem in ran.problems)


def test_an_act_of_the_healers_on_another_host_is_told() -> None:
    world = World()
    world.on_make = lambda world, _fault: world.known.append(incident(world.clock + 2, "per-filer2"))
    ran = run(world, 1)
    assert any("start nginx.service on per-filer2" in problem for problem in ran.problems)


def test_what_was_in_the_ledger_before_is_not_of_this_run() -> None:
    world = World(known=[incident(10.0, "per-filer2")])
    assert run(world, 1).clean


def test_a_row_that_the_fleet_cannot_carry_is_told() -> None:
    world = World()
    world.look = lambda parts=None: Situation(fleet=world.fleet)  # type: ignore[method-assign]
    assert "it cannot be run here: no island has two load balancers" in run(world, 1).problems[0]


def test_what_daemons_said_is_in_the_timeline() -> None:
    def say(world: World, fault: Fault) -> None:
        text = f"{fault.place[:3]}: takes the item: {fault.place} was silent for 6.5 s"
        world.said.append(Line(world.clock + 6.5, "syd-db2", "titanicarus-keeper.service", text))

    ran = run(World(on_make=say), 5)
    (mark,) = (mark for mark in ran.marks if mark.stage is Stage.DECIDED)
    assert "was silent for 6.5 s" in mark.text
    assert ran.moments and mark.at - ran.moments.broke == pytest.approx(6.5)


# The mender


def test_what_was_broken_only_half_is_mended() -> None:
    fault = Fault(Kind.FREEZE, "syd-web1")
    world = World()

    def half(world: World, fault: Fault) -> None:
        world.there[fault] = world.clock
        raise KeyboardInterrupt

    world.on_make = half
    with pytest.raises(KeyboardInterrupt), Mender(world, silent) as mender:
        mender.make(fault, 3)
    assert world.there == {}


def test_everything_else_is_mended_when_one_thing_cannot_be() -> None:
    faults = [Fault(Kind.KILL, host) for host in ("syd-lb1", "mel-lb1", "per-lb1")]
    world = World(stubborn=frozenset(faults[1:2]))
    with Mender(world, silent) as mender:
        for fault in faults:
            mender.make(fault, 1)
    assert list(world.there) == faults[1:2]
    assert mender.not_mended == ["mel-lb1 is killed, and that could not be mended: mel-lb1 does not boot"]


def test_nobody_interrupts_the_mending() -> None:
    said: list[str] = []
    before = signal.getsignal(signal.SIGINT)
    with uninterrupted(said.append):
        signal.raise_signal(signal.SIGINT)
    assert said == ["what was broken is being mended first"]
    assert signal.getsignal(signal.SIGINT) == before


# Storms


@pytest.mark.parametrize("seed", range(3))
def test_a_storm_that_is_not_felt_is_clean(seed: int) -> None:
    world = World()
    stormed = run_storm(world, 10, seed, silent)
    assert stormed.verdict.clean, stormed.verdict
    assert world.there == {}
    assert all(users.dead for users in world.watched)
    assert len(stormed.injected) >= 5
    assert all(one.whole is not None for one in stormed.injected)
    assert 10 * 60 <= stormed.end - stormed.begin < 15 * 60


def test_a_storm_may_lose_an_island_if_it_is_told_to() -> None:
    lost = Fault(Kind.LOSE_ISLAND, "per")
    worlds = [World() for _ in range(4)]
    for seed, world in enumerate(worlds):
        assert run_storm(world, 8, seed, silent, sinkable="per").verdict.clean
        for users in world.watched:
            assert "per" not in users.watch.clients
            assert users.watch.place != "per" or users.watch.ruler is Ruler.SQL
    assert any(fault == lost for world in worlds for _, fault in world.made)


def test_a_storm_felt_as_much_as_is_promised_is_clean_and_more_is_not() -> None:
    def of(fault: Fault, ruler: Ruler) -> float:
        return 1.0 if fault.kind is Kind.KILL and fault.place.endswith(("lb1", "lb2")) and ruler is Ruler.WEB else 0.0

    assert allowed(1, Ruler.WEB).gap == 1.2
    assert run_storm(World(outage=lambda fault, ruler: of(fault, ruler) * 0.6), 8, 1, silent).verdict.clean
    worse = run_storm(World(outage=lambda fault, ruler: of(fault, ruler) * 60.0), 8, 1, silent)
    assert worse.verdict.beyond and not worse.verdict.clean


def test_the_same_seed_is_the_same_storm() -> None:
    one, again, other = (World() for _ in range(3))
    run_storm(one, 10, 5, silent)
    run_storm(again, 10, 5, silent)
    run_storm(other, 10, 6, silent)
    assert one.made == again.made
    assert one.made != other.made


@pytest.mark.parametrize("minute", range(1, 9))
def test_a_storm_that_is_stopped_mends_and_is_judged_so_far(minute: int) -> None:
    world = World(interrupt_at=1000.0 + 60 * minute)
    stormed = run_storm(world, 10, 3, silent)
    assert world.there == {}
    assert stormed.verdict.other == ["it was stopped before its time"]
    assert not stormed.verdict.clean
    assert stormed.felts


def test_a_storm_says_what_it_could_not_mend() -> None:
    every = frozenset(Fault(kind, f"{island}-lb{number}")
                      for kind in (Kind.KILL,) for island in ("syd", "mel", "per") for number in (1, 2))  # fmt: skip
    stormed = run_storm(World(stubborn=every), 20, 1, silent)
    assert stormed.verdict.not_mended
    assert not stormed.verdict.clean


def test_a_storm_in_which_the_healers_do_something_strange() -> None:
    world = World()
    world.on_make = lambda world, _fault: world.known.append(incident(world.clock - 30.0, "per-filer2"))
    stormed = run_storm(world, 5, 1, silent)
    assert not stormed.verdict.clean
    assert any("nothing that was broken explains it" in told for told in stormed.verdict.unexplained)


def test_no_storm_over_a_fleet_that_is_not_whole() -> None:
    world = World()
    world.there[Fault(Kind.KILL, "syd-lb1")] = 0.0
    with pytest.raises(Broken, match="syd-lb1 is killed"):
        run_storm(world, 5, 1, silent)
    assert world.watched == []
