"""What a trial writes, and what it finds out."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from titanicarus.volumes import trial
from titanicarus.volumes.trial import FOLDER, write_and_read


@pytest.fixture(autouse=True)
def read_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every file system of a test machine knows O_DIRECT."""
    monkeypatch.setattr(trial, "_read", Path.read_bytes)


def test_it_writes_in_place(tmp_path: Path) -> None:
    write_and_read(tmp_path, "syd-web1")
    first = (tmp_path / FOLDER / "syd-web1").stat().st_ino
    before = (tmp_path / FOLDER / "syd-web1").read_bytes()
    write_and_read(tmp_path, "syd-web1")
    assert (tmp_path / FOLDER / "syd-web1").stat().st_ino == first
    assert (tmp_path / FOLDER / "syd-web1").read_bytes() != before


def test_a_disk_without_room_is_told_though_writing_in_place_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=0))
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        write_and_read(tmp_path, "syd-web1")
