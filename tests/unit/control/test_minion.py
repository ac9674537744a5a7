"""Salt's minion, with one fault mended (what is torn down before it served can be used again) and less housekeeping."""

from __future__ import annotations

import asyncio

import pytest
import salt.minion
import salt.transport.zeromq

from titanicarus.control.minion import LISTEN_SECONDS, Minion, PublishClient


@pytest.mark.parametrize(("served", "after"), [(None, None), (True, False)])
def test_only_a_minion_that_served_stays_stopped(served: bool | None, after: bool | None) -> None:
    minion = Minion.__new__(Minion)  # its constructor would connect to a master
    minion._running, minion.ready, minion.periodic_callbacks = served, True, {}
    minion.destroy()
    assert minion._running is after
    assert minion.ready is (served is True)


@pytest.mark.parametrize(
    ("name", "asked", "given"),
    [("cleanup", 0.2, 5.0), ("state_queue", 60, 60), ("beacons", 1, 4), ("schedule", 1, 4), ("ping", 1, 1)],
)
def test_housekeeping_is_rarer_and_nothing_is_more_often(
    monkeypatch: pytest.MonkeyPatch, name: str, asked: float, given: float
) -> None:
    seen: list[float] = []
    monkeypatch.setattr(
        salt.minion.Minion, "add_periodic_callback", lambda _, __, ___, interval: bool(seen.append(interval)) or True
    )
    minion = Minion.__new__(Minion)
    minion._running, minion.ready, minion.periodic_callbacks = True, True, {}
    minion.opts = {"loop_interval": 4}
    assert minion.add_periodic_callback(name, print, asked)
    assert seen == [given]


@pytest.mark.parametrize(("asked", "waits"), [(0.3, LISTEN_SECONDS), (60, 60), (0, 0), (None, None)])
def test_who_waits_for_a_command_waits_longer_and_who_does_not_wait_still_does_not(
    monkeypatch: pytest.MonkeyPatch, asked: float | None, waits: float | None
) -> None:
    async def recv(_: object, timeout: float | None) -> float | None:
        return timeout

    monkeypatch.setattr(salt.transport.zeromq.PublishClient, "recv", recv)
    assert asyncio.run(PublishClient.__new__(PublishClient).recv(asked)) == waits
