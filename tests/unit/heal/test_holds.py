"""Pauses and maintenance: what stands, until when, and what a file that cannot be read comes down to."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from titanicarus.heal import __main__ as command
from titanicarus.heal.holds import FILE, BadHolds, Hold, newest, parse, read, spell, write

ANNA = Hold("syd-web1", 100.0, 200.0, "anna", "new disk")


def test_a_hold_has_an_end() -> None:
    assert [ANNA.stands(now) for now in (0.0, 199.9, 200.0)] == [True, True, False]
    assert Hold("*", 100.0, None, "anna").stands(9e9)
    assert not Hold("*", 100.0, 100.0, "anna").stands(100.0)


def test_sentences() -> None:
    assert ANNA.sentence(150.0) == "maintenance of syd-web1 by anna for another 50 s: new disk"
    assert Hold("*", 1.0, None, "bo").sentence(2.0) == "a pause of all healing by bo until it is taken back"
    assert [spell(seconds) for seconds in (-1, 0.4, 99, 600, 7200, 9000)] == [
        "0 s",
        "0 s",
        "99 s",
        "10 min",
        "2 h",
        "2.5 h",
    ]


def test_what_is_written_is_read_and_the_newest_word_counts(tmp_path: Path) -> None:
    path = tmp_path / "deep/holds.json"
    assert read(path) == ()
    write(ANNA, path)
    write(Hold("*", 110.0, None, "bo"), path)
    over = Hold("syd-web1", 120.0, 120.0, "anna")
    assert set(write(over, path)) == {over, Hold("*", 110.0, None, "bo")} == set(read(path))
    assert write(ANNA, path) == read(path)
    assert newest(read(path))["syd-web1"] == over, "an older word does not come back"


def test_old_words_are_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "holds.json"
    write(ANNA, path)
    month_later = Hold("mel", 200.0 + 31 * 86400, None, "bo")
    assert write(month_later, path) == (month_later,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        '[{"scope": "*"}]',
        '[{"scope": "", "at": 1, "until": 2, "by": "a"}]',
        '[{"scope": "*", "at": "x", "until": 2, "by": "a"}]',
        '[{"scope": "*", "at": true, "until": 2, "by": "a"}]',
        '[{"scope": "*", "at": 1, "until": 2, "by": 7}]',
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(text: str, tmp_path: Path) -> None:
    path = tmp_path / "holds.json"
    path.write_text(text)
    with pytest.raises(BadHolds, match="remove the file"):
        read(path)


def test_a_document_makes_a_hold() -> None:
    assert parse({"scope": "syd-web1", "at": 100, "until": 200, "by": "anna", "why": "new disk"}) == ANNA


def test_the_command_that_hosts_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"scope": "*", "at": 1, "until": null, "by": "bo"}'))
    assert command.main(["--root", str(tmp_path), "hold"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"scope": "*", "at": 1.0, "until": None, "by": "bo", "why": ""}]
    assert read(tmp_path / FILE.relative_to("/")) == (Hold("*", 1.0, None, "bo"),)
    assert command.main(["--root", str(tmp_path), "ledgers"]) == 0
    assert json.loads(capsys.readouterr().out) == {"ledgers": {}, "problems": []}
    monkeypatch.setattr("sys.stdin", io.StringIO("nonsense"))
    assert command.main(["--root", str(tmp_path), "hold"]) == 1
