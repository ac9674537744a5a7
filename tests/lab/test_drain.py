"""Switching one off at noon: its users leave a drained host with no failed request, and come back the same way."""

from __future__ import annotations

from time import monotonic

import pytest
from lab.running import Running, Show, pass_seconds, until

from titanicarus.lab import ProbeResult
from titanicarus.operations.drain import DRAINABLE

AFTER_SECONDS = 2.0


def drain_and_restore(fleet: Running, host: str, island: str, show: Show) -> None:
    def through(command: str) -> ProbeResult:
        def act() -> float:
            fleet.saguire(command, host)
            return monotonic()

        result, _ = fleet.measure(island, act, pass_seconds(AFTER_SECONDS))
        show(f"{command} {host}: {result.summary()}")
        assert result.failures == 0, result.table()
        return result

    through("drain")
    assert f"drained: {host};" in fleet.saguire("status").stdout
    # What the drain is for: now the power may go.
    result, _ = fleet.measure(island, lambda: fleet.lab.kill(host), pass_seconds(AFTER_SECONDS))
    show(f"{host} switched off while drained: {result.summary()}")
    assert result.failures == 0, result.table()
    fleet.lab.start(host)
    until(f"{host}'s minion", lambda: "active" in fleet.ask(host, "systemctl", "is-active", "salt-minion"), 60)
    through("restore")
    assert "drained:" not in fleet.saguire("status").stdout
    until(f"{island} being whole again", lambda: fleet.ready(island), 60, poll=0.3)


@pytest.mark.timeout(300)
def test_a_web_server_is_drained_and_restored_with_no_failed_request(whole: Running, show: Show) -> None:
    island = whole.islands[0]
    drain_and_restore(whole, whole.ids("web", island)[0], island, show)


@pytest.mark.timeout(300)
def test_the_active_load_balancer_is_drained_and_restored_with_no_failed_request(whole: Running, show: Show) -> None:
    island = whole.islands[-1]
    active = whole.vip_holder(island)
    assert active is not None
    drain_and_restore(whole, active, island, show)


@pytest.mark.exhaustive
def test_a_host_that_cannot_be_drained_says_so(whole: Running) -> None:
    other = next(host.id for host in whole.lab.fleet.hosts if not DRAINABLE & set(host.roles))
    refused = whole.saguire("drain", other, ok=False)
    assert refused.returncode == 1
    assert other in refused.stderr
