"""Each reason for which a machine cannot carry the lab is one clear sentence."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from titanicarus.fleet import Fleet
from titanicarus.lab.cgroup import Hierarchies
from titanicarus.lab.preflight import Machine, judge, memory_needed

GIB = 1 << 30
GOOD = Machine(
    root=True,
    linux=True,
    missing_packages=(),
    apt=True,
    disk_free=50 * GIB,
    disk_where=Path("/var/lib"),
    memory_available=20 * GIB,
    networks={"address 192.168.1.5 of eth0": IPv4Network("192.168.1.0/24"), "default": IPv4Network("0.0.0.0/0")},
    filesystems=frozenset({"overlay", "tmpfs", "ext4"}),
    namespaces=frozenset({"cgroup", "ipc", "mnt", "net", "pid", "uts", "user"}),
    groups=Hierarchies(Path("/sys/fs/cgroup"), None, None, None),
)
NO_GROUPS = Hierarchies(None, None, None, None)


def test_a_good_machine_has_nothing_against_it(fleet: Fleet) -> None:
    assert judge(GOOD, fleet, image_built=False, running=False) == []


def test_a_fresh_machine_that_apt_can_complete_is_good(fleet: Fleet) -> None:
    assert judge(replace(GOOD, missing_packages=("mmdebstrap",)), fleet, image_built=False, running=False) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"root": False}, "sudo ./saguire up"),
        (
            {"missing_packages": ("mmdebstrap", "systemd-container"), "apt": False},
            "lacks mmdebstrap, systemd-container",
        ),
        ({"disk_free": 2 * GIB}, "needs 6 GiB of disk at /var/lib and 2.0 GiB"),
        ({"memory_available": 2 * GIB}, "2.0 GiB are available"),
        ({"filesystems": frozenset({"tmpfs"})}, "no overlay file system"),
        ({"namespaces": frozenset({"mnt"})}, "no net namespaces"),
        ({"groups": NO_GROUPS}, "No control groups"),
        ({"groups": replace(NO_GROUPS, systemd=Path("/x"))}, "cannot freeze"),
        (
            {"networks": {"address 10.71.1.7 of eth0": IPv4Network("10.71.0.0/16")}},
            "clashes with this machine's address 10.71",
        ),
        ({"networks": {"route to 198.18.100.0/24": IPv4Network("198.18.100.0/24")}}, "198.18.100.0/24 clashes"),
    ],
)
def test_each_lack_is_told(fleet: Fleet, change: dict[str, object], said: str) -> None:
    problems = judge(replace(GOOD, **change), fleet, image_built=False, running=False)  # type: ignore[arg-type]
    assert any(said in problem for problem in problems), problems
    assert all(problem.endswith((".", ")")) and "\n" not in problem for problem in problems)


def test_a_running_lab_has_its_room_already(fleet: Fleet) -> None:
    tight = replace(GOOD, disk_free=GIB, memory_available=GIB)
    assert len(judge(tight, fleet, image_built=True, running=False)) == 2
    assert judge(tight, fleet, image_built=True, running=True) == []


def test_memory_grows_with_the_fleet_and_stays_within_what_is_promised(fleet: Fleet, small: Fleet) -> None:
    assert memory_needed(small) < memory_needed(fleet) <= 10 * GIB


def test_this_machine_can_be_looked_at() -> None:
    machine = Machine.look()
    assert machine.linux
    assert machine.memory_available > 0
    assert "mnt" in machine.namespaces
