"""The loop that brings islands back, with hosts that a test plays: when it asks, and what it writes down."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.heal.masters import Fleet

from titanicarus.control import layout
from titanicarus.heal import holds, shares
from titanicarus.heal.answers import Answer
from titanicarus.heal.facts import Place
from titanicarus.heal.holds import Hold
from titanicarus.heal.incidents import explain
from titanicarus.heal.ledger import FOLDER, Ledger
from titanicarus.keeper.config import AWS_CONFIG

READY, NOT_READY = Answer(True, []), Answer(True, ["database mel is 40 s behind"])


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """The island mel was lost and taken out."""
    fleet = Fleet(tmp_path, {"syd-store1": ["syd-web2"], "syd-store2": ["syd-web2"]})
    fleet.places["mel"] = Place("198.51.100.2", {"db": ("mel-db1", "mel-db2"), "web": ("mel-web1",)})
    config = layout.below(tmp_path, AWS_CONFIG)
    config.parent.mkdir(parents=True)
    config.touch()
    fleet.hear(about="mel")
    fleet.ready = {"mel-db1": READY, "mel-web1": READY}
    assert out(fleet) == ["mel"]
    return fleet


def out(fleet: Fleet) -> list[str]:
    return sorted(shares.without(Ledger("", layout.below(fleet.root, FOLDER)).everything()))


def well(fleet: Fleet, me: str = "syd-store1") -> None:
    """Its health check is green, and this master has seen that for long enough."""
    fleet.health = "up"
    assert fleet.returns(me).due() == []
    fleet.time += 121


def test_it_comes_back_once_it_is_well_for_a_while(fleet: Fleet) -> None:
    fleet.health = "held"
    assert fleet.returns().due() == []
    assert 'its own health check says "held"' in fleet.returns().bring_back("mel")
    fleet.health = "up"
    assert fleet.returns().due() == []
    fleet.time += 29
    assert fleet.returns().due() == []
    fleet.time += 2
    fleet.asked.clear()
    assert fleet.returns().due() == ["mel"] and fleet.asked == [], "nobody is asked for that"
    assert fleet.returns().bring_back("mel") == "mel has its share of new users again"
    assert out(fleet) == [] and not layout.below(fleet.root, shares.MARK).exists()
    assert ("syd-store1", "heal.shares") in fleet.asked and ("mel-db2", "heal.ready") in fleet.asked
    incident = fleet.incidents[-1]
    assert (incident.subject, incident.result) == ("mel/share", "healed")
    steps = [entry["step"] for entry in incident.entries]
    assert steps == ["opened", "decided", "brought back", "outcome", "decided", "closed"]
    assert any('its health check says "up", for 31 s' in line for line in explain(incident))
    assert "it is not out" in fleet.returns().bring_back("mel")


def test_a_break_begins_the_wait_anew(fleet: Fleet) -> None:
    well(fleet)
    fleet.health = None
    assert fleet.returns().due() == []
    fleet.health = "up"
    assert fleet.returns().due() == []
    assert "has to be well for another 30 s" in fleet.returns().bring_back("mel")


def test_hosts_that_are_not_ready_are_told_once_and_asked_again_later(fleet: Fleet) -> None:
    well(fleet)
    fleet.ready["mel-db1"] = NOT_READY
    for _ in range(2):
        assert fleet.returns().due() == ["mel"]
        assert "mel-db1 database mel is 40 s behind" in fleet.returns().bring_back("mel")
        assert fleet.returns().due() == [], "not so soon"
        fleet.time += 61
    assert [one.result for one in fleet.incidents] == ["escalated", "refused"] and out(fleet) == ["mel"]
    fleet.ready["mel-db1"] = READY
    assert "again" in fleet.returns().bring_back("mel")


def test_a_host_that_cannot_tell_is_not_ready(fleet: Fleet) -> None:
    well(fleet)
    fleet.ready["mel-web1"] = Answer(False, "'heal.ready' is not available.")
    assert "mel-web1 cannot tell: 'heal.ready' is not available." in fleet.returns().bring_back("mel")
    del fleet.ready["mel-web1"]
    assert "no web host gave an answer" in fleet.returns().bring_back("mel", by_hand=True)
    assert out(fleet) == ["mel"]


def test_what_route53_refuses_leaves_it_out(fleet: Fleet) -> None:
    well(fleet)
    fleet.shares = Answer(False, {"helped": False, "words": "Unsafe: no", "untouched": True})
    assert "Route53 could not be told so: Unsafe: no" in fleet.returns().bring_back("mel")
    assert out(fleet) == ["mel"] and fleet.incidents[-1].result == "escalated"
    fleet.time += 61
    assert fleet.returns().due() == []
    assert "it is tried again in" in fleet.returns().bring_back("mel")
    fleet.time += 300
    fleet.shares = Answer(True, {"helped": True, "words": ""})
    assert fleet.returns().due() == ["mel"]
    assert "again" in fleet.returns().bring_back("mel")
    assert not layout.below(fleet.root, shares.MARK).exists()


def test_what_nobody_knows_the_end_of_is_done_again(fleet: Fleet) -> None:
    """Plans count it in at once; it is seen to until somebody has seen that Route53 took it."""
    well(fleet)
    fleet.shares = None
    assert "its minion gave no answer" in fleet.returns().bring_back("mel")
    assert out(fleet) == [] and layout.below(fleet.root, shares.MARK).exists()
    fleet.time += 301
    fleet.shares = Answer(True, {"helped": True, "words": ""})
    assert fleet.returns().due() == ["mel"]
    assert "again" in fleet.returns().bring_back("mel")
    assert not layout.below(fleet.root, shares.MARK).exists()


def test_a_pause_starts_nothing(fleet: Fleet) -> None:
    well(fleet)
    holds.write(Hold("*", fleet.time, None, "anna"), layout.below(fleet.root, holds.FILE))
    assert fleet.returns().due() == []
    assert "stays out: a pause of all healing" in fleet.returns().bring_back("mel")


def test_people_are_told_once_of_an_island_that_does_not_get_ready(fleet: Fleet) -> None:
    well(fleet)
    fleet.ready["mel-db1"] = NOT_READY
    fleet.time += 1800
    for _ in range(3):
        assert fleet.returns().due() == ["mel"]
        assert "its health check is green for" in fleet.returns().bring_back("mel")
        fleet.time += 61
    assert [one.result for one in fleet.incidents] == ["escalated", "escalated"]
    fleet.ready["mel-db1"] = READY
    assert "again" in fleet.returns().bring_back("mel")


def test_another_master_comes_later(fleet: Fleet) -> None:
    fleet.health = "up"
    assert fleet.returns("syd-store2").due() == [], "mel's minions do not listen to it"
    fleet.time += 31
    assert fleet.returns("syd-store2").due() == []
    assert fleet.returns("mel-store1").due() == [], "nobody judges his own island"
    assert fleet.returns().due() == [] and "for another 30 s" in fleet.returns().bring_back("mel")


def test_by_hand_it_need_not_wait_and_dry_it_does_nothing(fleet: Fleet) -> None:
    fleet.health = "up"
    before = len(fleet.incidents)
    said = fleet.returns().bring_back("mel", by_hand=True, dry=True)
    assert said.startswith("would act: mel is well, and its hosts are ready, though mel-db2 gave no answer")
    assert out(fleet) == ["mel"] and len(fleet.incidents) == before
    assert "again" in fleet.returns().bring_back("mel", by_hand=True)
    assert "no island that has a share" in fleet.returns().bring_back("per", by_hand=True)


def test_a_mark_that_was_left_from_before_says_nothing_of_now(fleet: Fleet) -> None:
    well(fleet)
    assert "again" in fleet.returns().bring_back("mel")
    fleet.health = "up"
    fleet.returns()._well_for("mel", "up")
    fleet.time += 9000
    fleet.health = None
    fleet.hear(about="mel")
    assert out(fleet) == ["mel"]
    fleet.health = "up"
    assert fleet.returns().due() == []
    assert "has to be well for another" in fleet.returns().bring_back("mel")


def test_a_take_out_that_is_refused_leaves_an_island_returning(fleet: Fleet) -> None:
    well(fleet)
    fleet.shares = None
    fleet.returns().bring_back("mel")
    assert out(fleet) == []
    fleet.hear("back", about="mel")
    fleet.time += 400
    fleet.shares = Answer(True, {"helped": False, "words": "Unsafe: no", "untouched": True})
    fleet.hear(about="mel")
    (found,) = shares.out(Ledger("", layout.below(fleet.root, FOLDER)).everything()).values()
    assert found.returning and layout.below(fleet.root, shares.MARK).exists(), "Route53 may still have its zeros"
