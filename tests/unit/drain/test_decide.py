"""May it leave, and why."""

from __future__ import annotations

import pytest

from titanicarus.drain import decide, look


@pytest.mark.parametrize(
    ("usable", "counted", "allowed"),
    [
        ({"lb1": 2, "lb2": 2}, True, True),
        ({"lb1": 2, "lb2": None}, True, True),  # a dead balancer says nothing, the other one knows
        ({"lb1": 1, "lb2": 1}, True, False),  # the last one
        ({"lb1": 1, "lb2": 1}, False, True),  # it is not in use anyway
        ({"lb1": 2, "lb2": 1}, True, False),  # one balancer sees the other server down
        ({"lb1": 0, "lb2": 0}, False, False),
        ({"lb1": None, "lb2": None}, True, False),  # unknown is not fine
        ({}, True, False),
    ],
)
def test_web_server(usable: dict[str, int | None], counted: bool, allowed: bool) -> None:
    decision = decide.web_server(usable, counted)
    assert decision.allowed is allowed
    assert decision.why


@pytest.mark.parametrize(
    ("peers", "allowed"),
    [
        ({"10.0.0.2": "up"}, True),
        ({"10.0.0.2": "drained"}, False),
        ({"10.0.0.2": None}, False),
        ({"10.0.0.2": None, "10.0.0.3": "up"}, True),
        ({}, False),
    ],
)
def test_load_balancer(peers: dict[str, str | None], allowed: bool) -> None:
    decision = decide.load_balancer(peers)
    assert decision.allowed is allowed
    assert all(address in decision.why for address in peers if not allowed)


TABLE = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0A0112C6:01BB 0A6412C6:BD98 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
   2: 0A0112C6:0050 0A6412C6:BD9A 08 00000000:00000000 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1
   3: 0B01470A:0050 1501470A:BD9A 01 00000000:00000000 00:00000000 00000000     0        0 4 1 0 20 4 30 10 -1
   4: 0A0112C6:01BB 0A6412C6:BD99 06 00000000:00000000 00:00000000 00000000     0        0 5 1 0 20 4 30 10 -1
"""


def test_connections_are_counted_by_port_and_address() -> None:
    """Open ones only: not listeners, not those that are only remembered (TIME_WAIT)."""
    assert look.connections({80, 443}, table=TABLE) == 3
    assert look.connections({80, 443}, ["198.18.1.10"], table=TABLE) == 2
    assert look.connections({443}, ["198.18.1.10", "10.71.1.10"], table=TABLE) == 1
    assert look.connections({8080}, table=TABLE) == 0


@pytest.mark.parametrize(
    ("others", "allowed"),
    [
        ({"mel": "up", "per": None}, True),
        ({"mel": "drained", "per": "held"}, False),
        ({"mel": None}, False),  # unknown is not fine
        ({}, False),
    ],
)
def test_island(others: dict[str, str | None], allowed: bool) -> None:
    decision = decide.island(others)
    assert decision.allowed is allowed
    assert decision.why
