"""Rows 12 to 15, 18 and 24 of docs/faults.md for databases: islands are lost, cut off and come back; everything is off.

What a lost island had acknowledged and not yet shipped may be missing, is counted here, and stands in a report when the
island returns. In every other case nothing acknowledged is lost.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from lab.databases import (
    LEASE_SECONDS,
    LOST_WITH_AN_ISLAND,
    await_whole,
    divergence,
    island_of,
    measure,
    other_island,
    shard_for,
    shut_by,
    start,
    verdict,
    view,
    writer,
)
from lab.running import Running, Show, until

from titanicarus.checker.history import Outcome
from titanicarus.checker.plan import now
from titanicarus.lab import CLIENT, CLOUD
from titanicarus.lab.cuts import OFF

RUNS = [0, *(pytest.param(run, marks=pytest.mark.exhaustive) for run in range(1, 3))]
BACK_SECONDS = 180.0
pytestmark = pytest.mark.timeout(1200)


@pytest.fixture
def sql(whole: Running) -> Iterator[Running]:
    """A fleet of several islands, every shard whole, before and after."""
    if len(whole.islands) < 2:
        pytest.skip("this Saguirefile has one island")
    for shard in whole.shards:
        await_whole(whole, shard)
    yield whole
    whole.put_right()
    for island in whole.islands:
        whole.saguire("restore", island)


def power_on(fleet: Running, hosts: list[str]) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(fleet.lab.start, hosts))


def hosts_of(fleet: Running, island: str) -> list[str]:
    return [host.id for host in fleet.lab.fleet.islands[island].hosts.values()]


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", RUNS)
def test_rows_12_and_18_the_primary_s_island_is_lost_and_returns(sql: Running, run: int, show: Show) -> None:
    shard = shard_for(sql, run)
    lost = island_of(sql, writer(sql, shard))
    asked = other_island(sql, lost)
    own = next((name for name in sql.shards if island_of(sql, writer(sql, name)) not in (lost,)), None)
    bystander = start(sql, own, [other_island(sql, lost)]) if own else None
    try:
        felt = measure(sql, shard, lambda: sql.lab.kill_island(lost), islands=[asked])
        verdict(
            show, f"row 12: {lost} lost, writes to {shard} from {asked}", felt, gap=20.0, allowed=LOST_WITH_AN_ISLAND
        )
        assert felt.done.verdict.lost <= sql.declaration.policy.lease_max_lag
        if bystander is not None:
            bystander.report = bystander.workload.judged()
            verdict(show, f"row 12: meanwhile writes to {own}", bystander, gap=2.5)
    finally:
        if bystander is not None:
            bystander.workload.kill()
    gone = felt.done.verdict.lost
    felt = measure(
        sql,
        shard,
        lambda: power_on(sql, hosts_of(sql, lost)),
        islands=[asked],
        after=lambda: await_whole(sql, shard, 300),
    )
    verdict(show, f"row 18: {lost} returns, writes to {shard} from {asked}", felt, gap=1.5)
    reports = divergence(sql, hosts_of(sql, lost), shard)
    show(f"row 18: reports of divergence: {', '.join(reports) or 'none'}")
    assert not gone or reports, "writes were lost, and nobody reported which"


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize(
    "apart", [0.0, *(pytest.param(seconds, marks=pytest.mark.exhaustive) for seconds in (10.0, 60.0))]
)
def test_row_13_two_islands_are_lost(sql: Running, run: int, apart: float, show: Show) -> None:
    """At once, or one after the other: the second is the one that took, or may just be taking."""
    if len(sql.islands) < 3:
        pytest.skip("this Saguirefile has two islands")
    shard = shard_for(sql, run)
    first = island_of(sql, writer(sql, shard))
    others = [name for name in sql.islands if name != first]
    second, left = others if run % 2 == 0 else reversed(others)

    def sink() -> None:
        sql.lab.kill_island(first)
        if apart:
            time.sleep(apart)  # the time between the two faults
        sql.lab.kill_island(second)

    felt = measure(sql, shard, sink, islands=[left], settle=90)
    name = f"row 13: {first} and {second} lost {apart:g} s apart, writes to {shard} from {left}"
    verdict(show, name, felt, gap=25.0 + apart, allowed=LOST_WITH_AN_ISLAND)
    assert felt.done.verdict.lost <= 2 * sql.declaration.policy.lease_max_lag


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", range(3))
def test_row_13_the_second_island_is_lost_just_after_it_took(sql: Running, run: int, show: Show) -> None:
    if len(sql.islands) < 3:
        pytest.skip("this Saguirefile has two islands")
    shard = shard_for(sql, run)
    first = island_of(sql, writer(sql, shard))
    before = view(sql, shard).epoch
    others = [name for name in sql.islands if name != first]
    taken: list[str] = []

    def sink() -> None:
        sql.lab.kill_island(first)

        def took() -> bool:
            found = view(sql, shard)
            if found.epoch > before and found.owner is not None:
                taken.append(island_of(sql, found.owner))
                return True
            return False

        until("somebody taking the shard", took, 30, poll=0.0)
        sql.lab.kill_island(taken[-1])

    felt = start(sql, shard, others)
    try:
        felt.moment = now()
        sink()
        (left,) = (name for name in others if name != taken[-1])
        survivor = next(host for host in felt.workload.place.hosts if island_of(sql, host) == left)
        good = lambda: felt.workload.writes_well(survivor)  # noqa: E731
        until(f"{left} writing", good, 60)
        sql.put_right()
        felt.workload.wait_until_good(120)
        felt.report = felt.workload.judged()
    finally:
        felt.workload.kill()
    gap = felt.gap(survivor)
    show(f"row 13: {first} lost, and {taken[-1]} when it had just taken {shard}: gap {gap:.2f} s from {left}")
    verdict(show, "row 13", felt, gap=600.0, allowed=LOST_WITH_AN_ISLAND)
    assert gap <= 45.0


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", RUNS)
def test_row_14_the_tunnels_are_cut(sql: Running, run: int, show: Show) -> None:
    shard = shard_for(sql, run)

    def mend() -> None:
        sql.lab.cuts.mend()

    felt = measure(sql, shard, lambda: sql.saguire("fault", "cut-vpn"), last=20.0, after=mend)
    verdict(show, f"row 14: all tunnels cut, writes to {shard} at home", felt, gap=1.0, failures=0)
    await_whole(sql, shard)


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", RUNS)
def test_row_15_the_primary_s_island_is_cut_off_and_comes_back(sql: Running, run: int, show: Show) -> None:
    """Clients inside and outside: inside writes stop within the lease, outside they go on, and never both at once."""
    shard = shard_for(sql, run)
    primary, before = writer(sql, shard), view(sql, shard).epoch
    lost = island_of(sql, primary)
    outside = other_island(sql, lost)
    felt = start(sql, shard, [outside, lost])
    try:
        felt.moment = now()
        sql.lab.cuts.make(OFF, a=lost)  # by the command, its own start would count as well
        (there,) = (host for host in felt.workload.place.hosts if island_of(sql, host) == outside)
        until(f"somebody outside {lost} taking {shard}", lambda: view(sql, shard).epoch > before, 60)
        until(f"{outside} writing", lambda: felt.workload.writes_well(there), 60)
        sql.lab.cuts.mend()
        await_whole(sql, shard, 300)
        felt.workload.wait_until_good(90)
        felt.report = felt.workload.judged()
    finally:
        felt.workload.kill()
        sql.lab.cuts.mend()
    stopped = shut_by(felt, before)
    show(
        f"row 15: {lost} cut off: inside writes stopped after {stopped:.2f} s,"
        f" gap from {outside} {felt.gap(there):.2f} s"
    )
    verdict(show, "row 15", felt, gap=400.0, allowed=LOST_WITH_AN_ISLAND)
    assert stopped <= LEASE_SECONDS
    assert felt.gap(there) <= 20.0
    assert writer(sql, shard) != primary
    reports = divergence(sql, hosts_of(sql, lost), shard)
    show(f"row 15: {felt.done.verdict.lost} lost; reports of divergence: {', '.join(reports) or 'none'}")
    assert not felt.done.verdict.lost or reports


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", RUNS)
def test_row_24_everything_is_off_and_comes_back_in_any_order(sql: Running, run: int, show: Show) -> None:
    """No acknowledged write is missing, so no stale copy was promoted."""
    shard = shard_for(sql, run)
    felt = start(sql, shard, [island_of(sql, writer(sql, shard))])
    workload = felt.workload
    try:
        written = lambda: sum(write.outcome is Outcome.OK for write in workload.writes)  # noqa: E731
        until("50 writes, so that there is something to lose", lambda: written() >= 50, 30)
        workload.stop()
        hosts = [host for host in sql.lab.ids if host not in (CLIENT, CLOUD)]
        random.Random(run).shuffle(hosts)
        with ThreadPoolExecutor(len(hosts)) as pool:
            list(pool.map(sql.lab.kill, hosts))
        felt.moment = now()
        power_on(sql, hosts)
        booted = now() - felt.moment
        for name in sql.shards:
            left = max(1.0, felt.moment + BACK_SECONDS - now())
            until(f"{name} having a writer", having_a_writer(sql, name), left, poll=0.5)
        back = now() - felt.moment
        felt.report = workload.judged(60)
    finally:
        workload.kill()
    show(
        f"row 24: all off: booted after {booted:.1f} s,"
        f" every shard writes after {back:.1f} s (bound {BACK_SECONDS:g} s)"
    )
    verdict(show, "row 24", felt, gap=60.0)
    assert back <= BACK_SECONDS


def having_a_writer(fleet: Running, shard: str) -> Callable[[], bool]:
    return lambda: view(fleet, shard).writer is not None
