"""The loop around it, with a host that a test plays: what is asked and written down, and only once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from unit.heal.masters import HOSTS, ORDER

from titanicarus.control import layout
from titanicarus.heal.answers import Answer
from titanicarus.heal.facts import Facts
from titanicarus.heal.incidents import Incident, explain, fold
from titanicarus.heal.ledger import FOLDER, Ledger
from titanicarus.heal.ward import Ward

PART = "mount syd"


class Host:
    """The web server syd-web1, with one part; None: it gives no answer."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.wrong: str | None = "is dead"
        self.asked: list[str] = []
        self.time = 1_800_000_000.0

    def ask(self, hosts: Sequence[str], function: str, order: Mapping[str, Any], seconds: float) -> dict[str, Answer]:
        self.asked.append(function)
        if function != "heal.parts" or self.wrong is None:
            return {}
        return {hosts[0]: Answer(True, {PART: self.wrong})}

    def wait(self, seconds: float) -> None:
        self.time += seconds

    def hear(self, kind: str = "ill", me: str = "syd-store1", **more: Any) -> str:
        facts = Facts(me, HOSTS, ORDER)
        ledger = Ledger(me, layout.below(self.root, FOLDER))
        ward = Ward(facts, ledger, self.ask, self.root, lambda _: None, lambda: self.time, self.wait)
        data = {"id": "syd-web1", "part": PART, "seconds": 310.0, "looks": 16, "seen": True, "why": "is dead"}
        return ward.hear(f"salt/beacon/syd-web1/parts/{kind}", data | more)

    @property
    def incidents(self) -> list[Incident]:
        return fold(Ledger("", layout.below(self.root, FOLDER)).everything())


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_it_is_told_once_and_that_it_is_well(host: Host) -> None:
    assert "it has 5 min to come right by itself" in host.hear(seconds=40.0, looks=2)
    assert host.asked == [] and host.incidents == []
    assert "syd-web1: mount syd is dead, for 5 min or more" in host.hear()
    (incident,) = host.incidents
    assert (incident.result, incident.subject) == ("escalated", "syd-web1/mount syd")
    assert any("seen by syd-web1 itself: mount syd ill for 5 min: is dead" in line for line in explain(incident))
    host.time += 60
    assert "is still ill" in host.hear(seconds=370.0)
    assert "is still ill" in host.hear(seconds=370.0, me="mel-store1")
    assert "is said to be well, and is not" in host.hear("well")
    host.wrong = ""
    assert host.hear("well") == "syd-web1: mount syd is well"
    assert host.incidents[0].over and len(host.incidents) == 1
    assert "nobody was told" in host.hear("well")


def test_who_gives_no_answer_is_not_accused(host: Host) -> None:
    host.wrong = None
    for _ in range(2):
        assert "unknown is not ill" in host.hear()
    assert [one.result for one in host.incidents] == ["refused"]


def test_what_came_right_meanwhile_is_no_news(host: Host) -> None:
    host.wrong = ""
    assert host.hear() == "syd-web1: mount syd is well"
    assert host.incidents == []


def test_it_is_told_anew_when_it_was_well_meanwhile(host: Host) -> None:
    host.hear()
    host.time += 3600
    assert "is dead, for 5 min or more" in host.hear()
    assert [one.over for one in host.incidents] == [True, False]


def test_a_stranger_s_word_is_dropped(host: Host) -> None:
    assert "an event was dropped" in host.hear(id="mel-web1")
    assert host.incidents == []
