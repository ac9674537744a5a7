"""`saguire db` as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from fixtures.control_plane import ROOT
from fixtures.keepers_at_hand import Hosts, facts, owner
from typer.testing import CliRunner

from titanicarus.cli import database_commands
from titanicarus.cli.app import app
from titanicarus.fleet import load
from titanicarus.operations import OperationFailed


class Fake(Hosts):
    fleet = load(ROOT).fleet


@pytest.fixture
def hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    found = Fake(tmp_path)
    for host in ("mel-db1", "mel-db2", "per-db1", "per-db2", "syd-db1", "syd-db2"):
        found.say(host, syd=owner() if host == "syd-db1" else facts())
    monkeypatch.setattr(database_commands, "resume", lambda _lab: SimpleNamespace(lab=found))
    return found


def run(*words: str, typed: str = "") -> str:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["db", *words], input=typed, catch_exceptions=False)
    return result.output


def test_status(hosts: Fake) -> None:
    hosts.off.add("per-db2")
    text = run("status", "syd")
    assert "syd-db2 (in sync)" in text
    assert "shard syd: per-db2: it is off" in text
    (shard,) = json.loads(run("status", "syd", "--json"))
    assert (shard["primary"], shard["epoch"], len(shard["copies"])) == ("syd-db1", 7, 6)


def test_an_override_asks_for_the_name(hosts: Fake) -> None:
    hosts.off |= {"syd-db1", "syd-db2"}
    with pytest.raises(OperationFailed, match="sid was typed, not syd: nothing was done"):
        run("override", "syd", "--on", "mel-db1", typed="sid\n")
    assert not (hosts.folder / "mel-db1" / "wishes.json").exists()
    hosts.on_wish = lambda host, _shard, wish: (
        hosts.say(host, syd=owner(epoch=8, owner=host)) if wish.override else None
    )
    text = run("override", "syd", "--on", "mel-db1", typed="syd\n")
    assert "What can be lost:" in text
    assert "mel-db1 is open, and has the lease in epoch 8" in text


def test_pause_and_resume(hosts: Fake) -> None:
    assert "syd-db1 takes no lease of syd" in run("pause", "syd")
    assert hosts.wishes("syd-db1")["syd"].paused
    hosts.off.add("mel-db1")
    assert "mel-db1 was not told: mel-db1 cannot be reached: it is off" in run("resume", "syd")
    assert hosts.wishes("syd-db1") == {}
