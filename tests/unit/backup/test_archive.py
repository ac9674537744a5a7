"""Logs are copied as they grow, and an instance that was made anew begins anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixtures.binlogs import log, transaction

from titanicarus.backup.archive import sync
from titanicarus.backup.store import Base, Place

NOW = 1_780_000_000.0


class Instance:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.names: list[str] = []

    def write(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)
        if name not in self.names:
            self.names.append(name)


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance(tmp_path / "data")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place("syd", tmp_path / "backup")


def kept(place: Place, generation: str) -> dict[str, bytes]:
    return {name: (place.logs(generation) / name).read_bytes() for name in place.log_names(generation)}


def test_only_what_is_new_is_copied(instance: Instance, place: Place) -> None:
    first, second = log([(1, 1001)]), log([(1, 1001), (2, 1002)])
    instance.write("binlog.000001", first)
    one = sync(place, instance.folder, instance.names, NOW)
    assert (one.copied, one.begun) == (len(first), "these are its first logs here")
    assert sync(place, instance.folder, instance.names, NOW).copied == 0
    instance.write("binlog.000001", second)
    instance.write("binlog.000002", log([], begun=2000))
    two = sync(place, instance.folder, instance.names, NOW + 5)
    assert (two.generation, two.begun) == (one.generation, None)
    assert two.copied == len(transaction(2, 1002)) + len(log([]))
    assert kept(place, one.generation) == {"binlog.000001": second, "binlog.000002": log([], begun=2000)}


def test_logs_that_the_instance_has_dropped_are_kept(instance: Instance, place: Place) -> None:
    for number in (1, 2, 3):
        instance.write(f"binlog.{number:06}", log([(number, 1000 + number)], begun=number))
    generation = sync(place, instance.folder, instance.names, NOW).generation
    done = sync(place, instance.folder, instance.names[2:], NOW)
    assert (done.generation, done.begun, done.copied) == (generation, None, 0)
    assert len(kept(place, generation)) == 3


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (log([(1, 1001)]), "shorter than it was"),
        (log([(1, 1001), (2, 1002), (3, 1003)], begun=1700), "another one than it was"),
    ],
)
def test_an_instance_that_was_made_anew(instance: Instance, place: Place, content: bytes, why: str) -> None:
    instance.write("binlog.000001", log([(1, 1001), (2, 1002)]))
    old = sync(place, instance.folder, instance.names, NOW).generation
    instance.write("binlog.000001", content)
    new = sync(place, instance.folder, instance.names, NOW + 5)
    assert new.begun and why in new.begun
    assert place.generations() == [old, new.generation]
    assert kept(place, new.generation) == {"binlog.000001": content}
    assert kept(place, old) == {"binlog.000001": log([(1, 1001), (2, 1002)])}


def test_a_log_that_went_before_it_was_kept_whole(instance: Instance, place: Place) -> None:
    instance.write("binlog.000001", log([(1, 1001)]))
    sync(place, instance.folder, instance.names, NOW)
    instance.write("binlog.000002", log([], begun=7))
    again = sync(place, instance.folder, ["binlog.000002"], NOW)
    assert again.begun == "binlog.000001 is gone from the instance, and was not kept whole"
    assert place.generations() == ["20260528T202640Z", "20260528T202641Z"]


def test_a_copy_that_was_cut_off_goes_on(instance: Instance, place: Place) -> None:
    whole = log([(number, 1000 + number) for number in range(100)])
    instance.write("binlog.000001", whole)
    generation = sync(place, instance.folder, instance.names, NOW).generation
    half = place.logs(generation) / "binlog.000001"
    half.write_bytes(whole[:777])
    assert sync(place, instance.folder, instance.names, NOW).copied == len(whole) - 777
    assert half.read_bytes() == whole


def test_how_far_it_reaches_never_goes_back(place: Place) -> None:
    generation = place.begin(NOW)
    assert place.until(generation) == 0
    for until in (100.0, 90.0):
        place.set_until(generation, until)
    assert place.until(generation) == 100.0


def test_a_base_without_its_whole_copy_is_none(place: Place) -> None:
    generation = place.begin(NOW)
    base = Base("20260528T203000Z", NOW, NOW + 9, "binlog.000001", 400, "0-1-5", 1000, 4, "x", "11.8")
    place.keep(generation, base)
    assert place.read(generation).bases == ()
    (place.bases(generation) / base.name / "copy.mbstream.gz").write_bytes(b"1234")
    assert place.read(generation).bases == (base,)
