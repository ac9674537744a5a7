"""The loop around it, with observers that a test plays: what is asked and written down, and only once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from unit.heal.masters import ASKED, Fleet

from titanicarus.control import layout
from titanicarus.heal import holds, shares
from titanicarus.heal.answers import Answer
from titanicarus.heal.facts import Place
from titanicarus.heal.holds import Hold
from titanicarus.heal.incidents import explain
from titanicarus.heal.ledger import FOLDER, Ledger
from titanicarus.heal.post import RUN
from titanicarus.keeper.config import AWS_CONFIG


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path, {"syd-store1": ["syd-web2"], "syd-store2": ["syd-web2", "mel"]})


def test_a_lost_host_is_told_once_and_that_it_is_back(fleet: Fleet) -> None:
    assert "has 2 min to come back by itself" in fleet.hear(seconds=16.0, looks=4)
    assert fleet.asked == [] and fleet.incidents == []
    assert "gives no answer to syd-store1 and syd-store2" in fleet.hear(again=True)
    assert ("mel-store1", "ledger.heads") in fleet.asked
    (incident,) = fleet.incidents
    assert (incident.result, incident.subject) == ("escalated", "syd-web1")
    fleet.time += 60
    fleet.asked.clear()
    assert "is still away" in fleet.hear(seconds=190.0, looks=48, again=True)
    assert fleet.asked == []
    fleet.time += 60
    assert "nobody sees it" in fleet.hear("back")
    fleet.seen["syd-store2"] = ASKED
    assert fleet.hear("back") == "syd-web1 answers syd-store2"
    (incident,) = fleet.incidents
    assert [entry["step"] for entry in incident.entries] == ["opened", "decided", "closed", "ended"]
    assert any("seen by syd-store1: no answer to 33 looks, for 2 min" in line for line in explain(incident))
    assert "nobody was told" in fleet.hear("back")
    assert len(fleet.incidents[0].entries) == 4


def test_the_next_master_comes_later_and_reads_that_it_was_told(fleet: Fleet) -> None:
    began = fleet.time
    assert "gives no answer" in fleet.hear(me="mel-store1")
    assert began + 30 <= fleet.time < began + 32
    assert "is still away" in fleet.hear(me="syd-store2")
    assert fleet.time < began + 33
    fleet.seen["syd-store2"] = ASKED
    fleet.hear("back", me="syd-store1")  # it was not this one that told it
    assert not fleet.incidents[0].over
    fleet.hear("back", me="mel-store1")
    assert fleet.incidents[0].over


def test_what_was_told_while_a_master_waited_for_its_turn_is_not_told_again(fleet: Fleet) -> None:
    waits = fleet.wait

    def told_meanwhile(seconds: float) -> None:
        """On another host: its masters do not meet in this host's lock."""
        fleet.wait = waits  # type: ignore[method-assign]
        fleet.wait(seconds)
        for lock in layout.below(fleet.root, RUN).glob("at-work/*"):
            lock.unlink()
        fleet.hear()

    fleet.wait = told_meanwhile  # type: ignore[method-assign]
    assert "is still away" in fleet.hear(me="mel-store1")
    assert [one.master for one in fleet.incidents] == ["syd-store1"]


@pytest.mark.parametrize(
    ("said", "anew"),
    [
        ({"seconds": 130.0}, True),
        ({"seconds": 130.0, "again": True}, True),
        ({"seconds": 130.0, "seen": False}, False),
        ({"seconds": 3700.0}, False),
    ],
)
def test_a_loss_is_told_anew_when_the_observer_has_seen_it_meanwhile(
    fleet: Fleet, said: dict[str, Any], anew: bool
) -> None:
    fleet.hear()
    fleet.time += 3600
    fleet.hear(**said)
    assert [one.over for one in fleet.incidents] == ([True, False] if anew else [False])


def test_what_a_stranger_says_ends_nothing_and_is_not_written_down(fleet: Fleet) -> None:
    fleet.hear()
    fleet.seen["syd-store2"] = ASKED
    for kind in ("back", "lost"):
        assert "is not for mel-store2 to look at" in fleet.hear(kind, observer="mel-store2")
    assert [one.over for one in fleet.incidents] == [False]


def test_who_is_seen_by_anybody_is_not_lost(fleet: Fleet) -> None:
    fleet.seen["syd-store2"] = ASKED
    assert fleet.hear() == "syd-web1 answers syd-store2"
    assert fleet.incidents == []


def test_nobody_to_ask_is_written_down_once_an_hour(fleet: Fleet) -> None:
    fleet.seen = {}
    for _ in range(3):
        assert "unknown is not lost" in fleet.hear()
    (incident,) = fleet.incidents
    assert incident.result == "refused"


def test_an_island_is_lost(fleet: Fleet) -> None:
    fleet.seen["syd-store2"] = ["syd-web1", "syd-web2"]
    assert "mel gives no answer to syd-store1 and syd-store2" in fleet.hear(about="mel")
    assert 1_800_000_030.0 <= fleet.time < 1_800_000_032.0  # after the first one of its own masters
    assert fleet.incidents[0].subject == "mel"


def test_an_observer_that_sees_nobody_is_no_alarm(fleet: Fleet) -> None:
    assert "unknown is not lost" in fleet.hear("unknown", "*", why="no socket")
    (incident,) = fleet.incidents
    assert (incident.subject, incident.result) == ("syd-store1/view", "refused")


@pytest.mark.parametrize(
    ("tag", "more"),
    [
        ("salt/beacon/syd-store1/hosts/eaten", {}),
        ("salt/beacon/syd-store1/hosts/lost", {"about": "nowhere"}),
        ("salt/beacon/syd-store1/hosts/lost", {"seconds": -1}),
    ],
)
def test_what_nobody_may_say_is_told_once_an_hour(fleet: Fleet, tag: str, more: dict[str, Any]) -> None:
    data = {"id": "syd-store1", "about": "syd-web1", "seconds": 16.0, "looks": 4} | more
    for _ in range(3):
        fleet.outlook().hear(tag, data)
    assert fleet.incidents == []
    entries = [one for ledger in Ledger("", layout.below(fleet.root, FOLDER)).everything().values() for one in ledger]
    assert [one["step"] for one in entries] == ["forged"]


def test_a_word_that_is_for_other_masters_is_no_forgery(fleet: Fleet) -> None:
    assert fleet.hear(about="mel", me="syd-store2") == "mel is for other masters"
    assert Ledger("", layout.below(fleet.root, FOLDER)).everything() == {}


@pytest.mark.parametrize("answer", [None, [], {"asked": ["syd-web1"]}, {"asked": [7], "answered": []}, {"asked": "x"}])
def test_an_answer_that_is_none_is_no_view(fleet: Fleet, answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fleet, "ask", lambda self, hosts, *_: {host: Answer(True, answer) for host in hosts})
    assert "unknown is not lost" in fleet.hear()


def out(fleet: Fleet) -> list[str]:
    return list(shares.out(Ledger("", layout.below(fleet.root, FOLDER)).everything()))


@pytest.fixture
def island(fleet: Fleet) -> Fleet:
    """The island mel has a share of users, and nobody sees it."""
    fleet.places["mel"] = Place("198.51.100.2", {"web": ("mel-web1",)})
    fleet.seen["syd-store2"] = ["syd-web1", "syd-web2"]
    config = layout.below(fleet.root, AWS_CONFIG)
    config.parent.mkdir(parents=True)
    config.touch()
    return fleet


UNTOUCHED = Answer(True, {"helped": False, "words": "Unsafe: nobody would be left", "untouched": True})
FAILED = Answer(True, {"helped": False, "words": "AWSError: no answer", "untouched": False})


def steps(fleet: Fleet) -> list[str]:
    (incident,) = fleet.incidents
    return [entry["step"] for entry in incident.entries]


def test_a_lost_island_is_taken_out_when_people_were_told(island: Fleet) -> None:
    assert "its share of new users is 0 until it is well again" in island.hear(about="mel")
    functions = [function for _, function in island.asked]
    assert functions.index("ledger.heads") < functions.index("heal.shares"), "the others are told before it is done"
    assert out(island) == ["mel"] and layout.below(island.root, shares.MARK).exists()
    assert steps(island) == ["opened", "decided", "closed", "decided", "taken out", "outcome", "decided"]
    (incident,) = island.incidents
    assert (incident.result, incident.subject) == ("escalated", "mel")
    assert any("mel is taken out, and Route53 is to be told so" in line for line in explain(incident))
    island.asked.clear()
    assert "is still away" in island.hear(about="mel", again=True)
    assert island.asked == []


def test_a_fleet_without_aws_takes_nobody_out(island: Fleet) -> None:
    layout.below(island.root, AWS_CONFIG).unlink()
    assert "its users are led to other islands" in island.hear(about="mel")
    assert out(island) == [] and steps(island) == ["opened", "decided", "closed"]


def test_what_route53_refuses_is_taken_back_and_tried_again(island: Fleet) -> None:
    island.shares = UNTOUCHED
    assert "could not be made 0: Unsafe: nobody would be left" in island.hear(about="mel")
    assert out(island) == [] and not layout.below(island.root, shares.MARK).exists()
    asked = island.asked.count(("syd-store1", "heal.shares"))
    assert "is still away" in island.hear(about="mel", again=True)
    assert island.asked.count(("syd-store1", "heal.shares")) == asked, "not so soon"
    island.time += 301
    island.shares = Answer(True, {"helped": True, "words": ""})
    assert "its share of new users is 0" in island.hear(about="mel", again=True, seconds=490.0)
    (found,) = shares.out(Ledger("", layout.below(island.root, FOLDER)).everything()).values()
    assert (found.times, found.returning) == (1, False), "what was never done does not count"


@pytest.mark.parametrize("answer", [None, FAILED])
def test_what_nobody_knows_the_end_of_leaves_it_out(island: Fleet, answer: Answer | None) -> None:
    """Route53 may have taken it: the way back puts that right."""
    island.shares = answer
    assert "could not be made 0" in island.hear(about="mel")
    assert out(island) == ["mel"] and layout.below(island.root, shares.MARK).exists()
    for _ in range(4):
        island.time += 301
        island.hear(about="mel", again=True, seconds=island.time - 1_800_000_000.0)
    assert island.asked.count(("syd-store1", "heal.shares")) == 3


def test_who_did_not_tell_it_leaves_it_to_who_did(island: Fleet) -> None:
    island.shares = UNTOUCHED
    island.hear(about="mel")
    island.time += 600
    island.asked.clear()
    assert "is still away" in island.hear(about="mel", me="mel-store1", again=True, seconds=790.0)
    assert island.asked == []


def test_maintenance_after_people_were_told_is_no_news(fleet: Fleet) -> None:
    fleet.hear()
    holds.write(Hold("syd-web1", fleet.time, fleet.time + 9000, "anna"), layout.below(fleet.root, holds.FILE))
    fleet.asked.clear()
    for _ in range(3):
        fleet.time += 60
        assert "is not missed: maintenance of syd-web1" in fleet.hear(again=True, seconds=fleet.time - 1_799_999_870.0)
    assert fleet.asked == [] and steps(fleet) == ["opened", "decided", "closed"]
