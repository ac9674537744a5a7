"""What an observer asks, remembers and keeps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from unit.heal.played import Played

from titanicarus.heal import observer
from titanicarus.heal.observer import Observer

LOOK_AT = {"syd-web1": ["10.1.0.4"], "mel": ["10.2.0.5", "198.18.2.10"]}


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> type[Played]:
    monkeypatch.setattr(observer, "Pings", Played)
    Played.there, Played.broken, Played.closed = {"syd-web1", "mel"}, "", 0
    return Played


def looks(one: Observer, times: int) -> list[list[tuple[str, str]]]:
    return [[(news["tag"], news["about"]) for news in one.look(LOOK_AT)] for _ in range(times)]


def test_who_was_seen_and_is_gone_is_lost_once(tmp_path: Path, played: type[Played]) -> None:
    one = Observer(tmp_path / "heal/seen.json")
    assert looks(one, 3) == [[]] * 3
    assert played.asked[-1] == LOOK_AT
    assert json.loads((tmp_path / "heal/seen.json").read_text()) == ["mel", "syd-web1"]
    played.there = {"mel"}
    assert looks(one, 5) == [[], [], [], [("lost", "syd-web1")], []]
    played.there = {"mel", "syd-web1"}
    assert looks(one, 3) == [[], [("back", "syd-web1")], []]


def test_who_was_lost_before_it_began_is_missed(tmp_path: Path, played: type[Played]) -> None:
    (tmp_path / "seen.json").write_text('["mel", "syd-web1"]')
    played.there = {"mel"}
    assert looks(Observer(tmp_path / "seen.json"), 5)[-1] == [("lost", "syd-web1")]


@pytest.mark.parametrize("text", ["", "7", "{", "\xff"])
def test_notes_that_cannot_be_read_are_none(tmp_path: Path, played: type[Played], text: str) -> None:
    (tmp_path / "seen.json").write_text(text, encoding="latin-1")
    played.there = {"mel"}
    assert looks(Observer(tmp_path / "seen.json"), 6) == [[]] * 6


def test_a_full_disk_keeps_nobody_from_being_missed(
    tmp_path: Path, played: type[Played], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> bool:
        raise OSError(28, "No space left on device")

    one = Observer(tmp_path / "seen.json")
    with monkeypatch.context() as disk:
        disk.setattr(observer.files, "write", full)
        assert looks(one, 2) == [[]] * 2
    assert not (tmp_path / "seen.json").exists()
    played.there = {"mel"}
    assert looks(one, 4)[-1] == [("lost", "syd-web1")]
    assert json.loads((tmp_path / "seen.json").read_text()) == ["mel", "syd-web1"], "kept when there is room again"


def test_who_cannot_look_says_so_and_accuses_nobody(tmp_path: Path, played: type[Played]) -> None:
    one = Observer(tmp_path / "seen.json")
    looks(one, 2)
    played.broken = "Operation not permitted"
    said = [one.look(LOOK_AT) for _ in range(6)]
    (event,) = [news for each in said for news in each]
    assert (event["tag"], event["about"], event["why"]) == ("unknown", "*", "Operation not permitted")


def test_a_socket_is_given_back_and_taken_again(tmp_path: Path, played: type[Played]) -> None:
    one = Observer(tmp_path / "seen.json")
    one.close()
    looks(one, 1)
    one.close()
    one.close()
    assert played.closed == 1
    assert looks(one, 2) == [[]] * 2
