"""Row 19 of docs/faults.md: a host is lost with its disks, and a blank machine of its name becomes it by itself."""

from __future__ import annotations

import json
from time import monotonic

import pytest
from lab.databases import await_whole, view, writer
from lab.databases import measure as measure_sql
from lab.databases import verdict as verdict_sql
from lab.running import Running, Show, until
from lab.shared_files import await_well, volumes
from lab.shared_files import measure as measure_files
from lab.test_faults_sql import RETURN_GAP
from lab.test_faults_web import verdict as verdict_web

from titanicarus.drill import looking

RUNS = [0, *(pytest.param(run, marks=pytest.mark.exhaustive) for run in range(1, 3))]
IN_SERVICE_SECONDS = 180.0
pytestmark = pytest.mark.timeout(1200)


def applied(fleet: Running, host: str) -> bool:
    """Whether it has all of its states, from its own record, and its token is gone."""
    return looking.applied(fleet.lab, host)


def is_the_host(fleet: Running, host: str, before: str) -> None:
    """It has a key of its own, nothing is left to apply, and every master hears it, also after a push."""
    assert fleet.ask(host, "cat", "/etc/salt/pki/minion/minion.pub") not in ("", before)
    assert json.loads(fleet.ask(host, "cat", "/var/lib/titanicarus/applied"))["revision"]
    fleet.saguire("push")
    until(f"{host} answering every master", lambda: all(heard(fleet, host, one) for one in masters(fleet, host)), 60)
    assert fleet.json("apply", host)["results"][host]["outcome"] == "unchanged"


def masters(fleet: Running, host: str) -> tuple[str, ...]:
    """The control hosts of its own island, which both command it."""
    return fleet.ids("control", fleet.lab.fleet.host(host).island)


def heard(fleet: Running, host: str, master: str) -> bool:
    return "True" in fleet.saguire("salt", "--from", master, host, "test.ping", ok=False).stdout


@pytest.mark.parametrize("run", RUNS)
def test_row_19_a_blank_machine_becomes_the_web_server(whole: Running, run: int, show: Show) -> None:
    island = whole.islands[run % len(whole.islands)]
    victim = whole.ids("web", island)[run % 2 - 1]
    key = whole.ask(victim, "cat", "/etc/salt/pki/minion/minion.pub")
    whole.lab.kill(victim)
    began = 0.0

    def blank() -> float:
        nonlocal began
        began = monotonic()
        whole.saguire("fault", "replace", victim)
        return began

    def in_service() -> None:
        until(f"{victim} being in service", lambda: whole.ready(island) and applied(whole, victim), 600, poll=0.5)

    result, _ = whole.measure(island, blank, in_service)
    seconds = monotonic() - began
    verdict_web(show, f"row 19: {victim} blank, in service after {seconds:.0f} s", result, gap=1.0, failures=0)
    assert seconds <= IN_SERVICE_SECONDS
    is_the_host(whole, victim, key)


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", RUNS)
def test_row_19_a_blank_machine_becomes_the_database_server(whole: Running, run: int, show: Show) -> None:
    """It was the one that writes, and keeps the arbiter's brick where the fleet has that on a database host."""
    shard = whole.shards[run % len(whole.shards)]
    await_whole(whole, shard)
    victim = writer(whole, shard)
    key = whole.ask(victim, "cat", "/etc/salt/pki/minion/minion.pub")
    whole.lab.kill(victim)
    until("another host writing", lambda: (found := view(whole, shard).writer) is not None and found.host != victim, 30)
    began = monotonic()
    seconds = 0.0

    def in_service() -> None:
        nonlocal seconds
        until(f"{victim} having all its states", lambda: applied(whole, victim), 600, poll=0.5)
        for one in whole.shards:
            await_whole(whole, one)
        for volume in volumes(whole):
            await_well(whole, volume)
        seconds = monotonic() - began

    felt = measure_sql(whole, shard, lambda: whole.saguire("fault", "replace", victim), after=in_service)
    verdict_sql(show, f"row 19: {victim} blank, in service after {seconds:.0f} s", felt, gap=RETURN_GAP)
    assert seconds <= IN_SERVICE_SECONDS
    is_the_host(whole, victim, key)


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", RUNS)
def test_row_19_a_blank_machine_becomes_the_filer_and_control_host(whole: Running, run: int, show: Show) -> None:
    island = whole.islands[run % len(whole.islands)]
    victim = [host for host in whole.ids("filer", island) if host in whole.ids("control")][run % 2 - 1]
    key = whole.ask(victim, "cat", "/etc/salt/pki/minion/minion.pub")
    before = whole.releases()
    whole.lab.kill(victim)
    began = monotonic()
    seconds = 0.0

    def in_service() -> None:
        nonlocal seconds
        until(f"{victim} having all its states", lambda: applied(whole, victim), 600, poll=0.5)
        await_well(whole, island)
        until(f"the Salt master of {victim}", lambda: heard(whole, victim, victim), 120)
        seconds = monotonic() - began

    felt = measure_files(whole, island, lambda: whole.saguire("fault", "replace", victim), after=in_service)
    show(f"row 19: {victim} blank, in service after {seconds:.0f} s: {felt}")
    assert felt.lost == [] and felt.gap <= RETURN_GAP and not felt.errors
    assert seconds <= IN_SERVICE_SECONDS
    assert whole.releases() == before, "it serves what the others serve"
    is_the_host(whole, victim, key)
