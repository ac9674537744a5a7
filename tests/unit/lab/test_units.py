"""Units of a host stopped and killed from outside: real processes in folders that look like the kernel's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from titanicarus.lab import units
from titanicarus.lab.cgroup import Group, Hierarchies, wait_until
from titanicarus.lab.errors import LabError

UNIT = "titanicarus-keeper.service"


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """Something that runs until it is killed."""
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    yield child
    child.kill()
    child.wait()


@pytest.fixture
def group(tmp_path: Path, process: subprocess.Popen[bytes]) -> Group:
    """A host with one unit that has one process, in a group below the unit's."""
    found = Group(Hierarchies(tmp_path, None, None, None), "titanicarus/lab/syd-db1")
    below = found.held / "payload/system.slice" / UNIT / "worker"
    below.mkdir(parents=True)
    (below / "cgroup.procs").write_text(f"0\n{process.pid}\n")
    other = found.held / "payload/system.slice/titanicarus-keeper.service.d"
    other.mkdir()
    (other / "cgroup.procs").write_text("1\n")
    return found


def test_a_unit_is_stopped_goes_on_and_is_killed(group: Group, process: subprocess.Popen[bytes]) -> None:
    assert units.processes(group, "titanicarus-keeper") == (process.pid,)
    assert units.stopped(group) == ()
    units.stop(group, "titanicarus-keeper")
    units.stop(group, UNIT)  # no harm
    assert units.stopped(group) == (UNIT,)
    units.go_on(group, UNIT)
    assert units.stopped(group) == ()
    with pytest.raises(LabError, match="is not stopped"):
        units.go_on(group, UNIT)
    units.kill(group, UNIT)
    assert wait_until(lambda: process.poll() is not None, 5)


def test_a_unit_that_does_not_run_is_an_error(group: Group) -> None:
    for fault in (units.stop, units.go_on, units.kill):
        with pytest.raises(LabError, match=r"syd-db1 has no process of nginx\.service"):
            fault(group, "nginx")


@pytest.mark.parametrize(
    ("said", "meant"), [("nginx", "nginx.service"), ("a@b", "a@b.service"), ("x.mount", "x.mount")]
)
def test_names_of_units(said: str, meant: str) -> None:
    assert units.unit_name(said) == meant
