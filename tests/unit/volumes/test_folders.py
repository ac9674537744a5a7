"""Folders of sites that take uploads: made once, handed over, not touched again; never where nothing is mounted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from titanicarus.volumes.errors import VolumeError
from titanicarus.volumes.facts import Folder, checked
from titanicarus.volumes.folders import make, opened

GID = 33
SITE = Folder("tenants/harbour/sites/photos.example", 1_000_007, "photos.example", "public/index.html")


def about(path: Path) -> tuple[int, int, str]:
    status = path.stat()
    return status.st_uid, status.st_gid, oct(status.st_mode & 0o7777)


def test_what_sftp_shows_is_roots_and_the_files_in_it_the_sites(tmp_path: Path) -> None:
    assert make(tmp_path, SITE, GID)
    shown = tmp_path / SITE.shown
    assert about(shown.parent) == (0, 0, "0o711")
    assert about(shown) == (0, 0, "0o755")
    assert about(shown / "files") == (SITE.uid, GID, "0o2750")
    page = shown / "files/public/index.html"
    assert about(page) == (SITE.uid, GID, "0o640")
    assert "photos.example" in page.read_text()


def test_what_was_handed_over_is_never_touched(tmp_path: Path) -> None:
    make(tmp_path, SITE, GID)
    own = tmp_path / SITE.shown / "files"
    (own / "public/index.html").unlink()
    assert not make(tmp_path, SITE, GID)
    assert list((own / "public").iterdir()) == []


def test_its_door_is_shut_again_when_a_client_opened_it(tmp_path: Path) -> None:
    make(tmp_path, SITE, GID)
    own = tmp_path / SITE.shown / "files"
    own.chmod(0o755)
    assert not make(tmp_path, SITE, GID)
    assert about(own) == (SITE.uid, GID, "0o2750")


def test_one_that_a_dead_host_left_half_made_is_taken_up(tmp_path: Path) -> None:
    own = tmp_path / SITE.shown / "files"
    own.mkdir(parents=True)
    assert make(tmp_path, SITE, GID)
    assert about(own) == (SITE.uid, GID, "0o2750")


def test_one_that_belongs_to_somebody_else_is_refused(tmp_path: Path) -> None:
    own = tmp_path / SITE.shown / "files"
    own.mkdir(parents=True)
    os.chown(own, 1_000_008, GID)
    with pytest.raises(VolumeError, match="belongs to the user id 1000008"):
        make(tmp_path, SITE, GID)


def test_nothing_is_made_where_nothing_is_mounted(tmp_path: Path) -> None:
    with pytest.raises(VolumeError, match="nothing is mounted"), opened(tmp_path):
        pass


@pytest.mark.parametrize("path", ["", "/etc", "a/../b", "a//b", "a/./b", "a\0b"])
def test_no_path_leads_out_of_the_volume(path: str) -> None:
    with pytest.raises(ValueError, match="no path inside a volume"):
        checked(path)
