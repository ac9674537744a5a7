"""Disks of database hosts lose power, stand still, are full, and leave nothing behind. A lab of its own, one host."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from lab.running import ROOT, Show, until

from titanicarus.fleet import load
from titanicarus.lab import Lab, LabError
from titanicarus.lab.disks import loops_below
from titanicarus.transport import CommandFailed, run

HOST = "syd-a1"
PLACE = "/srv/mariadb"


def name_only(host: str, root: Path) -> None:
    """The first files of a host that needs no Salt."""
    (root / "etc/hostname").write_text(f"{host}\n")


@pytest.fixture
def lab() -> Iterator[Lab]:
    """One host with a disk of 128 MiB."""
    if os.geteuid() != 0:
        pytest.fail("the lab needs root: run `sudo ./saguire test`")
    made = Lab("lab-disks", load(ROOT, ROOT / "examples/small.saguirefile").fleet, disk_mib=128)
    made.down()
    made.boot([HOST], name_only)
    yield made
    made.down()
    assert made.leftovers() == ()
    assert loops_below(made.layout.home) == ()
    shutil.rmtree(made.layout.home)


def inside(lab: Lab, program: str) -> str:
    return run(lab, HOST, ["python3", "-c", f"import os\nos.chdir({PLACE!r})\n{program}"], timeout=20).stdout.decode()


def writing(lab: Lab) -> subprocess.Popen[bytes]:
    """Somebody who writes and syncs, and says so each time."""
    program = f"import os\nf = os.open('{PLACE}/busy', os.O_CREAT | os.O_WRONLY)\nwhile True:\n"
    program += " os.pwrite(f, b'x', 0)\n os.fsync(f)\n print('.', flush=True)"
    return subprocess.Popen(lab.command(HOST, ["python3", "-c", program]), stdout=subprocess.PIPE)


@pytest.mark.timeout(300)
def test_a_power_cut_keeps_what_was_synced_and_loses_what_was_not(lab: Lab, show: Show) -> None:
    inside(lab, "f = os.open('synced', os.O_CREAT | os.O_WRONLY); os.write(f, b'x' * 5000); os.fsync(f)")
    inside(
        lab, "f = os.open('synced', os.O_APPEND | os.O_WRONLY); os.write(f, b'y' * 5000); open('new', 'w').write('z')"
    )
    began = monotonic()
    lab.kill(HOST)
    show(f"a host with a disk: off after {monotonic() - began:.2f} s")
    assert loops_below(lab.layout.home) == ()
    lab.start(HOST)
    assert inside(lab, "print(os.path.getsize('synced'), os.path.exists('new'))") == "5000 False\n"


@pytest.mark.timeout(300)
def test_a_disk_that_stands_still_stops_writers_and_no_power_cut(lab: Lab) -> None:
    disk = lab.host(HOST).disk
    assert disk is not None
    busy = writing(lab)
    assert busy.stdout is not None
    assert busy.stdout.readline() == b".\n"
    disk.freeze()
    assert disk.frozen
    with pytest.raises(LabError, match="still"):
        disk.freeze()
    with pytest.raises(LabError, match="thaw it first"):
        disk.fill()
    disk.thaw()
    os.read(busy.stdout.fileno(), 65536)  # what was said before
    assert busy.stdout.readline() == b".\n"
    disk.freeze()
    lab.kill(HOST)
    busy.wait(10)
    lab.start(HOST)
    assert not disk.frozen
    inside(lab, "open('again', 'w').write('z')")
    disk.freeze()  # and so `down` finds it


@pytest.mark.timeout(300)
def test_a_full_disk_refuses_and_is_drained(lab: Lab) -> None:
    disk = lab.host(HOST).disk
    assert disk is not None
    assert disk.fill() > 64 << 20
    assert disk.filled
    with pytest.raises(CommandFailed, match="No space left"):
        inside(lab, "open('more', 'w').write('z' * 100000)")
    disk.drain()
    inside(lab, "open('more', 'w').write('z' * 100000)")
    with pytest.raises(LabError, match="was not filled"):
        disk.drain()


@pytest.mark.timeout(300)
def test_a_disk_is_gone_after_a_power_cut_and_down(lab: Lab) -> None:
    until("the mount", lambda: PLACE in run(lab, HOST, ["findmnt", "-no", "TARGET", PLACE]).stdout.decode(), 5)
    lab.kill(HOST)
    assert loops_below(lab.layout.home) == ()
