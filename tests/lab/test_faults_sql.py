"""Rows 4 to 8, 16, 17, 21 and 22 of docs/faults.md for databases: a host of a shard breaks, or AWS is away.

Each run writes through the fault as a tenant's application does, reads back, and has it judged: no acknowledged write
is lost, and never are there two writers.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from lab.databases import (
    KEEPER,
    LEASE_SECONDS,
    LOST_WITH_AN_ISLAND,
    Felt,
    await_whole,
    island_of,
    mariadb,
    measure,
    shard_for,
    shut_by,
    start,
    verdict,
    view,
    writer,
)
from lab.running import Running, Show, never, until

from titanicarus.checker.plan import now
from titanicarus.transport import run as run_on

RUNS = [0, *(pytest.param(run, marks=pytest.mark.exhaustive) for run in range(1, 5))]
RETURN_GAP = 4.0
"""Seconds. Commits wait for a returning standby for at most `catch_up` (2.5 s) before it is let be."""
TWICE = [0, pytest.param(1, marks=pytest.mark.exhaustive)]
pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def sql(whole: Running) -> Iterator[Running]:
    """The fleet with nothing broken, every shard with a writer, a standby and copies that follow."""
    for shard in whole.shards:
        await_whole(whole, shard)
    yield whole


def standby(fleet: Running, shard: str) -> str:
    found = view(fleet, shard).standby
    assert found is not None, f"{shard} has no standby"
    return found


def epoch(fleet: Running, shard: str) -> int:
    return view(fleet, shard).epoch


@pytest.mark.parametrize("run", RUNS)
def test_row_4_the_primary_s_process_is_killed(sql: Running, run: int, show: Show) -> None:
    shard = shard_for(sql, run)
    victim = writer(sql, shard)
    felt = measure(sql, shard, lambda: sql.lab.host(victim).kill_unit(mariadb(shard)))
    verdict(show, f"row 4: mariadbd of {shard} on {victim} killed", felt, gap=4.0)


@pytest.mark.parametrize("run", RUNS)
def test_row_5_the_primary_s_host_is_killed(sql: Running, run: int, show: Show) -> None:
    shard = shard_for(sql, run)
    victim = writer(sql, shard)
    felt = measure(sql, shard, lambda: sql.lab.kill(victim))
    verdict(show, f"row 5: {victim}, primary of {shard}, killed", felt, gap=10.0)
    assert writer(sql, shard) != victim
    felt = measure(sql, shard, lambda: sql.lab.start(victim), after=lambda: await_whole(sql, shard))
    verdict(show, f"row 5: {victim} returns", felt, gap=RETURN_GAP)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("seconds", [15.0, pytest.param(60.0, marks=pytest.mark.exhaustive)])
def test_row_6_the_primary_s_host_is_frozen_and_thawed(sql: Running, run: int, seconds: float, show: Show) -> None:
    shard = shard_for(sql, run)
    victim, before = writer(sql, shard), epoch(sql, shard)
    felt = measure(sql, shard, lambda: sql.lab.freeze(victim), last=seconds, after=lambda: sql.lab.thaw(victim))
    verdict(show, f"row 6: {victim}, primary of {shard}, frozen for {seconds:g} s", felt, gap=10.0)
    assert shut_by(felt, before) <= LEASE_SECONDS
    await_whole(sql, shard)


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", RUNS)
def test_row_6_the_primary_s_keeper_is_stopped(sql: Running, run: int, show: Show) -> None:
    """The lease runs out under an instance that would go on: the kernel shuts the gate."""
    shard = shard_for(sql, run)
    victim, before = writer(sql, shard), epoch(sql, shard)
    host = sql.lab.host(victim)
    felt = measure(sql, shard, lambda: host.freeze_unit(KEEPER), last=3.0, settle=30.0)
    verdict(show, f"row 6: the keeper on {victim}, primary of {shard}, stopped", felt, gap=10.0)
    assert shut_by(felt, before) <= LEASE_SECONDS


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", RUNS)
def test_row_6_the_primary_s_process_is_stopped(sql: Running, run: int, show: Show) -> None:
    shard = shard_for(sql, run)
    victim, before = writer(sql, shard), epoch(sql, shard)
    felt = measure(sql, shard, lambda: sql.lab.host(victim).freeze_unit(mariadb(shard)), last=3.0)
    verdict(show, f"row 6: mariadbd of {shard} on {victim} stopped", felt, gap=10.0)
    assert shut_by(felt, before) <= LEASE_SECONDS


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", RUNS)
def test_row_6_the_primary_s_disk_stands_still(sql: Running, run: int, show: Show) -> None:
    shard = shard_for(sql, run)
    victim, before = writer(sql, shard), epoch(sql, shard)
    disk = sql.lab.host(victim).own_disk()
    felt = measure(sql, shard, disk.freeze, last=12.0, after=disk.thaw)
    verdict(show, f"row 6: the disk of {victim}, primary of {shard}, stands still", felt, gap=10.0)
    assert shut_by(felt, before) <= LEASE_SECONDS


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", range(3))
def test_the_primary_s_keeper_is_killed(sql: Running, run: int, show: Show) -> None:
    """A keeper that starts again within the lease goes on with it, or hands it over; nothing of it is felt for long."""
    shard = shard_for(sql, run)
    victim = writer(sql, shard)
    felt = measure(sql, shard, lambda: sql.lab.host(victim).kill_unit(KEEPER), last=8.0)
    verdict(show, f"the keeper on {victim}, primary of {shard}, killed", felt, gap=10.0)


@pytest.mark.parametrize("run", RUNS)
def test_row_7_the_standby_is_killed(sql: Running, run: int, show: Show) -> None:
    shard = shard_for(sql, run)
    victim, before = standby(sql, shard), writer(sql, shard)
    felt = measure(sql, shard, lambda: sql.lab.kill(victim), last=4.0)
    verdict(show, f"row 7: {victim}, standby of {shard}, killed", felt, gap=5.0)
    assert writer(sql, shard) == before
    felt = measure(sql, shard, lambda: sql.lab.start(victim), after=lambda: await_whole(sql, shard))
    verdict(show, f"row 7: {victim} returns", felt, gap=RETURN_GAP)


@pytest.mark.exhaustive
def test_row_7_the_standby_comes_back_with_damaged_notes(sql: Running, show: Show) -> None:
    """What it noted of its source is not synced: a power cut can leave files without content, and sometimes did."""
    shard = shard_for(sql, 0)
    victim, unit = standby(sql, shard), mariadb(shard)
    notes = [f"/srv/mariadb/{shard}/{name}" for name in ("master.info", "relay-log.info")]
    damage = f"systemctl stop {unit} && truncate --size=0 {' '.join(notes)} && systemctl start {unit}"
    felt = measure(
        sql,
        shard,
        lambda: run_on(sql.lab, victim, ["sh", "-ec", damage], timeout=60),
        after=lambda: await_whole(sql, shard),
    )
    verdict(show, f"row 7: {victim}, standby of {shard}, returns with damaged notes", felt, gap=5.0)


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", TWICE)
def test_row_8_the_primary_is_killed_while_the_standby_is_stale(sql: Running, run: int, show: Show) -> None:
    """The stale standby never takes. Another island does, if it lacks little, and then says how much."""
    shard = shard_for(sql, run)
    stale, victim = standby(sql, shard), writer(sql, shard)
    sql.lab.kill(stale)
    until(f"{shard} going on alone", lambda: view(sql, shard).standby is None, 20)
    before = epoch(sql, shard)
    clients = [next(name for name in reversed(sql.islands))]
    felt = start(sql, shard, clients)
    try:
        sql.lab.kill(victim)
        sql.lab.start(stale)

        def stale_writes() -> bool:
            found = view(sql, shard).writer
            return found is not None and found.host == stale

        never("a standby that lacks commits has taken the shard", stale_writes, 20)
        found = view(sql, shard)
        if found.writer is None:
            show(f"row 8: {stale} is stale and {victim} off: nobody writes {shard}: {found.remarks()[0]}")
            sql.lab.start(victim)
        else:
            show(f"row 8: {found.writer.host} took {shard} in epoch {found.epoch} (before: {before})")
        felt.workload.wait_until_good(60)
        felt.report = felt.workload.judged()
    finally:
        felt.workload.kill()
    lost = felt.done.verdict.lost
    verdict(show, "row 8", felt, gap=90.0, allowed=LOST_WITH_AN_ISLAND)
    assert lost <= sql.declaration.policy.lease_max_lag
    if found.writer is None:
        assert lost == 0


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", RUNS)
def test_row_16_aws_is_out_of_reach(sql: Running, run: int, show: Show) -> None:
    shard = shard_for(sql, run)

    def mend() -> None:
        sql.saguire("fault", "aws", "on")

    felt = measure(sql, shard, lambda: sql.saguire("fault", "aws", "off"), last=20.0, after=mend)
    verdict(show, f"row 16: AWS out of reach, writes to {shard}", felt, gap=1.0, failures=0)


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", TWICE)
def test_row_17_aws_is_out_of_reach_and_the_primary_dies(sql: Running, run: int, show: Show) -> None:
    """Nobody takes, it is said why, and an operator's word opens the standby, which loses nothing."""
    shard = shard_for(sql, run)
    victim, chosen = writer(sql, shard), standby(sql, shard)
    felt = start(sql, shard, [island_of(sql, victim)])
    try:
        sql.saguire("fault", "aws", "off")
        felt.moment = now()
        sql.lab.kill(victim)
        never("somebody took without the witness", lambda: view(sql, shard).writer is not None, 3 * LEASE_SECONDS)
        remarks = json.loads(sql.saguire("db", "status", shard, "--json").stdout)[0]["remarks"]
        assert any("nobody may write" in remark for remark in remarks), remarks
        show(f"row 17: {remarks[0]}")
        sql.saguire("db", "override", shard, "--on", chosen, "--yes-i-know")
        felt.workload.wait_until_good(30)
        sql.saguire("fault", "aws", "on")
        until("the override winning its lease", lambda: epoch(sql, shard) > 0 and writer(sql, shard) == chosen, 30)
        felt.workload.wait_until_good(30)
        felt.report = felt.workload.judged()
    finally:
        felt.workload.kill()
        sql.lab.cuts.mend()
    verdict(show, f"row 17: AWS away and {victim} killed; {chosen} opened by override", felt, gap=90.0)


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", RUNS)
def test_row_21_the_primary_s_disk_is_full(sql: Running, run: int, show: Show) -> None:
    shard = shard_for(sql, run)
    victim = writer(sql, shard)
    disk = sql.lab.host(victim).own_disk()
    felt = measure(sql, shard, disk.fill, last=5.0, after=disk.drain)
    verdict(show, f"row 21: the disk of {victim}, primary of {shard}, full", felt, gap=20.0)
    await_whole(sql, shard)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seconds", [300, pytest.param(-300, marks=pytest.mark.exhaustive)])
def test_row_22_the_primary_s_clock_is_wrong(sql: Running, seconds: int, show: Show) -> None:
    shard = shard_for(sql, 0)
    victim = writer(sql, shard)
    try:
        sql.saguire("fault", "skew", victim, str(seconds))  # kills its instances once: what is measured comes after
        await_whole(sql, shard)
        if writer(sql, shard) != victim:
            sql.saguire("db", "move", shard, "--to", victim)
            await_whole(sql, shard)
        felt = measure(sql, shard, lambda: None, last=15.0)
        verdict(
            show, f"row 22: the clock of {victim}, primary of {shard}, off by {seconds:+d} s", felt, gap=1.0, failures=0
        )
        felt = measure(sql, shard, lambda: sql.lab.host(victim).kill_unit(mariadb(shard)))
        verdict(show, f"row 22: then mariadbd of {shard} on {victim} killed", felt, gap=4.0)
    finally:
        sql.saguire("fault", "skew", victim, "0")


@pytest.mark.parametrize("run", RUNS)
def test_a_planned_move_and_back(sql: Running, run: int, show: Show) -> None:
    shard = shard_for(sql, run)
    there, back = standby(sql, shard), writer(sql, shard)
    for target in (there, back):
        felt = measure(sql, shard, lambda target=target: sql.saguire("db", "move", shard, "--to", target), last=2.0)
        verdict(show, f"planned move of {shard} to {target}", felt, gap=3.0)
        assert writer(sql, shard) == target
        await_whole(sql, shard)


@pytest.mark.exhaustive
def test_a_lease_is_never_outlived(sql: Running, show: Show) -> None:
    """Frozen again and again, for about as long as a lease: each thaw finds a writer that may be the wrong one."""
    shard = shard_for(sql, 0)
    felt: Felt = start(sql, shard, [island_of(sql, writer(sql, shard))])
    try:
        for seconds in (2.0, 5.0, 6.0, 7.0):
            victim = view(sql, shard).writer
            if victim is not None:
                sql.lab.freeze(victim.host)
                time.sleep(seconds)  # the length of the fault itself
                sql.lab.thaw(victim.host)
            felt.workload.wait_until_good(60)
        felt.report = felt.workload.judged()
    finally:
        felt.workload.kill()
    verdict(show, f"the primary of {shard} frozen for 2, 5, 6 and 7 s", felt, gap=12.0)
