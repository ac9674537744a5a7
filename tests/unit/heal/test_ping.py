"""Echo requests that the kernel of this machine answers."""

from __future__ import annotations

import os
import time

import pytest

from titanicarus.heal import ping
from titanicarus.heal.ping import Pings

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may send echo requests")

HERE = {"one": ["127.0.0.1"], "two": ["240.0.0.1", "127.0.0.2"], "nobody": ["240.0.0.2"]}
"""Nobody has an address of 240.0.0.0/4, and the kernel sends nothing there."""


def answered(pings: Pings, wanted: set[str]) -> set[str]:
    until = time.monotonic() + 5
    while (found := pings.answered()) != wanted and time.monotonic() < until:
        time.sleep(0.01)
    return found


def test_who_answers_and_who_does_not() -> None:
    pings = Pings()
    pings.ask(HERE)
    assert answered(pings, {"one", "two"}) == {"one", "two"}
    pings.close()


def test_answers_to_another_round_or_another_process_do_not_count() -> None:
    pings, other = Pings(), Pings()
    pings.ask(HERE)
    time.sleep(0.05)
    pings.ask({"nobody": ["240.0.0.2"]})
    other.ask(HERE)
    assert answered(other, {"one", "two"}) == {"one", "two"}
    assert pings.answered() == set()


def test_a_look_ends_with_the_answer_that_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()
    assert "two" in ping.look(HERE, "two")
    assert time.monotonic() - began < ping.LOOK_SECONDS
    monkeypatch.setattr(ping, "LOOK_SECONDS", 0.1)
    assert ping.look(HERE, "nobody") == {"one", "two"}
