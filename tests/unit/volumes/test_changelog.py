"""The journal that a brick keeps: what its records mean, and where what they name is now."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from titanicarus.shipping.model import Change
from titanicarus.volumes.gluster.changelog import FOLDER, ROOT, Record, Unreadable, changes, finished, parse

HEAD = b"GlusterFS Changelog | version: v1.2 | encoding : 2\n"
DIR, SUB, FILE = (f"{digit * 8}-{digit * 4}-4{digit * 3}-8{digit * 3}-{digit * 12}" for digit in "abc")


def journal(*fields: str) -> bytes:
    return HEAD + b"".join(os.fsencode(field) + b"\0" for field in fields)


def test_every_kind_of_record() -> None:
    data = journal(
        f"E{DIR}", "4", "16877", "0", "0", f"{ROOT}/dir", f"E{FILE}", "23", "33188", "0", "0", f"{DIR}/a\nb/",
        f"D{FILE}", f"M{FILE}", "38", f"E{FILE}", "8", f"{DIR}/a\nb/", f"{ROOT}/c", f"E{FILE}", "5", f"{ROOT}/c",
    )  # fmt: skip
    assert list(parse(data, "j")) == [
        Record("E", DIR, ((ROOT, "dir"),)),
        Record("E", FILE, ((DIR, "a\nb/"),)),
        Record("D", FILE),
        Record("M", FILE),
        Record("E", FILE, ((DIR, "a\nb/"), (ROOT, "c")), renamed=True),
        Record("E", FILE, ((ROOT, "c"),)),
    ]


@pytest.mark.parametrize(
    "data", [b"", b"something\n", HEAD.replace(b": 2", b": 1"), HEAD + b"D" + FILE.encode(), HEAD + b"stray\0"]
)
def test_what_is_no_journal_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable, match="the-journal"):
        list(parse(data, "the-journal"))


def test_the_one_that_is_written_to_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    for name in ("CHANGELOG", "CHANGELOG.30", "htime/HTIME.5", *(f"1970/01/01/CHANGELOG.{at}" for at in (40, 9, 20))):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    days = folder / "1970/01/01"
    assert finished(tmp_path, 9) == [(20, days / "CHANGELOG.20"), (40, days / "CHANGELOG.40")]
    assert finished(tmp_path, 3 * 86_400) == []


def folder(brick: Path, identity: str, above: str, name: str) -> None:
    handle = brick / ".glusterfs" / identity[:2] / identity[2:4] / identity
    handle.parent.mkdir(parents=True, exist_ok=True)
    handle.symlink_to(f"../../{above[:2]}/{above[2:4]}/{above}/{name}")


def test_folders_are_named_by_where_they_are_now(tmp_path: Path) -> None:
    folder(tmp_path, DIR, ROOT, "moved")
    (tmp_path / ".glusterfs/00/00").mkdir(parents=True)
    folder(tmp_path, SUB, DIR, "sub")
    found = changes(
        tmp_path,
        [
            Record("E", SUB, ((DIR, "old"), (DIR, "sub")), renamed=True),
            Record("M", SUB),
            Record("E", FILE, ((SUB, "gone.txt"),)),
            Record("D", FILE),
            Record("E", FILE, ((FILE, "in-what-is-no-folder"),)),
            Record("E", FILE, ((ROOT, ".titanicarus"),)),
            Record("M", ROOT),
        ],
    )
    expected = {Change("moved/old", tree=True), Change("moved/sub", tree=True), Change("moved/sub"), Change("")}
    assert found == expected | {Change("moved/sub/gone.txt")}
