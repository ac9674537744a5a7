"""The operator's wishes: strict to read, whole to write, and orders that end with the epoch they were about."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from titanicarus.keeper.wishes import BadWishes, Wish, change_wish, clear_orders, read_wishes
from titanicarus.lease.messages import Wishes
from titanicarus.lease.record import Record, Stage


def item(epoch: int, owner: str = "syd-db1", stage: Stage = Stage.OPEN) -> Record:
    return Record("syd/sql", owner, epoch, "n", stage, None, None, 0, ("syd-db1", "syd-db2"), ())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keeper" / "wishes.json"


def test_no_file_asks_for_nothing(path: Path) -> None:
    assert read_wishes(path) == {}


def test_the_file(path: Path) -> None:
    change_wish("syd", {"move_to": "syd-db2", "epoch": 7}, path)
    change_wish("mel", {"paused": True}, path)
    change_wish("per", {"paused": False}, path)
    nothing = {"paused": False, "move_to": None, "drained": False, "override": False, "epoch": None}
    assert json.loads(path.read_text()) == {
        "mel": nothing | {"paused": True},
        "syd": nothing | {"move_to": "syd-db2", "epoch": 7},
    }
    assert read_wishes(path) == {"mel": Wish(paused=True), "syd": Wish(move_to="syd-db2", epoch=7)}


def test_one_key_is_changed_and_the_others_stay(path: Path) -> None:
    change_wish("syd", {"drained": True}, path)
    assert change_wish("syd", {"override": True, "epoch": 3}, path) == Wish(drained=True, override=True, epoch=3)
    assert clear_orders("syd", path) == Wish(drained=True)
    change_wish("syd", {"drained": False}, path)
    assert path.read_text() == "{}\n"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "is no JSON"),
        ("[]", "is not a mapping"),
        ('{"syd": true}', "expected a mapping"),
        ('{"syd": {"pause": true}}', "unknown key pause"),
        ('{"syd": {"paused": 1}}', "paused: expected true or false, found 1"),
        ('{"syd": {"move_to": ""}}', "move_to: expected the id of a host"),
        ('{"syd": {"move_to": "syd-db2"}}', "need the epoch"),
        ('{"syd": {"override": true}}', "need the epoch"),
        ('{"syd": {"override": true, "epoch": true}}', "epoch: expected a number"),
        ('{"syd": {"epoch": 1}}', "only move_to and override have one"),
    ],
)
def test_a_bad_file_says_what_is_wrong_and_what_to_do(path: Path, content: str, why: str) -> None:
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(BadWishes, match=rf"wishes\.json: .*{why}.*; remove the file"):
        read_wishes(path)


@pytest.mark.parametrize("changes", [{"move": "x"}, {"override": True}, {"paused": "yes"}])
def test_a_bad_wish_changes_nothing(path: Path, changes: dict[str, Any]) -> None:
    change_wish("syd", {"paused": True}, path)
    before = path.read_text()
    with pytest.raises(BadWishes):
        change_wish("syd", changes, path)
    assert path.read_text() == before


def test_many_writers_lose_nothing(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: change_wish(f"s{number}", {"paused": True}, path), range(40)))
    assert len(read_wishes(path)) == 40


def test_a_move_ends_with_its_epoch() -> None:
    wish = Wish(move_to="syd-db2", epoch=7)
    assert wish.for_protocol(item(7), "syd-db1") == Wishes(move_to="syd-db2")
    assert wish.for_protocol(item(8, "syd-db2"), "syd-db1") == Wishes()
    assert wish.for_protocol(None, "syd-db1") == Wishes()


def test_an_override_ends_when_anybody_has_won() -> None:
    wish = Wish(override=True, epoch=7)
    assert wish.for_protocol(item(7, "mel-db1"), "syd-db1") == Wishes(override=True)
    assert wish.for_protocol(item(8, "syd-db1", Stage.TAKEN), "syd-db1") == Wishes(override=True)  # won, and not open
    assert wish.for_protocol(item(8, "syd-db1"), "syd-db1") == Wishes()
    assert wish.for_protocol(item(8, "mel-db1"), "syd-db1") == Wishes()
    assert wish.for_protocol(item(9, "syd-db1"), "syd-db1") == Wishes()
    assert wish.for_protocol(None, "syd-db1") == Wishes()


def test_standing_wishes_are_said() -> None:
    assert Wish().sentences() == []
    assert Wish(paused=True, drained=True, move_to="mel-db1", override=True, epoch=4).sentences() == [
        "paused: takes no lease",
        "drained: hands its lease over and takes none",
        "to be moved to mel-db1 in epoch 4",
        "override of epoch 4",
    ]


def test_an_order_that_is_void_is_not_said() -> None:
    move, override = Wish(move_to="mel-db1", epoch=4), Wish(override=True, epoch=4)
    assert move.sentences(4) != [] == move.sentences(5)
    assert override.sentences(4, open=True) == ["override of epoch 4"]  # alone, while the witness is away
    assert override.sentences(5) == ["override of epoch 4"]  # won, and still to open
    assert override.sentences(5, open=True) == [] == override.sentences(6)
