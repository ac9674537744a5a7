"""Rows 1, 2, 3, 11 and 23 of docs/faults.md for the web: a load balancer or a web server dies or hangs."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from lab.running import Running, Show, pass_seconds, until

from titanicarus.control.apply import wait_until_ready
from titanicarus.lab import CLIENT, ProbeResult

RUNS = [0, *(pytest.param(run, marks=pytest.mark.exhaustive) for run in range(1, 5))]
KILLED_SECONDS = 6.0
FROZEN_SECONDS = 10.0
RULER_SECONDS = 0.25


def verdict(show: Show, row: str, result: ProbeResult, *, gap: float, failures: int | None = None) -> None:
    """Print what was measured and hold it against the bounds. `gap` in seconds."""
    slowest = max(target.slowest for target in result.targets)
    show(
        f"{row}: {result.summary()} (bound {gap:g} s), slowest answer {slowest:.2f} s, ruler late {result.latest:.3f} s"
    )
    busy = "\nthe ruler itself was late: this machine was too busy to measure" if result.latest > RULER_SECONDS else ""
    assert result.longest_gap <= gap, f"{row}\n{result.table()}{busy}"
    if failures is not None:
        assert result.failures <= failures, f"{row}\n{result.table()}{busy}"


def kill_active_load_balancer(fleet: Running, island: str, show: Show, note: str = "") -> None:
    """Row 1, and the way back: the load balancer that has the public address loses its power, later it returns."""
    victim = fleet.vip_holder(island)
    assert victim is not None, f"no load balancer of {island} has its public address"
    result, _ = fleet.measure(island, lambda: fleet.lab.kill(victim), pass_seconds(KILLED_SECONDS))
    assert fleet.vip_holder(island) not in (None, victim)
    verdict(show, f"row 1{note}: {victim} killed", result, gap=1.2)

    def back() -> float:
        fleet.lab.start(victim)
        return 0.0

    result, _ = fleet.measure(island, back, lambda: whole_again(fleet, island))
    verdict(show, f"row 1{note}: {victim} returns", result, gap=1.2)


def kill_web_server(fleet: Running, island: str, number: int, show: Show, note: str = "") -> None:
    """Row 2, and the way back."""
    victim = fleet.ids("web", island)[number % 2]
    result, _ = fleet.measure(island, lambda: fleet.lab.kill(victim), pass_seconds(KILLED_SECONDS))
    verdict(show, f"row 2{note}: {victim} killed", result, gap=1.0, failures=0)

    def back() -> float:
        fleet.lab.start(victim)
        return 0.0

    result, _ = fleet.measure(island, back, lambda: whole_again(fleet, island))
    verdict(show, f"row 2{note}: {victim} returns", result, gap=1.0, failures=0)


def freeze_web_server(fleet: Running, island: str, number: int, show: Show, note: str = "") -> None:
    """Row 3: a web server hangs, then goes on."""
    victim = fleet.ids("web", island)[number % 2]
    result, _ = fleet.measure(island, lambda: fleet.lab.freeze(victim), pass_seconds(FROZEN_SECONDS))
    verdict(show, f"row 3{note}: {victim} frozen", result, gap=3.0)
    result, _ = fleet.measure(island, lambda: fleet.lab.thaw(victim), lambda: whole_again(fleet, island))
    verdict(show, f"row 3{note}: {victim} thawed", result, gap=3.0)


def whole_again(fleet: Running, island: str) -> None:
    until(f"{island} being whole again", lambda: fleet.ready(island), 60, poll=0.3)


def island_for(fleet: Running, run: int) -> str:
    """Another island for each run."""
    return fleet.islands[run % len(fleet.islands)]


@pytest.mark.parametrize("run", RUNS)
def test_row_1_a_load_balancer_is_killed(whole: Running, run: int, show: Show) -> None:
    kill_active_load_balancer(whole, island_for(whole, run), show)


@pytest.mark.parametrize("run", RUNS)
def test_row_1_the_standby_load_balancer_is_killed(whole: Running, run: int, show: Show) -> None:
    island = island_for(whole, run)
    (victim,) = set(whole.ids("lb", island)) - {whole.vip_holder(island)}
    result, _ = whole.measure(island, lambda: whole.lab.kill(victim), pass_seconds(KILLED_SECONDS))
    verdict(show, f"row 1: standby {victim} killed", result, gap=0.5, failures=0)


@pytest.mark.parametrize("run", RUNS)
def test_row_2_a_web_server_is_killed(whole: Running, run: int, show: Show) -> None:
    kill_web_server(whole, island_for(whole, run), run, show)


@pytest.mark.parametrize("run", RUNS)
def test_row_3_a_web_server_hangs_and_goes_on(whole: Running, run: int, show: Show) -> None:
    freeze_web_server(whole, island_for(whole, run), run, show)


def test_row_2_a_visitor_keeps_the_session_when_its_web_server_dies(whole: Running) -> None:
    island = whole.islands[0]
    jar = "/tmp/row2.jar"
    whole.ask(CLIENT, "rm", "-f", jar)

    def visit() -> dict[str, object]:
        answer = whole.page_of(island, "laneway.example", "/state.php", "https")
        return dict(json.loads(answer)) if answer else {}

    def visit_with_cookie() -> dict[str, object]:
        vip = whole.lab.fleet.islands[island].wan.vip
        resolve = ("--resolve", f"laneway.example:443:{vip}")
        answer = whole.page("https://laneway.example/state.php", "-b", jar, "-c", jar, *resolve)
        return dict(json.loads(answer)) if answer else {}

    assert visit(), "the application does not answer"
    first = visit_with_cookie()
    second = visit_with_cookie()
    assert second["token"] == first["token"]
    assert second["visits"] == int(str(first["visits"])) + 1
    whole.lab.kill(str(second["server"]))
    third = visit_with_cookie()
    assert third["token"] == first["token"]
    assert third["server"] != second["server"]
    assert third["visits"] == int(str(second["visits"])) + 1


@pytest.fixture
def masterless(whole: Running) -> Iterator[Running]:
    """The fleet with every Salt master stopped."""
    whole.masters("stop")
    yield whole
    whole.masters("start")
    hosts = [host.id for host in whole.lab.fleet.hosts]
    silent = wait_until_ready(whole.lab, whole.declaration, hosts, deadline=600)
    assert not silent, f"{', '.join(silent)} did not come back to the masters"


@pytest.mark.exhaustive  # minutes, for all minions to be back at all masters afterwards
@pytest.mark.parametrize("run", range(5))
def test_row_11_the_same_with_every_salt_master_stopped(masterless: Running, run: int, show: Show) -> None:
    island = island_for(masterless, run)
    kill_active_load_balancer(masterless, island, show, " in row 11")
    kill_web_server(masterless, island, run, show, " in row 11")
    freeze_web_server(masterless, island, run, show, " in row 11")


@pytest.mark.exhaustive  # minutes, for all hosts to be applied
@pytest.mark.timeout(600)
@pytest.mark.parametrize("run", range(5))
def test_row_23_a_web_server_is_killed_while_everything_is_applied(whole: Running, run: int, show: Show) -> None:
    island = island_for(whole, run)
    victim, witness = whole.ids("web", island)
    applying = whole.start("apply", "--full", "--json")

    def kill_in_the_middle() -> float:
        job = ("find", "/var/cache/salt/minion/proc", "-type", "f")

        def at_work() -> bool:  # hosts are applied in waves, so its turn may come late
            assert applying.poll() is None, f"the apply ended and {witness} was never seen at work"
            return bool(whole.ask(witness, *job).strip())

        until(f"{witness} being at work", at_work, 300)
        return whole.lab.kill(victim)

    def applied() -> None:
        until("the end of the apply", lambda: applying.poll() is not None, 300)

    try:
        result, _ = whole.measure(island, kill_in_the_middle, applied)
    finally:
        output = applying.communicate(timeout=300)[0]
    verdict(show, f"row 23: {victim} killed during state.apply on everything", result, gap=1.0, failures=0)
    report = json.loads(output[output.index("{") :])
    others = {host: one for host, one in report["results"].items() if host != victim}
    assert {one["outcome"] for one in others.values()} <= {"applied", "unchanged"}, output
