"""Files of a brick that a full disk left without their second name."""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

import pytest

from titanicarus.volumes.gluster import handles

ROOT = uuid.UUID(int=1)


def made(path: Path, *, folder: bool = False) -> uuid.UUID:
    """A file or folder as the brick makes one, without its handle."""
    if folder:
        path.mkdir()
    else:
        path.write_text("words")
    identity = uuid.uuid4()
    os.setxattr(path, "trusted.gfid", identity.bytes)
    return identity


def handle(brick: Path, identity: uuid.UUID) -> Path:
    name = str(identity)
    return brick / ".glusterfs" / name[:2] / name[2:4] / name


@pytest.fixture
def brick(tmp_path: Path) -> Path:
    folder = tmp_path / "syd.1"
    (folder / ".glusterfs/indices").mkdir(parents=True)
    (folder / ".glusterfs/indices/alone").write_text("")
    os.setxattr(folder, "trusted.gfid", ROOT.bytes)
    return folder


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time() + 2 * handles.YOUNG_SECONDS
    monkeypatch.setattr(time, "time", lambda: now)


@pytest.mark.usefixtures("later")
def test_what_has_none_gets_one(brick: Path) -> None:
    home, file = made(brick / "home", folder=True), made(brick / "home/letter")
    (brick / "home/way").symlink_to("letter")
    way = uuid.uuid4()
    os.setxattr(brick / "home/way", "trusted.gfid", way.bytes, follow_symlinks=False)
    assert handles.mend(brick) == (3, 0)
    assert handle(brick, file).samefile(brick / "home/letter")
    assert handle(brick, way).lstat().st_ino == (brick / "home/way").lstat().st_ino
    above = str(ROOT)
    assert handle(brick, home).readlink() == Path(f"../../{above[:2]}/{above[2:4]}/{above}/home")
    assert handle(brick, home).parent.stat().st_mode & 0o777 == 0o700
    assert handles.mend(brick) == (0, 0), "and it has it now"


@pytest.mark.usefixtures("later")
def test_what_the_brick_does_not_know_is_left_alone(brick: Path) -> None:
    (brick / "stranger").write_text("")
    assert handles.mend(brick) == (0, 0)
    assert (brick / "stranger").stat().st_nlink == 1


def test_what_is_being_made_is_the_bricks_business_for_a_minute(brick: Path) -> None:
    identity = made(brick / "new")
    assert handles.mend(brick) == (0, 1)
    assert not handle(brick, identity).exists()
