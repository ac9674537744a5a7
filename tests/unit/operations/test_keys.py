"""What hosts say of their certificates: real answers of the program, hosts that are silent, hosts that fail."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fixtures.repository import Repository

from titanicarus.control import secrets
from titanicarus.fleet import Fleet
from titanicarus.keys.here import SSH_FILE
from titanicarus.operations import keys
from titanicarus.transport import Unreachable


class Hosts:
    """Each runs the real program on what this machine has, which is nothing; some are off, some fail."""

    def __init__(self, off: Sequence[str] = (), failing: Sequence[str] = ()) -> None:
        self.off, self.failing = off, failing

    def command(self, host_id: str, argv: Sequence[str]) -> list[str]:
        if host_id in self.off:
            raise Unreachable(host_id, "it is off")
        if host_id in self.failing:
            return [sys.executable, "-c", "raise SystemExit('no such module')"]
        return [sys.executable, *argv[1:]]

    def reachable(self, host_id: str) -> bool:
        return host_id not in self.off


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Repository(tmp_path / "repository").load().fleet


def test_hosts_that_give_no_answer_are_named_and_those_that_lack_files_too(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(keys.__file__).parents[2]))
    found, silent, problems = keys.ask(Hosts(off=["syd-web1"], failing=["mel-web1"]), fleet)
    assert silent == {"syd-web1": "it is off", "mel-web1": "no such module"}
    assert set(found) == {host.id for host in fleet.hosts} - set(silent)
    assert any(words.startswith(f"syd-lb1: /{SSH_FILE} is missing") for words in problems)


def test_the_authorities_are_told_with_their_ends(fleet: Fleet, tmp_path: Path) -> None:
    born = secrets.birth(fleet, tmp_path / "secrets")
    rows = keys.authorities(born, datetime.now(UTC).timestamp())
    assert [(row.kind, row.name) for row in rows] == [("root CA", "root"), ("island CA", "mel"), ("island CA", "syd")]
    assert all(row.well for row in rows)
    assert rows[0].ends > rows[1].ends > datetime.now(UTC).timestamp()
