"""What `up` says of the first leases, and when it is content."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from titanicarus.fleet import Declaration, Fleet, load
from titanicarus.operations import leases
from titanicarus.operations.leases import give_leases
from titanicarus.transport import Unreachable

ROOT = Path(__file__).parents[3]


class Hosts:
    """Every host answers with `answer`; `aws` says whether there is an account."""

    def __init__(self, answer: str, *, aws: bool = True) -> None:
        self.answer = answer
        self.aws = aws
        self.asked: list[str] = []

    def reachable(self, _host: str) -> bool:
        return True

    def command(self, host_id: str, argv: Sequence[str]) -> list[str]:
        self.asked.append(" ".join(argv))
        if argv[0] == "test":
            return ["true"] if self.aws else ["false"]
        if not self.answer:
            raise Unreachable(host_id, "it is down")
        return ["echo", self.answer]


@pytest.fixture(autouse=True)
def master(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "pick_master", lambda *_: SimpleNamespace(host="syd-filer1"))


def told(hosts: Any, declaration: Declaration | None = None) -> tuple[bool, str]:
    said: list[str] = []
    return give_leases(hosts, declaration or load(ROOT), said.append), "\n".join(said)


def test_what_was_born_is_told_once() -> None:
    assert told(Hosts(json.dumps({"made_table": True, "born": ["syd/sql"]}))) == (
        True,
        "leases: syd/sql born in a new table of the witness",
    )
    assert told(Hosts(json.dumps({"made_table": False, "born": []}))) == (True, "")


def test_the_code_that_was_pushed_is_what_runs() -> None:
    hosts = Hosts(json.dumps({"made_table": False, "born": []}))
    told(hosts)
    assert "PYTHONPATH=/srv/titanicarus/current/tree/src" in hosts.asked[-1]
    assert hosts.asked[-1].endswith("-m titanicarus.control.birth --patience 300 syd-filer1")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (json.dumps({"refused": "ForeignItem: the item syd/sql has format 0"}), "syd-filer1: ForeignItem: the item"),
        ("", "syd-filer1 cannot be reached: it is down"),
        ("Traceback", "syd-filer1 could not look"),
    ],
)
def test_what_went_wrong_is_told_and_up_is_not_content(answer: str, sentence: str) -> None:
    well, said = told(Hosts(answer))
    assert not well
    assert sentence in said
    assert "nothing was changed" in said


def test_a_fleet_without_aws_or_without_databases_is_well() -> None:
    well, said = told(Hosts("", aws=False))
    assert well
    assert "docs/aws.md" in said
    fleet = load(ROOT).fleet
    islands = {
        name: island.model_copy(update={"hosts": {key: host for key, host in island.hosts.items() if key[:2] != "db"}})
        for name, island in fleet.islands.items()
    }
    bare = Declaration(Fleet(name="x", domain="x.example", islands=islands), (), load(ROOT).policy)
    assert told(Hosts("", aws=False), bare) == (True, "")
