"""What is missing of a fleet, in what order it is asked for, and what of it is not asked for at all."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.control_plane import ROOT
from fixtures.keepers_at_hand import facts, owner
from fixtures.shard_views import said, view

from titanicarus.drill import lab_world, looking
from titanicarus.drill.lab_world import LabWorld
from titanicarus.drill.waiting import TooLate
from titanicarus.fleet import load
from titanicarus.operations.files import Part, VolumeView
from titanicarus.shards import ShardView

DECLARATION = load(ROOT)


class Lab:
    fleet = DECLARATION.fleet


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Everything is well; what is asked for is written down. Shard syd writes, the others say nothing."""
    found: list[str] = []

    def answer(name: str, value: Any) -> Any:
        def ask(_lab: object, *about: Any) -> Any:
            words = [one for one in about if isinstance(one, str)]
            found.append(" ".join([name, *words]))
            return value(*words) if callable(value) else value

        return ask

    views = tuple(ShardView(name, view().copies) for name in ("mel", "per", "syd"))
    volumes = tuple(VolumeView(name, ()) for name in ("mel", "per", "syd"))
    monkeypatch.setattr(looking, "web_lacks", answer("web", lambda _island: []))
    monkeypatch.setattr(looking, "vip_holder", answer("vip", lambda island: f"{island}-lb1"))
    monkeypatch.setattr(looking, "gateway_holder", answer("gateway", lambda island: f"{island}-fw1"))
    monkeypatch.setattr(looking, "healthy", answer("names", {"syd", "mel", "per"}))
    monkeypatch.setattr(lab_world, "look_at_shards", answer("sql", views))
    monkeypatch.setattr(lab_world, "look_at_files", answer("files", volumes))
    return found


@pytest.fixture
def world() -> LabWorld:
    return LabWorld(Lab(), DECLARATION, print)  # type: ignore[arg-type]


def test_everything_is_asked_the_dear_ones_last(asked: list[str], world: LabWorld) -> None:
    world.await_whole()
    kinds = list(dict.fromkeys(words.split()[0] for words in asked))
    assert kinds == ["web", "gateway", "names", "sql", "files"]
    assert len(asked) == 3 + 3 + 1 + 1 + 1


def test_only_what_is_wanted_is_asked(asked: list[str], world: LabWorld) -> None:
    world.await_whole({"web/syd", "names/syd"})
    assert asked == ["web syd", "names"]
    asked.clear()
    world.await_whole(())
    assert asked == []


def test_the_dear_ones_are_not_asked_while_a_cheap_one_lacks(
    asked: list[str], world: LabWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab_world, "WHOLE_SECONDS", 0.0)
    monkeypatch.setattr(looking, "web_lacks", lambda _lab, island: [f"{island} lacks a web server"])
    with pytest.raises(TooLate, match="did not happen within 0 s\nmel lacks a web server"):
        world.await_whole()
    assert asked == []


def test_a_look_says_who_has_what(asked: list[str], world: LabWorld) -> None:
    now = world.look(())
    assert now.vip == {island: f"{island}-lb1" for island in DECLARATION.fleet.islands}
    assert now.gateway["per"] == "per-fw1"
    assert now.writer == dict.fromkeys(("mel", "per", "syd"), "syd-db1")
    assert now.standby["syd"] == "syd-db2"
    assert now.rulers == {"syd-web1", "mel-web1", "per-web1"}
    assert now.sites["harbour.example"] == "syd"
    assert now.not_whole == {}
    assert "files" not in asked and "names" not in asked
    assert asked.count("sql") == 1


def test_a_look_says_what_is_not_whole(asked: list[str], world: LabWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "healthy", lambda _lab: {"syd", "mel"})
    monkeypatch.setattr(looking, "gateway_holder", lambda _lab, island: None if island == "mel" else f"{island}-fw1")
    assert world.look().not_whole == {
        "names/per": "Route53 does not find per healthy",
        "gateway/mel": "nobody is the gateway of mel, not its firewall",
    }


def test_a_healthy_shard_lacks_nothing() -> None:
    assert looking.shard_lacks(view()) == []


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (view(syd_db1=said("syd-db1", facts())), "nobody may write"),
        (view(syd_db1=said("syd-db1", owner(standby=None))), "goes on alone"),
        (view(mel_db2=said("mel-db2", facts(lag=5.0))), "mel-db2: 5 s"),
        (view(mel_db2=said("mel-db2", facts(lag=None))), "mel-db2: lag unknown"),
        (view(syd_db1=said("syd-db1", owner(standby="syd-db2", in_sync=False))), "syd-db2 does not keep up"),
    ],
)
def test_what_a_shard_lacks(found: ShardView, words: str) -> None:
    assert any(words in lack for lack in looking.shard_lacks(found)), looking.shard_lacks(found)


def test_what_a_volume_lacks() -> None:
    brick = Part("syd-filer1", "brick", True, "", pending=3)
    mount = Part("syd-web1", "mount", False, "fails")
    assert looking.volume_lacks(VolumeView("syd", (brick, mount))) == ["mount of syd-web1: fails", "3 files wait"]
    assert looking.volume_lacks(VolumeView("syd", ())) == []
