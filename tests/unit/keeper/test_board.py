"""What a keeper says, as a file for those on the same host."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from titanicarus.keeper import board as board_module
from titanicarus.keeper.board import Board


def test_what_is_said_again_is_as_new_as_what_is_said_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_module, "_FILE_SECONDS", 0.0)
    path = tmp_path / "shards.json"
    document = {"host": "syd-db2", "shards": {"syd": {"open": False}}}
    board = Board(document, path)
    board.publish(document)
    assert json.loads(path.read_text()) == document
    os.utime(path, (1.0, 1.0))
    board.publish(document)
    assert path.stat().st_mtime > 1.0
