"""What a copy takes and refuses, what it keeps, and what an old holder gives back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from titanicarus.lease.record import Branch, Position, Record, Stage
from titanicarus.lease.witness import born
from titanicarus.shipping.copy import Copy
from titanicarus.shipping.journal import Journal
from titanicarus.shipping.model import BadPath, Batch, Change, Item, Kind, Refused, Shipment, ShippingError, checked
from titanicarus.shipping.sending import shipment
from titanicarus.shipping.tree import Tree

TODAY = date(2026, 11, 26)
BIRTH = Branch(0, "birth", 0)


def held(*branches: Branch) -> Record:
    """The item while the owner of the last branch is open."""
    last = branches[-1]
    whole = replace(born("syd/files", last.owner, ()), epoch=last.epoch, stage=Stage.OPEN)
    return replace(whole, history=(BIRTH, *branches))


FIRST = held(Branch(1, "syd-filer1", 0))


@pytest.fixture
def syd(tmp_path: Path) -> Copy:
    """The holder, with a file in a folder."""
    made = volume(tmp_path / "syd")
    made.open(1, "syd-filer1")
    change(made, {"home/alice/notes": "one"})
    return made


@pytest.fixture
def mel(tmp_path: Path) -> Copy:
    return volume(tmp_path / "mel")


def volume(root: Path) -> Copy:
    root.mkdir()
    return Copy(root)


def change(copy: Copy, contents: dict[str, str | None]) -> Position:
    """Users write files, or remove them (None), and that is noted."""
    for path, text in contents.items():
        place = copy.tree.root / path
        if text is None:
            place.unlink()
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
    return copy.note(map(Change, contents), "cursor")


def ship(holder: Copy, copy: Copy, record: Record = FIRST, today: date = TODAY) -> list[str]:
    """Gives the paths of which content was asked for."""
    asked: list[str] = []
    sent = shipment(holder.tree, holder.journal, record, copy.position, wants=copy.wants)

    def content(path: str) -> Iterable[bytes]:
        asked.append(path)
        return sent.content(path)

    copy.take(replace(sent, content=content), record.epoch, today)  # type: ignore[arg-type]
    return asked


def test_a_blank_copy_gets_everything_and_then_only_what_changed(syd: Copy, mel: Copy) -> None:
    (syd.tree.root / "home/alice").chmod(0o2750)
    assert ship(syd, mel) == ["home/alice/notes"]
    assert (mel.tree.root / "home/alice").stat().st_mode & 0o7777 == 0o2750
    change(syd, {"home/alice/other": "two"})
    assert ship(syd, mel) == ["home/alice/other"]
    assert ship(syd, mel) == []
    assert mel.position == syd.position == Position(1, "syd-filer1", 2)


def test_times_and_links_are_as_they_were(syd: Copy, mel: Copy) -> None:
    (syd.tree.root / "home/link").symlink_to("/etc/passwd")
    syd.note([Change("home/link")], "")
    ship(syd, mel)
    for path in ("home", "home/alice", "home/alice/notes"):
        assert (mel.tree.root / path).stat().st_mtime_ns == (syd.tree.root / path).stat().st_mtime_ns
    assert str((mel.tree.root / "home/link").readlink()) == "/etc/passwd"


def test_what_is_replaced_or_removed_is_kept_as_it_was_when_the_day_began(syd: Copy, mel: Copy) -> None:
    ship(syd, mel)
    for text in ("two", "three", None):
        change(syd, {"home/alice/notes": text})
        ship(syd, mel)
    kept = mel.tree.root / ".titanicarus/versions/2026-11-26/home/alice/notes"
    assert kept.read_text() == "one"
    assert not (mel.tree.root / "home/alice/notes").exists()
    assert mel.drop_versions(7, date(2026, 12, 3)) == []
    assert mel.drop_versions(7, date(2026, 12, 4)) == ["2026-11-26"]
    assert not kept.exists()


def test_a_shipment_of_an_older_epoch_and_one_that_begins_elsewhere_change_nothing(syd: Copy, mel: Copy) -> None:
    ship(syd, mel)
    change(syd, {"home/alice/notes": "two"})
    late = shipment(syd.tree, syd.journal, FIRST, mel.position)
    with pytest.raises(Refused, match="epoch 1 is over: there is epoch 2"):
        mel.take(late, 2, TODAY)
    with pytest.raises(Refused, match="begins at"):
        mel.take(replace(late, after=Position(1, "syd-filer1", 0)), 1, TODAY)
    assert (mel.tree.root / "home/alice/notes").read_text() == "one"


def test_an_old_holder_keeps_aside_what_it_had_not_shipped(syd: Copy, mel: Copy) -> None:
    """And takes what there is now; nothing is merged."""
    ship(syd, mel)
    change(syd, {"home/alice/notes": "late", "home/alice/more": "late, too"})
    mel.open(2, "mel-filer1")
    change(mel, {"home/alice/notes": "newer"})
    record = held(*FIRST.history[1:], Branch(2, "mel-filer1", 1))
    with pytest.raises(Refused, match="has gone another way"):
        shipment(mel.tree, mel.journal, record, syd.position)
    report = syd.give_way(record.history, "2026-11-26T11:00:00Z")
    assert report == syd.tree.root / "recovered/1.json"
    said = json.loads(report.read_text())
    assert (said["went_on_at"], said["had"], said["kept"]) == (1, 2, ["home/alice/more", "home/alice/notes"])
    ship(mel, syd, record)
    assert (syd.tree.root / "recovered/1/home/alice/notes").read_text() == "late"
    assert (syd.tree.root / "recovered/1/home/alice/more").read_text() == "late, too"
    assert (syd.tree.root / "home/alice/notes").read_text() == "newer"
    assert not (syd.tree.root / "home/alice/more").exists()
    assert syd.give_way(record.history, "later") is None
    assert (syd.tree.root / "recovered").stat().st_mode & 0o777 == 0o700, "homes are their owners' own there, too"


def test_what_was_given_back_is_no_beginning_until_it_was_replaced(syd: Copy, mel: Copy) -> None:
    ship(syd, mel)
    change(syd, {"home/alice/notes": "late"})
    mel.open(2, "mel-filer1")
    record = held(*FIRST.history[1:], Branch(2, "mel-filer1", 1))
    syd.give_way(record.history, "now")
    with pytest.raises(ShippingError, match="1 paths of a history that was given up: it is no beginning"):
        syd.open(3, "syd-filer1")
    ship(mel, syd, record)
    syd.open(3, "syd-filer1")


def test_a_copy_that_nobody_can_judge_starts_over_and_loses_nothing(syd: Copy, mel: Copy) -> None:
    ship(syd, mel)
    change(mel, {"home/alice/notes": "from another world"})
    foreign = held(Branch(9, "per-filer1", 0))
    with pytest.raises(ShippingError, match=r"none of the epochs 1 .* it has to start over"):
        mel.give_way(foreign.history, "now")
    mel.start_over()
    assert mel.position is None
    ship(syd, mel)
    assert (mel.tree.root / "home/alice/notes").read_text() == "one"
    kept = mel.tree.root / ".titanicarus/versions/2026-11-26/home/alice/notes"
    assert kept.read_text() == "from another world"


def test_half_of_a_shipment_is_news_to_the_others_when_its_copy_goes_on(syd: Copy, mel: Copy, tmp_path: Path) -> None:
    per = volume(tmp_path / "per")
    ship(syd, mel)
    ship(syd, per)
    change(syd, {"home/alice/first": "1", "home/alice/second": "2"})
    sent = shipment(syd.tree, syd.journal, FIRST, mel.position)

    def half() -> Iterable[Item]:
        for item in sent.items:
            if item.path == "home/alice/second":
                raise OSError("the line is cut")
            yield item

    with pytest.raises(OSError, match="the line is cut"):
        mel.take(replace(sent, items=half()), 1, TODAY)
    assert mel.position == Position(1, "syd-filer1", 1)
    again = Copy(mel.tree.root)
    again.open(2, "mel-filer1")
    ship(again, per, held(*FIRST.history[1:], Branch(2, "mel-filer1", 1)))
    assert (per.tree.root / "home/alice/first").read_text() == "1"
    assert not (per.tree.root / "home/alice/second").exists()


def test_who_does_not_hold_the_shard_ships_nothing_and_notes_nothing(syd: Copy, mel: Copy) -> None:
    with pytest.raises(ShippingError, match="not in epoch 2 of mel-filer1"):
        shipment(syd.tree, syd.journal, held(*FIRST.history[1:], Branch(2, "mel-filer1", 1)), None)
    with pytest.raises(ShippingError, match="was never opened: nobody writes here"):
        mel.note([Change("a")], "")
    with pytest.raises(ShippingError, match="epoch 0 is over"):
        syd.open(0, "mel-filer1")


@pytest.mark.parametrize("path", ["/etc/passwd", "../a", "a/../../b", "a//b", "a/.", ".titanicarus/x", "recovered/1/x"])
def test_paths_that_lead_out_are_refused(mel: Copy, path: str) -> None:
    with pytest.raises(BadPath, match=r"is no path inside a volume|is each island's own"):
        checked(path)
    item = Item(path, Kind.FILE, mode=0o644)
    evil = Shipment(None, Position(1, "syd-filer1", 1), (), 0, [item], lambda _path: iter([b"evil"]))
    with pytest.raises(BadPath):
        mel.take(evil, 1, TODAY)


def test_a_link_in_a_copy_leads_nobody_out_of_it(mel: Copy, tmp_path: Path) -> None:
    """Whoever sends is believed in what files hold, and not in where they are."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (mel.tree.root / "home").symlink_to(outside)
    items = [Item("home/file", Kind.FILE, mode=0o644), Item("home", Kind.FOLDER, mode=0o755)]
    for item in items:
        evil = Shipment(None, Position(1, "syd-filer1", 1), (), 0, [item], lambda _path: iter([b"evil"]))
        if item.kind is Kind.FILE:
            with pytest.raises(ShippingError):
                mel.take(evil, 1, TODAY)
        else:
            mel.take(evil, 1, TODAY)
    assert list(outside.iterdir()) == []
    assert (mel.tree.root / "home").is_dir() and not (mel.tree.root / "home").is_symlink()


def test_a_version_of_a_link_leads_nobody_out_either(syd: Copy, mel: Copy, tmp_path: Path) -> None:
    """Of a name that was a link, and a folder with something in it later on the same day."""
    (tmp_path / "outside").mkdir()
    place = syd.tree.root / "box"
    place.symlink_to(tmp_path / "outside")
    syd.note([Change("box")], "")
    ship(syd, mel)
    place.unlink()
    change(syd, {"box/in": "1"})
    syd.note([Change("box"), Change("box/in")], "")
    ship(syd, mel)
    change(syd, {"box/in": "2"})
    ship(syd, mel)
    assert list((tmp_path / "outside").iterdir()) == []
    assert (mel.tree.root / ".titanicarus/versions/2026-11-26.1/box/in").read_text() == "1"


def test_sockets_and_pipes_are_not_shipped(syd: Copy, mel: Copy) -> None:
    os.mkfifo(syd.tree.root / "pipe")
    syd.note([Change("pipe")], "")
    ship(syd, mel)
    assert not (mel.tree.root / "pipe").exists()
    with pytest.raises(FileNotFoundError):
        next(Tree(syd.tree.root).read("pipe"))


def test_a_journal_that_was_cut_off_goes_on_and_a_damaged_one_is_said(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(Batch(1, "a", 0, 1, (Change("x"),), "c1"))
    with pytest.raises(ShippingError, match="the batch from 5 to 6 of epoch 1 cannot follow the batch from 0 to 1"):
        journal.append(Batch(1, "a", 5, 6))
    file = tmp_path / "journal.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"epoch": 1, "own')
    again = Journal(tmp_path)
    assert again.last == Batch(1, "a", 0, 1, (Change("x"),), "c1")
    again.append(Batch(1, "a", 1, 2, (Change("y"),)))
    assert Journal(tmp_path).position == Position(1, "a", 2)
    file.write_bytes(b"{}\n" + whole)
    with pytest.raises(ShippingError, match=r"journal\.jsonl: KeyError: .*remove it, and the copy is compared"):
        Journal(tmp_path)


def test_a_journal_has_an_end_for_copies_that_are_away(tmp_path: Path) -> None:
    journal = Journal(tmp_path, limit=10)
    for number in range(12):
        journal.append(Batch(1, "a", number, number + 1, (Change(str(number)),)))
    assert not journal.reaches_back_to(0)
    assert journal.reaches_back_to(11)
    assert [change.path for change in journal.after(10)] == ["10", "11"]
    journal.forget(12)
    assert Journal(tmp_path).position == Position(1, "a", 12)
