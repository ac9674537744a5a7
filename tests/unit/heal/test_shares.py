"""Who is out, by what several masters wrote down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from titanicarus.heal.ledger import Ledger
from titanicarus.heal.shares import BROUGHT_BACK, TAKEN_OUT, mark, out


def entry(at: float, step: str, island: str = "mel", master: str = "syd-store1") -> dict[str, Any]:
    return {"at": at, "step": step, "island": island, "master": master}


@pytest.mark.parametrize(
    ("ledgers", "expected"),
    [
        ({}, {}),
        ({"a": [{"at": 1.0, "step": "opened"}, {"at": 2.0, "step": "torn"}]}, {}),
        ({"a": [entry(1, TAKEN_OUT)]}, {"mel": (1, 1)}),
        ({"a": [entry(1, TAKEN_OUT), entry(2, BROUGHT_BACK)]}, {}),
        ({"a": [entry(1, TAKEN_OUT)], "b": [entry(2, BROUGHT_BACK)]}, {}),
        ({"a": [entry(3, TAKEN_OUT)], "b": [entry(2, BROUGHT_BACK)]}, {"mel": (3, 1)}),
        ({"a": [entry(2, TAKEN_OUT)], "b": [entry(2, BROUGHT_BACK)]}, {}),
        ({"a": [entry(1, TAKEN_OUT)], "b": [entry(2, TAKEN_OUT)]}, {"mel": (1, 1)}),
        ({"a": [entry(1, TAKEN_OUT), entry(5, TAKEN_OUT, "per")]}, {"mel": (1, 1), "per": (5, 1)}),
        ({"a": [entry(1, TAKEN_OUT), entry(2, BROUGHT_BACK), entry(3, TAKEN_OUT)]}, {"mel": (3, 2)}),
        ({"a": [entry(1, TAKEN_OUT), entry(2, BROUGHT_BACK), entry(3602, TAKEN_OUT)]}, {"mel": (3602, 1)}),
    ],
)
def test_the_latest_word_counts(ledgers: dict[str, Any], expected: dict[str, tuple[float, int]]) -> None:
    assert {name: (one.since, one.times) for name, one in out(ledgers).items()} == expected


def test_the_mark_is_there_while_any_island_is_out(tmp_path: Path) -> None:
    ledger, path = Ledger("syd-store1", tmp_path / "ledger"), tmp_path / "out.json"
    mark(ledger, path)
    assert not path.exists()
    ledger.add(entry(1.0, TAKEN_OUT))
    mark(ledger, path)
    assert [one["island"] for one in json.loads(path.read_text())] == ["mel"]
    ledger.add(entry(2.0, BROUGHT_BACK))
    mark(ledger, path)
    mark(ledger, path)
    assert not path.exists()
