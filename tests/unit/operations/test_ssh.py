"""An operator's way onto a host: through whose network, and whom the client believes."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fixtures.repository import Repository

from titanicarus import pki
from titanicarus.fleet import Fleet
from titanicarus.operations.errors import OperationFailed
from titanicarus.operations.ssh import known_hosts, ssh_options, way_in


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Repository(tmp_path / "repository").load().fleet


@pytest.mark.parametrize(
    ("down", "via"),
    [
        (set(), "syd-store1"),
        ({"syd-store1"}, "syd-store2"),
        ({"syd-store1", "syd-store2"}, "syd-fw1"),
    ],
)
def test_another_host_of_the_island_is_the_way(fleet: Fleet, down: set[str], via: str) -> None:
    assert way_in(fleet, fleet.host("syd-web1"), lambda host: host not in down) == via


def test_without_the_island_a_control_host_elsewhere_and_at_last_the_host_itself(fleet: Fleet) -> None:
    host = fleet.host("syd-web1")
    assert way_in(fleet, host, lambda name: name == "syd-web1" or name.startswith("mel-")) == "mel-store1"
    assert way_in(fleet, host, lambda name: name == "syd-web1") == "syd-web1"


def test_a_host_that_is_down_has_no_way_in(fleet: Fleet) -> None:
    with pytest.raises(OperationFailed, match="syd-web1 is down"):
        way_in(fleet, fleet.host("syd-web1"), lambda name: name != "syd-web1")


def test_the_client_believes_each_authority_for_its_island_only(fleet: Fleet, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    root = pki.make_root("sample", now)
    islands = {name: pki.make_island(root, "sample", name, now) for name in fleet.islands}
    path = tmp_path / "known_hosts"
    path.write_text(known_hosts(fleet, islands))
    for name, island in (("10.72.1.21", "syd"), ("web1.mel.sample.example", "mel")):
        done = subprocess.run(["ssh-keygen", "-F", name, "-f", str(path)], capture_output=True, text=True, check=True)
        lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
        assert [line.split()[2:4] for line in lines] == [
            pki.public_line(pki.host_authority(islands[island]).public_key()).split()
        ]


def test_ssh_itself_takes_the_options(tmp_path: Path) -> None:
    done = subprocess.run(
        ["ssh", "-G", *ssh_options(tmp_path), "root@10.72.1.21"], capture_output=True, text=True, check=True
    )
    taken = dict(line.partition(" ")[::2] for line in done.stdout.splitlines())
    assert taken["stricthostkeychecking"] in {"true", "yes"}
    assert taken["userknownhostsfile"] == "none"
    assert taken["globalknownhostsfile"] == str(tmp_path / "known_hosts")
