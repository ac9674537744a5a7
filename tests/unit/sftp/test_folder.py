"""The folder that a person is shut into: made when it is needed, and never where it does not belong."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from titanicarus.sftp import NotHere, check_site, prepare

LEAST = 1_000_000
UID = 1_000_500


def person(name: str = "alice", uid: int = UID, home: str | None = None) -> pwd.struct_passwd:
    return pwd.struct_passwd((name, "*", uid, uid, name, home or f"/home/syd/{name}", "/bin/bash"))


def ready(volume: Path, who: pwd.struct_passwd | None = None, *, mounted: bool = True) -> Path:
    return prepare(who or person(), volume, "syd", LEAST, lambda _: mounted)


def about(path: Path) -> tuple[int, int]:
    return path.stat().st_uid, path.stat().st_mode & 0o7777


def test_the_folder_is_roots_and_the_home_in_it_the_persons(tmp_path: Path) -> None:
    own = ready(tmp_path)
    assert own == tmp_path / "people/alice"
    assert about(tmp_path / "people") == (0, 0o711)
    assert about(own) == (0, 0o755)
    assert about(own / "home") == (UID, 0o700)


def test_a_second_time_changes_nothing_that_is_the_persons(tmp_path: Path) -> None:
    home = ready(tmp_path) / "home"
    home.chmod(0o750)
    (home / "file").write_text("mine")
    ready(tmp_path)
    assert about(home) == (UID, 0o750)
    assert (home / "file").read_text() == "mine"


def test_what_a_host_that_died_left_is_taken_up(tmp_path: Path) -> None:
    (tmp_path / "people/alice/home").mkdir(parents=True)
    (tmp_path / "people/alice").chmod(0o777)
    own = ready(tmp_path)
    assert about(own) == (0, 0o755)
    assert about(own / "home")[0] == UID


@pytest.mark.parametrize(
    ("who", "words"),
    [
        (person("www-data", 33, "/var/www"), "user of the system"),
        (person(home="/home/mel/alice"), "at home in /home/mel/alice"),
        (person(home="/home/syd/bruno"), "at home in /home/syd/bruno"),
    ],
)
def test_who_has_no_files_here(who: pwd.struct_passwd, words: str, tmp_path: Path) -> None:
    with pytest.raises(NotHere, match=words):
        ready(tmp_path, who)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_where_the_files_are_not_mounted(tmp_path: Path) -> None:
    with pytest.raises(NotHere, match="is not mounted"):
        ready(tmp_path, mounted=False)
    assert list(tmp_path.iterdir()) == []


def test_a_home_of_somebody_else_is_not_given_away(tmp_path: Path) -> None:
    home = tmp_path / "people/alice/home"
    home.mkdir(parents=True)
    os.chown(home, UID + 1, UID + 1)
    with pytest.raises(NotHere, match=f"belongs to the user id {UID + 1}"):
        ready(tmp_path)
    assert home.stat().st_uid == UID + 1


def test_a_link_in_place_of_the_home_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "people/alice").mkdir(parents=True)
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "people/alice/home").symlink_to(target)
    ready(tmp_path)
    assert target.stat().st_uid == 0


def test_a_sites_folder_is_shown_when_it_was_made_and_is_mounted(tmp_path: Path) -> None:
    folder = tmp_path / "tenants/harbour/sites/photos.example"
    with pytest.raises(NotHere, match="has not been made yet"):
        check_site(folder, tmp_path, lambda _: True)
    (folder / "files").mkdir(parents=True)
    check_site(folder, tmp_path, lambda _: True)
    with pytest.raises(NotHere, match="is not mounted"):
        check_site(folder, tmp_path, lambda _: False)
