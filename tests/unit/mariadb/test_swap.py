"""A data folder is replaced whole, whenever the work is cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

from titanicarus.mariadb import bootstrap, swap
from titanicarus.mariadb.instances import Seen, plan, surplus
from titanicarus.mariadb.swap import Folders
from titanicarus.mariadb.turn import Taken, turn


@pytest.fixture
def where(tmp_path: Path) -> Folders:
    found = swap.folders("syd", tmp_path)
    found.data.mkdir()
    (found.data / "what").write_text("old")
    swap.begin(found)
    (found.fresh / "what").write_text("new")
    return found


def content(where: Folders) -> str:
    return (where.data / "what").read_text()


def test_what_is_not_ready_is_never_put_in_place(where: Folders) -> None:
    swap.swap(where)
    swap.finish(where)
    assert content(where) == "old"


def test_what_is_ready_is_swapped_and_the_old_one_kept(where: Folders) -> None:
    swap.ready(where)
    swap.finish(where)
    assert content(where) == "old", "a rebuild that was cut off before the swap goes on when it is asked again"
    swap.swap(where)
    assert content(where) == "new" and (where.old / "what").read_text() == "old"
    assert not swap.is_ready(where) and [path.name for path in where.data.iterdir()] == ["what"]
    swap.drop_old(where)
    assert not where.old.exists()


def test_a_swap_that_was_cut_off_between_its_renames_is_finished(where: Folders) -> None:
    swap.ready(where)
    where.data.rename(where.old)
    swap.finish(where)
    assert content(where) == "new" and (where.old / "what").read_text() == "old"


def test_a_swap_that_was_cut_off_before_its_mark_was_removed_is_finished(where: Folders) -> None:
    swap.ready(where)
    where.data.rename(where.old)
    where.fresh.rename(where.data)
    swap.swap(where)
    assert content(where) == "new" and (where.old / "what").read_text() == "old"


def test_shards_without_data_are_made_and_half_made_ones_again(where: Folders, tmp_path: Path) -> None:
    swap.folders("mel", tmp_path).fresh.mkdir()
    assert bootstrap.missing(["mel", "syd"], tmp_path) == ["mel"]


def test_what_is_set_aside_is_never_overwritten(where: Folders, tmp_path: Path) -> None:
    first = bootstrap.set_aside("syd", tmp_path)
    where.data.mkdir()
    second = bootstrap.set_aside("syd", tmp_path)
    assert first != second and (first / "what").read_text() == "old"


def test_folders_of_shards_that_left_are_found(where: Folders, tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    (where.data / "ibdata1").touch()
    assert surplus([], tmp_path) == ["syd"]


def test_a_plan_says_what_will_be_done() -> None:
    seen = {"mel": Seen(True, True, None, True), "syd": Seen(False, False, None, False)}
    assert plan(seen, ["per"]) == {
        "mel": ["accounts set"],
        "syd": ["made empty", "started", "accounts set"],
        "per": ["stopped", "data set aside"],
    }


def test_one_at_a_time(tmp_path: Path) -> None:
    with turn("syd", tmp_path), pytest.raises(Taken, match="syd"), turn("syd", tmp_path):
        pass
    with turn("syd", tmp_path):
        pass
