"""The paths of control groups, on folders that look like the kernel's."""

from __future__ import annotations

from pathlib import Path

import pytest

from titanicarus.lab import cgroup
from titanicarus.lab.cgroup import Group, Hierarchies, wait_until
from titanicarus.lab.errors import LabError


@pytest.fixture
def v1(tmp_path: Path) -> Hierarchies:
    names = ("unified", "systemd", "freezer", "memory")
    for name in names:
        (tmp_path / name).mkdir()
    return Hierarchies(*(tmp_path / name for name in names))


@pytest.fixture
def v2(tmp_path: Path) -> Hierarchies:
    return Hierarchies(tmp_path, None, None, None)


def test_a_group_is_the_same_path_in_every_hierarchy(v1: Hierarchies, tmp_path: Path) -> None:
    group = Group(v1, "titanicarus/lab").child("syd-web1")
    group.create()
    assert all((tmp_path / name / "titanicarus/lab/syd-web1").is_dir() for name in ("systemd", "freezer", "memory"))
    assert group.join_files()[0].name == "cgroup.procs"
    assert Group(v1, "titanicarus/lab").children() == ("syd-web1",)


def test_processes_are_those_of_all_hierarchies_and_depths(v1: Hierarchies, tmp_path: Path) -> None:
    group = Group(v1, "titanicarus/lab")
    group.child("a").create()
    (tmp_path / "freezer/titanicarus/lab/a/cgroup.procs").write_text("12\n7\n")
    (tmp_path / "systemd/titanicarus/lab/cgroup.procs").write_text("0\n3\n")
    assert group.processes() == (3, 7, 12)


def test_removing_a_group_takes_what_is_below(v2: Hierarchies, tmp_path: Path) -> None:
    group = Group(v2, "titanicarus/lab")
    (tmp_path / "titanicarus/lab/a/payload/init.scope").mkdir(parents=True)
    group.remove()
    assert not group.exists()


def test_a_group_that_cannot_be_removed_is_an_error(v2: Hierarchies, tmp_path: Path) -> None:
    group = Group(v2, "titanicarus/lab")
    group.create()
    (tmp_path / "titanicarus/lab/cgroup.procs").write_text("4242\n")
    with pytest.raises(LabError, match="4242"):
        group.remove(timeout=0.05)


def test_frozen_is_read_from_the_freezer_of_either_version(v1: Hierarchies, v2: Hierarchies, tmp_path: Path) -> None:
    old, new = Group(v1, "x"), Group(v2, "y")
    old.create()
    new.create()
    for state, frozen in (("THAWED", False), ("FROZEN", True), ("FREEZING", True)):
        (tmp_path / "freezer/x/freezer.state").write_text(f"{state}\n")
        assert old.frozen() is frozen
    for number, frozen in ((0, False), (1, True)):
        (tmp_path / "y/cgroup.events").write_text(f"populated 1\nfrozen {number}\n")
        assert new.frozen() is frozen


class Reluctant(Group):
    """A group in whose hierarchy somebody waits for a file system that stands still: so often it does not freeze."""

    refusals = 1

    def _order(self, *, frozen: bool) -> None:
        state = "THAWED"
        if frozen:
            state = "FREEZING" if Reluctant.refusals else "FROZEN"
            Reluctant.refusals -= bool(Reluctant.refusals)
        (self.held / "freezer.state").write_text(f"{state}\n")


def test_who_waits_for_a_file_system_that_stands_still_is_let_go_on_and_frozen_again(
    v1: Hierarchies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroup, "ATTEMPT_SECONDS", 0.05)
    group = Reluctant(v1, "x")
    group.create()
    Reluctant.refusals = 2
    group.freeze()
    assert (group.held / "freezer.state").read_text() == "FROZEN\n"
    Reluctant.refusals = 10**6
    with pytest.raises(LabError, match=r"did not become frozen within 0\.2 s"):
        group.freeze(timeout=0.2)


def test_memory_is_counted_without_the_page_cache(v1: Hierarchies, v2: Hierarchies, tmp_path: Path) -> None:
    old, new = Group(v1, "x"), Group(v2, "y")
    assert old.memory_bytes() is None
    old.create()
    new.create()
    (tmp_path / "memory/x/memory.stat").write_text("cache 900\nrss 1\ntotal_rss 100\ntotal_shmem 20\n")
    (tmp_path / "y/memory.stat").write_text("anon 100\nfile 900\nshmem 20\nkernel_stack 3\nslab_unreclaimable 4\n")
    assert (old.memory_bytes(), new.memory_bytes()) == (120, 127)


def test_no_control_groups_is_an_error() -> None:
    with pytest.raises(LabError, match="cgroup2"):
        _ = Hierarchies(None, None, None, None).holding


def test_waiting_asks_at_least_once_and_ends() -> None:
    asked: list[int] = []
    assert wait_until(lambda: not asked.append(1), 0)
    assert not wait_until(lambda: False, 0.01, poll=0.001)
    assert asked == [1]
