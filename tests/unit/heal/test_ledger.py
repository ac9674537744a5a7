"""The ledger: what was written stays as it was, a change shows, and copies go on where they ended."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from threading import Thread

import pytest

from titanicarus.heal.ledger import BEGINNING, Broken, Ledger, sealed, verify


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger("syd-store1", tmp_path / "ledger")


def fill(ledger: Ledger, number: int = 3) -> Path:
    """Write entries; gives back the file."""
    for count in range(number):
        ledger.add({"at": float(count), "step": "opened", "incident": f"i{count}"})
    (path,) = ledger._paths()
    return path


def test_entries_form_a_chain(ledger: Ledger) -> None:
    path = fill(ledger)
    entries = ledger.read(path.stem)
    assert [entry["number"] for entry in entries] == [1, 2, 3]
    assert entries[0]["before"] == BEGINNING and entries[1]["before"] == entries[0]["hash"]
    assert verify(entries) == (3, entries[2]["hash"])
    assert ledger.problems() == []
    assert ledger.heads() == {path.stem: 3} and path.stem.startswith("syd-store1.")


def test_nobody_else_reads_it(ledger: Ledger) -> None:
    path = fill(ledger)
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [lines[0].replace("i0", "i9"), *lines[1:]],
        lambda lines: [lines[0], lines[2]],
        lambda lines: lines[1:],
        lambda lines: [lines[1], lines[0], lines[2]],
        lambda lines: [*lines, lines[2]],
        lambda lines: [
            lines[0],
            json.dumps(sealed({"at": 1.0, "step": "closed"}, 2, json.loads(lines[0])["hash"])),
            lines[2],
        ],
    ],
    ids=["a word changed", "one taken out", "the first taken out", "two swapped", "one said twice", "one written anew"],
)
def test_every_change_shows(change: object, ledger: Ledger) -> None:
    path = fill(ledger)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(change(lines)) + "\n")  # type: ignore[operator]
    assert len(ledger.problems()) == 1 and path.stem in ledger.problems()[0]


def test_half_a_line_is_cut_off_and_told(ledger: Ledger) -> None:
    path = fill(ledger)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"at": 4.0, "st')
    assert len(ledger.read(path.stem)) == 3
    ledger.add({"at": 5.0, "step": "opened"})
    assert [entry["step"] for entry in ledger.read(path.stem)[3:]] == ["torn", "opened"]
    assert ledger.problems() == [] and path.read_bytes().startswith(whole)


def test_a_ledger_of_somebody_else_s_making_is_not_gone_on_with(ledger: Ledger) -> None:
    path = fill(ledger)
    path.write_text("nonsense\n")
    with pytest.raises(Broken, match="none of a ledger"):
        ledger.add({"at": 5.0, "step": "opened"})
    assert path.read_text() == "nonsense\n"
    assert "syd-store1" in ledger.problems()[0]


def test_many_writers_make_one_chain(ledger: Ledger) -> None:
    threads = [Thread(target=lambda: [ledger.add({"at": 1.0, "step": "opened"}) for _ in range(20)]) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(ledger.heads().values()) == [100] and ledger.problems() == []


def test_copies_go_on_where_they_ended(ledger: Ledger, tmp_path: Path) -> None:
    name = fill(ledger).stem
    copy = Ledger("mel-store1", tmp_path / "copy")
    assert copy.keep(name, ledger.after(name, 0)) == 3
    fill(ledger, 2)
    assert copy.keep(name, ledger.after(name, copy.heads()[name])) == 5
    assert copy.keep(name, ledger.after(name, 1)) == 5, "what is there already is not added again"
    assert copy.read(name) == ledger.read(name) and copy.problems() == []


def test_a_copy_takes_only_what_goes_on_from_its_end(ledger: Ledger, tmp_path: Path) -> None:
    name = fill(ledger, 4).stem
    entries = ledger.read(name)
    copy = Ledger("mel-store1", tmp_path / "copy")
    copy.keep(name, entries[:1])
    for bad in (entries[2:], [{**entries[1], "step": "closed"}], [sealed({"at": 1.0}, 2, BEGINNING)], [{"number": 9}]):
        with pytest.raises(Broken):
            copy.keep(name, bad)
        assert copy.heads()[name] == 1
    for other in ("../evil.00000000", "mel-store1.00000000", "syd-store1", ""):
        with pytest.raises(Broken):
            copy.keep(other, entries[:1])


def test_a_lost_disk_begins_another_ledger(ledger: Ledger, tmp_path: Path) -> None:
    name = fill(ledger).stem
    copy = Ledger("mel-store1", tmp_path / "copy")
    copy.keep(name, ledger.after(name, 0))
    again = Ledger("syd-store1", tmp_path / "new disk")
    other = fill(again).stem
    assert other != name
    copy.keep(other, again.after(other, 0))
    assert copy.heads() == {name: 3, other: 3}


def test_long_lines_are_found_again(ledger: Ledger) -> None:
    ledger.add({"at": 1.0, "step": "opened", "words": "x" * 20000})
    ledger.add({"at": 1.0, "step": "opened", "words": "y" * 20000})
    assert ledger.problems() == []
