"""A lab that is not up, seen from outside: nothing here needs root or changes anything."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from titanicarus.fleet import Fleet
from titanicarus.lab import CLIENT, CLOUD, HostFailed, Lab, LabBusy, LabError, UnknownHost
from titanicarus.lab import layout as layout_module
from titanicarus.transport import Unreachable


@pytest.fixture
def lab(small: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A lab whose folders are temporary."""
    monkeypatch.setattr(layout_module, "_RUN_DIR", tmp_path / "run")
    yield Lab("unit-test-never-up", small, tmp_path / "state")
    assert not (tmp_path / "state/labs/unit-test-never-up/hosts").exists()


def test_hosts_are_those_of_the_fleet_and_the_client(lab: Lab, small: Fleet) -> None:
    assert lab.ids == (*(host.id for host in small.hosts), CLIENT, CLOUD)


def test_a_host_that_is_off_cannot_be_reached_and_says_why(lab: Lab) -> None:
    assert not lab.reachable("syd-a1")
    for ask in (lambda: lab.command("syd-a1", ["true"]), lambda: lab.shell_command("syd-a1")):
        with pytest.raises(Unreachable, match="syd-a1 is off"):
            ask()


def test_an_unknown_host_is_told_from_one_that_is_off(lab: Lab) -> None:
    with pytest.raises(UnknownHost, match="syd-a9"):
        lab.command("syd-a9", ["true"])
    with pytest.raises(LabError, match="no island nowhere"):
        lab.kill_island("nowhere")


def test_the_client_is_told_nothing_while_it_is_off(lab: Lab) -> None:
    with pytest.raises(Unreachable, match="saguire up"):
        lab.trust("a certificate")


def test_a_host_that_was_never_made_cannot_be_replaced(lab: Lab) -> None:
    with pytest.raises(HostFailed, match="losing its disks failed: it has no disk: `saguire up` makes one"):
        lab.replace("syd-a1", lambda host, disk: None)
    with pytest.raises(UnknownHost):
        lab.replace("syd-a9", lambda host, disk: None)


def test_freezing_needs_a_running_host(lab: Lab) -> None:
    for fault in (lab.freeze, lab.thaw):
        with pytest.raises(LabError, match="off"):
            fault("syd-a1")


def test_status_of_a_lab_that_was_never_up(lab: Lab) -> None:
    status = json.loads(json.dumps(lab.status().to_json()))
    assert {host["power"] for host in status["hosts"]} == {"absent"}
    assert status["memory_bytes"] == 0
    assert status["image"] is None
    assert lab.leftovers() == ()


def test_only_one_may_change_a_lab_at_a_time_and_the_other_learns_who_it_is(lab: Lab, small: Fleet) -> None:
    other = Lab(lab.name, small, lab.layout.state)
    with (
        lab.hold("up"),
        lab.hold("boot"),
        pytest.raises(LabBusy, match=f"`saguire up`.*{os.getpid()}"),
        other.hold("down"),
    ):
        pass
    with other.hold("down"):
        pass


def test_a_lock_that_a_down_took_away_holds_nobody_off(lab: Lab, small: Fleet) -> None:
    other = Lab(lab.name, small, lab.layout.state)
    with lab.hold("down"):
        (lab.layout.run / "lock").unlink()
        with other.hold("up"), pytest.raises(LabBusy), Lab(lab.name, small, lab.layout.state).hold("up"):
            pass
