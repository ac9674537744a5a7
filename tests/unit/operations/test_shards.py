"""Moves, overrides and pauses against keepers that the test plays; the real ones: tests/lab."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixtures.control_plane import ROOT
from fixtures.keepers_at_hand import Hosts, facts, owner

from titanicarus.fleet import Fleet, load
from titanicarus.keeper.wishes import Wish
from titanicarus.operations import OperationFailed
from titanicarus.operations import shards as operation
from titanicarus.operations.shards import (
    look_at_shards,
    move_shard,
    override_shard,
    state_override,
    wish_everywhere,
)

HOSTS = ("mel-db1", "mel-db2", "per-db1", "per-db2", "syd-db1", "syd-db2")


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return load(ROOT).fleet


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    """Shard syd is well: syd-db1 writes, everybody else follows."""
    found = Hosts(tmp_path)
    for host in HOSTS:
        found.say(host, syd=owner() if host == "syd-db1" else facts())
    return found


def test_every_shard_and_every_host(hosts: Hosts, fleet: Fleet) -> None:
    hosts.off.add("per-db2")
    views = {view.name: view for view in look_at_shards(hosts, fleet)}
    assert sorted(views) == ["mel", "per", "syd"]
    assert views["syd"].writer and views["syd"].writer.host == "syd-db1"
    assert views["syd"].remarks() == ["per-db2: it is off"]
    assert "syd-db1: its keeper does not know the shard mel yet: `saguire apply`" in views["mel"].remarks()


def test_a_host_without_the_library(hosts: Hosts, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = hosts.command
    broken = ["sh", "-c", "echo No module named titanicarus >&2; exit 1"]
    monkeypatch.setattr(hosts, "command", lambda host, argv: broken if host == "mel-db1" else whole(host, argv))
    (view,) = look_at_shards(hosts, fleet, "syd")
    assert view.remarks() == ["mel-db1: its keeper cannot be asked: No module named titanicarus"]


def test_an_unknown_shard(hosts: Hosts, fleet: Fleet) -> None:
    with pytest.raises(OperationFailed, match="there is no shard sid; the shards are mel, per, syd"):
        look_at_shards(hosts, fleet, "sid")


def test_a_move(hosts: Hosts, fleet: Fleet) -> None:
    orders: list[tuple[str, Wish]] = []

    def keepers(host: str, _shard: str, wish: Wish) -> None:
        orders.append((host, wish))
        if wish.move_to:
            shut = owner(open=False, open_for=0.0, why=f"hands the item to {wish.move_to}: the gate is shut")
            hosts.say(host, syd=shut)
            hosts.say(wish.move_to, syd=owner(epoch=8, owner=wish.move_to, why="is open in epoch 8"))

    hosts.on_wish = keepers
    said: list[str] = []
    moved = move_shard(hosts, fleet, "syd", "mel", said.append)
    assert orders[0] == ("syd-db1", Wish(move_to="mel-db1", epoch=7))
    assert hosts.wishes("syd-db1") == {}
    assert (moved.writer, moved.epoch) == ("mel-db1", 8)
    assert moved.gap is not None and 0 <= moved.gap < 5
    assert said == ["syd: syd-db1, which is open in epoch 7, is asked to hand over to mel-db1"]
    assert moved.sentences[0].startswith("mel-db1 is the writer of syd in epoch 8")


def test_a_move_to_where_it_is(hosts: Hosts, fleet: Fleet) -> None:
    moved = move_shard(hosts, fleet, "syd", "syd", lambda _text: None)
    assert moved.sentences == ("syd-db1 is the writer of syd already",)
    assert not (hosts.folder / "syd-db1" / "wishes.json").exists()


def test_a_move_that_does_not_come_about_is_taken_back(
    hosts: Hosts, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation, "MOVE_SECONDS", 1.0)
    with pytest.raises(OperationFailed, match=r"within 1 s; the order was taken back\. syd-db1 says"):
        move_shard(hosts, fleet, "syd", "mel-db2", lambda _text: None)
    assert hosts.wishes("syd-db1") == {}


def test_a_move_that_ends_elsewhere_is_no_success(hosts: Hosts, fleet: Fleet) -> None:
    taken = owner(epoch=8, owner="syd-db2", why="is open in epoch 8")
    hosts.on_wish = lambda _host, _shard, wish: hosts.say("syd-db2", syd=taken) if wish.move_to else None
    with pytest.raises(OperationFailed, match="syd went to syd-db2 in epoch 8 instead of mel-db1"):
        move_shard(hosts, fleet, "syd", "mel", lambda _text: None)


def test_a_refused_move_changes_nothing(hosts: Hosts, fleet: Fleet) -> None:
    hosts.off.add("mel-db1")
    with pytest.raises(OperationFailed, match="syd is not moved: mel-db1: gives no answer: it is off"):
        move_shard(hosts, fleet, "syd", "mel-db1", lambda _text: None)
    assert not (hosts.folder / "syd-db1" / "wishes.json").exists()


def test_an_override_that_wins(hosts: Hosts, fleet: Fleet) -> None:
    hosts.off |= {"syd-db1", "syd-db2"}
    hosts.wish("mel-db1", "syd", paused=True)
    seen: list[Wish] = []

    def keepers(host: str, _shard: str, wish: Wish) -> None:
        seen.append(wish)
        if wish.override:
            hosts.say(host, syd=owner(epoch=8, owner=host, why="is open in epoch 8, without a standby"))

    hosts.on_wish = keepers
    _view, statement = state_override(hosts, fleet, "syd", "mel-db1")
    done = override_shard(hosts, statement, lambda _text: None)
    assert seen[0] == Wish(override=True, epoch=7)
    assert hosts.wishes("mel-db1") == {}
    assert done.sentences == ("mel-db1 is open, and has the lease in epoch 8",)


def test_an_override_without_the_witness_stands_until_it_has_won(hosts: Hosts, fleet: Fleet) -> None:
    hosts.off |= {"syd-db1", "syd-db2"}
    alone = facts(open=True, open_for=5.0, why="is open by the operator's word, as epoch 8, until the witness answers")
    hosts.on_wish = lambda host, _shard, _wish: hosts.say(host, syd=alone)
    _view, statement = state_override(hosts, fleet, "syd", "mel-db1")
    done = override_shard(hosts, statement, lambda _text: None)
    assert hosts.wishes("mel-db1") == {"syd": Wish(override=True, epoch=7)}
    assert "until the witness answers" in done.sentences[0]
    (view,) = look_at_shards(hosts, fleet, "syd")
    assert "mel-db1: override of epoch 7" in view.remarks()


def test_an_override_that_fails_is_taken_back(hosts: Hosts, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation, "OVERRIDE_SECONDS", 1.0)
    hosts.off |= {"syd-db1", "syd-db2"}
    _view, statement = state_override(hosts, fleet, "syd", "mel-db1")
    with pytest.raises(OperationFailed, match="mel-db1 did not open syd within 1 s; it says"):
        override_shard(hosts, statement, lambda _text: None)
    assert hosts.wishes("mel-db1") == {}


def test_a_pause_of_everything(hosts: Hosts, fleet: Fleet) -> None:
    hosts.off.add("per-db2")
    done, failed = wish_everywhere(hosts, fleet, None, {"paused": True})
    assert done["syd-db1"] == ["mel", "per", "syd"]
    assert failed == {"per-db2": "per-db2 cannot be reached: it is off"}
    assert hosts.wishes("mel-db1") == {name: Wish(paused=True) for name in ("mel", "per", "syd")}
    wish_everywhere(hosts, fleet, "syd", {"paused": False})
    assert set(hosts.wishes("mel-db1")) == {"mel", "per"}


def test_nobody_can_be_paused(hosts: Hosts, fleet: Fleet) -> None:
    hosts.off |= set(HOSTS)
    with pytest.raises(OperationFailed, match="per-db1 cannot be reached"):
        wish_everywhere(hosts, fleet, "syd", {"paused": True})
