"""Who is out, by what several masters wrote down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from titanicarus.heal.ledger import Ledger
from titanicarus.heal.shares import BROUGHT_BACK, OUTCOME, TAKEN_OUT, mark, out, without


def entry(at: float, step: str, island: str = "mel", master: str = "syd-store1", **more: Any) -> dict[str, Any]:
    return {"at": at, "step": step, "island": island, "master": master, "incident": "1", **more}


def done(at: float, outcome: str = "done", incident: str = "1") -> dict[str, Any]:
    return entry(at, OUTCOME, outcome=outcome, incident=incident)


OUT_AND_BACK = [entry(1, TAKEN_OUT), done(2), entry(3, BROUGHT_BACK), done(4)]


@pytest.mark.parametrize(
    ("ledgers", "expected"),
    [
        ({}, {}),
        ({"a": [{"at": 1.0, "step": "opened"}, {"at": 2.0, "step": "torn"}, {"at": 3.0, "step": "outcome"}]}, {}),
        ({"a": [entry(1, TAKEN_OUT)]}, {"mel": (1, 1, False)}),
        ({"a": [entry(1, TAKEN_OUT), done(2)]}, {"mel": (1, 1, False)}),
        ({"a": [entry(1, TAKEN_OUT), done(2, "failed")]}, {"mel": (1, 1, False)}),
        ({"a": [entry(1, TAKEN_OUT), done(2), entry(3, BROUGHT_BACK)]}, {"mel": (1, 1, True)}),
        ({"a": [entry(1, TAKEN_OUT), done(2), entry(3, BROUGHT_BACK), done(4, "silent")]}, {"mel": (1, 1, True)}),
        ({"a": [entry(1, TAKEN_OUT), entry(2, BROUGHT_BACK, incident="2"), done(3)]}, {"mel": (1, 1, True)}),
        ({"a": [entry(1, TAKEN_OUT), entry(2, BROUGHT_BACK, incident="2"), done(3), done(4, incident="2")]}, {}),
        ({"a": OUT_AND_BACK}, {}),
        ({"a": [entry(1, TAKEN_OUT)], "b": [entry(2, BROUGHT_BACK), done(3)]}, {}),
        ({"a": [entry(3, TAKEN_OUT)], "b": [entry(2, BROUGHT_BACK), done(2.5)]}, {"mel": (3, 1, False)}),
        ({"a": [entry(1, TAKEN_OUT)], "b": [entry(2, TAKEN_OUT)]}, {"mel": (1, 1, False)}),
        ({"a": [entry(1, TAKEN_OUT), entry(5, TAKEN_OUT, "per")]}, {"mel": (1, 1, False), "per": (5, 1, False)}),
        ({"a": [*OUT_AND_BACK, entry(5, TAKEN_OUT)]}, {"mel": (5, 2, False)}),
        ({"a": [*OUT_AND_BACK, entry(3602, TAKEN_OUT)]}, {"mel": (3602, 1, False)}),
        ({"a": [entry(1, TAKEN_OUT), done(2, "refused"), entry(3, BROUGHT_BACK, undo=True)]}, {}),
        ({"a": [entry(1, TAKEN_OUT), entry(2, BROUGHT_BACK, undo=True), entry(3, TAKEN_OUT)]}, {"mel": (3, 1, False)}),
        ({"a": [entry(1, TAKEN_OUT), entry(2, BROUGHT_BACK), entry(3, TAKEN_OUT, undo=True)]}, {"mel": (1, 1, False)}),
    ],
)
def test_the_latest_word_counts(ledgers: dict[str, Any], expected: dict[str, tuple[float, int]]) -> None:
    assert {name: (one.since, one.times, one.returning) for name, one in out(ledgers).items()} == expected
    assert without(ledgers) == {name for name, (_, _, returning) in expected.items() if not returning}


def test_the_mark_is_there_while_any_island_is_out_or_returning(tmp_path: Path) -> None:
    ledger, path = Ledger("syd-store1", tmp_path / "ledger"), tmp_path / "out.json"
    mark(ledger, ["mel"], path)
    assert not path.exists()
    ledger.add(entry(1.0, TAKEN_OUT))
    mark(ledger, ["mel"], path)
    assert [one["island"] for one in json.loads(path.read_text())] == ["mel"]
    mark(ledger, ["syd"], path)
    assert not path.exists(), "an island that is declared no more comes back no more"
    ledger.add(entry(2.0, BROUGHT_BACK))
    mark(ledger, ["mel"], path)
    assert path.exists()
    ledger.add(done(3.0))
    mark(ledger, ["mel"], path)
    assert not path.exists()
