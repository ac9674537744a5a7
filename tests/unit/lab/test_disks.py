"""Disks of database hosts: what can be seen of them without root; the rest is in tests/lab/test_disks.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from titanicarus.fleet import Fleet
from titanicarus.lab import Lab, LabError
from titanicarus.lab.disks import DATABASES, Disk, loops_below


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    """A disk that was never made."""
    return Disk(tmp_path / "disk.img", tmp_path / "root" / DATABASES)


def test_hosts_with_databases_have_one_and_no_others(fleet: Fleet, tmp_path: Path) -> None:
    lab = Lab("unit-test-never-up", fleet, tmp_path, disk_mib=128)
    with_disk = {host for host in lab.ids if lab.host(host).disk is not None}
    assert with_disk == {host.id for host in fleet.hosts if "db" in host.roles}
    found = lab.host("syd-db1").disk
    assert found == Disk(
        lab.layout.host("syd-db1").home / "disk.img", lab.layout.host("syd-db1").root / "srv/mariadb", 128
    )


def test_what_is_not_mounted_cannot_be_broken(disk: Disk) -> None:
    for fault in (disk.freeze, disk.thaw, disk.fill, disk.drain):
        with pytest.raises(LabError, match="no disk is mounted at"):
            fault()
    assert not disk.frozen
    assert not disk.filled
    disk.cut_power()  # a host that is off has none to lose


def test_a_disk_too_small_for_a_file_system_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="at least 64"):
        Disk(tmp_path / "disk.img", tmp_path / "root", 8)


def test_loop_devices_are_found_by_the_file_behind_them(tmp_path: Path) -> None:
    devices = tmp_path / "block"
    backing = {
        "loop0": "/labs/a/hosts/x/disk.img",
        "loop1": "/labs/a/hosts/y/disk.img (deleted)",
        "loop2": "/labs/ab/disk.img",
    }
    for name, file in backing.items():
        (devices / name / "loop").mkdir(parents=True)
        (devices / name / "loop/backing_file").write_text(f"{file}\n")
    (devices / "loop3").mkdir()
    (devices / "vda").mkdir()
    assert loops_below(Path("/labs/a"), devices) == ("loop0", "loop1")
    assert loops_below(Path("/labs/a/hosts/x/disk.img"), devices) == ("loop0",)
