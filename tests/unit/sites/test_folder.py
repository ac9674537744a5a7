"""Writing into a tenant's folder: links must not lead anywhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from titanicarus.sites import folder

ME = (os.getuid(), os.getgid())


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site"
    path.mkdir()
    return path


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    path = tmp_path / "victim"
    path.mkdir()
    (path / "secret").write_text("precious")
    return path


def test_writes_with_folders_and_modes(site: Path) -> None:
    folder.write(str(site), "public/img/a.svg", b"x", ME)
    assert (site / "public/img/a.svg").read_bytes() == b"x"
    assert (site / "public/img/a.svg").stat().st_mode & 0o7777 == 0o640
    assert (site / "public").stat().st_mode & 0o7777 == 0o2750
    assert [path.name for path in (site / "public/img").iterdir()] == ["a.svg"]


def test_a_folder_that_became_a_link_is_not_followed(site: Path, victim: Path) -> None:
    (site / "public").symlink_to(victim)
    with pytest.raises(folder.NotAFolder, match="public is no folder"):
        folder.write(str(site), "public/secret", b"evil", ME)
    with pytest.raises(folder.NotAFolder):
        folder.remove(str(site), "public/secret")
    with pytest.raises(folder.NotAFolder):
        folder.fix(str(site), "public/secret", ME)
    assert (victim / "secret").read_text() == "precious"


def test_the_site_itself_as_a_link_is_not_followed(tmp_path: Path, victim: Path) -> None:
    (tmp_path / "link").symlink_to(victim)
    with pytest.raises(OSError, match="link"):
        folder.write(str(tmp_path / "link"), "secret", b"evil", ME)
    assert (victim / "secret").read_text() == "precious"


def test_a_file_that_is_a_link_is_replaced_and_its_target_untouched(site: Path, victim: Path) -> None:
    (site / "index.html").symlink_to(victim / "secret")
    folder.write(str(site), "index.html", b"page", ME)
    assert not (site / "index.html").is_symlink()
    assert (victim / "secret").read_text() == "precious"


def test_fix_refuses_a_second_name_of_another_file(site: Path, victim: Path) -> None:
    """A tenant could link a file of root's into its folder and wait until it is given to it."""
    os.link(victim / "secret", site / "index.html")
    with pytest.raises(folder.NotAFolder, match="one name"):
        folder.fix(str(site), "index.html", ME)


def test_fix_refuses_a_link(site: Path, victim: Path) -> None:
    (site / "index.html").symlink_to(victim / "secret")
    with pytest.raises(OSError, match=r"index\.html"):
        folder.fix(str(site), "index.html", ME)


def test_fix_sets_the_mode(site: Path) -> None:
    (site / "a").write_text("")
    (site / "a").chmod(0o666)
    folder.fix(str(site), "a", ME)
    assert (site / "a").stat().st_mode & 0o7777 == 0o640


def test_a_folder_in_the_place_of_a_file_is_not_deleted(site: Path) -> None:
    (site / "index.html").mkdir()
    (site / "index.html" / "upload.jpg").write_text("")
    with pytest.raises(folder.NotAFolder, match="should be a file"):
        folder.write(str(site), "index.html", b"page", ME)
    assert [path.name for path in site.iterdir()] == ["index.html"]


def test_remove_takes_empty_folders_along_and_no_others(site: Path) -> None:
    for path in ("a/b/one", "a/two"):
        folder.write(str(site), path, b"", ME)
    folder.remove(str(site), "a/b/one")
    assert sorted(str(path.relative_to(site)) for path in site.rglob("*")) == ["a", "a/two"]
    folder.remove(str(site), "a/two")
    assert list(site.iterdir()) == []


def test_remove_of_what_is_not_there(site: Path) -> None:
    folder.remove(str(site), "a/b")
