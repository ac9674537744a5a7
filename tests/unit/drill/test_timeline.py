"""Instants from what daemons and healers wrote down; the lines are from a lab."""

from __future__ import annotations

import json

import pytest
from fixtures.drill_world import UNIX, incident

from titanicarus.drill.contract import Ruler
from titanicarus.drill.felt import Felt, Tenure
from titanicarus.drill.journal import lines
from titanicarus.drill.rows import Watch
from titanicarus.drill.timeline import (
    Line,
    Mark,
    Stage,
    concerning,
    first,
    marks_of_epochs,
    marks_of_incident,
    marks_of_logs,
)

SAID = [
    ("keepalived.service", "Thu Nov 26 15:03:47 2026: (island) Entering MASTER STATE", Stage.ACTED),
    ("keepalived.service", "Thu Nov  5 15:03:47 2026: (gateway) Entering MASTER STATE", Stage.ACTED),
    ("haproxy.service", "Server web/web1 is DOWN, reason: Layer4 timeout, check duration: 1001ms. 1 active and 0 backup"
     " servers left. 0 sessions active, 0 requeued, 0 remaining in queue.", Stage.DETECTED),
    ("haproxy.service", "Server sftp/web1 is UP via web/web1. 1 active and 0 backup servers online.", Stage.RECOVERED),
    ("titanicarus-keeper.service", "syd: takes the item: syd-db1 was silent for 6.5 s", Stage.DECIDED),
    ("titanicarus-keeper.service", "syd: is open in epoch 2, without a standby", Stage.ACTED),
    ("titanicarus-keeper.service", "routes: syd: nobody is the writer: of those that are heard, none is open"
     " (syd-db1 fell silent)", Stage.DETECTED),
    ("titanicarus-keeper.service", "routes: syd: syd-db2 is the writer in epoch 2", Stage.ACTED),
    ("titanicarus-keeper.service", "routes: the keeper of syd-db1 is heard again", Stage.RECOVERED),
    ("titanicarus-keeper.service", "island: in service", Stage.RECOVERED),
    ("titanicarus-keeper.service", "witness: answers again", Stage.RECOVERED),
    ("titanicarus-files.service", "/srv/files/syd fails: no brick, or too few of them, can be reached", Stage.DETECTED),
    ("titanicarus-join.service", "applying all states from syd-filer1", Stage.ACTED),
]  # fmt: skip
NOISE = [
    ("keepalived.service", "Thu Nov 26 15:03:46 2026: (gateway) Entering BACKUP STATE (init)"),
    ("haproxy.service", "10.71.1.21:46332 sql_syd_in - <NOSRV> -1/-1/0 0 PR 1/0/0/0"),
    ("haproxy.service", "[WARNING]  (509) : Server sftp/web1 is UP via web/web1. 1 active and 0 backup"),
    ("titanicarus-keeper.service", "per: stands by for per-db1, which renews"),
    ("nginx.service", "syd: takes the item: syd-db1 was silent for 6.5 s"),
]


@pytest.mark.parametrize(("unit", "text", "stage"), SAID)
def test_what_belongs_to_the_story(unit: str, text: str, stage: Stage) -> None:
    (mark,) = marks_of_logs([Line(5.0, "syd-lb1", unit, text)])
    assert (mark.stage, mark.who, mark.at) == (stage, "syd-lb1", 5.0)
    assert "2026" not in mark.text and "active and" not in mark.text


@pytest.mark.parametrize(("unit", "text"), NOISE)
def test_what_does_not(unit: str, text: str) -> None:
    assert marks_of_logs([Line(5.0, "syd-lb1", unit, text)]) == []


def test_what_several_say_at_once_is_told_once() -> None:
    text = "routes: syd: syd-db2 is the writer in epoch 2"
    said = [Line(at, host, "titanicarus-keeper.service", text) for at, host in ((5.2, "b"), (5.0, "a"), (60.0, "c"))]
    assert [(mark.at, mark.who) for mark in marks_of_logs(said)] == [(5.0, "a"), (60.0, "c")]


def test_an_incident_from_its_ledger() -> None:
    marks = list(marks_of_incident(incident(100.0, "syd-web1"), UNIX))
    assert [mark.stage for mark in marks] == [Stage.DETECTED, Stage.DECIDED, Stage.ACTED, Stage.RECOVERED]
    assert [round(mark.at, 1) for mark in marks] == [100.0, 101.0, 101.5, 103.0]
    assert marks[2].text == "start nginx.service of syd-web1"
    given_up = list(marks_of_incident(incident(100.0, "syd-web1", result="escalated"), UNIX))
    assert given_up[-1].stage is Stage.DECIDED


def test_a_new_epoch_as_clients_saw_it() -> None:
    watch = Watch(Ruler.SQL, "syd", ("syd",))
    felt = Felt(watch, 0.0, 9.0, (), tenures=(Tenure(1, 0.0, 4.0), Tenure(2, 6.0, 9.0), Tenure(3, float("inf"), 9.0)))
    assert [(mark.at, mark.text) for mark in marks_of_epochs(felt, 3.0)] == [(6.0, "first write of epoch 2")]


def test_only_what_concerns_an_island_is_told() -> None:
    said = [("syd-lb1", "x"), ("mel-lb1", "Server island_syd/vpn is DOWN"), ("mel-lb1", "the keeper of mel-db1"),
            ("drill", "all tunnels are cut"), ("writes to syd from syd", "first write")]  # fmt: skip
    marks = [Mark(1.0, Stage.ACTED, who, text) for who, text in said]
    assert concerning(marks, {"syd"}) == [marks[0], marks[1], marks[3], marks[4]]
    assert concerning(marks, {"per"}) == [marks[3]]
    assert concerning(marks, ()) == [marks[3]]


def test_the_first_of_a_stage() -> None:
    marks = [Mark(at, Stage.ACTED, "syd-lb2", "x") for at in (1.0, 5.0, 3.0)]
    assert first(marks, Stage.ACTED, 2.0) == marks[2]
    assert first(marks, Stage.DECIDED, 0.0) is None


def test_lines_of_a_journal() -> None:
    row = {"MESSAGE": "x", "_SYSTEMD_UNIT": "haproxy.service", "__MONOTONIC_TIMESTAMP": "581978915"}
    text = "\n".join([json.dumps(row), '{"MESSAGE": [1, 2], "__MONOTONIC_TIMESTAMP": "1"}', '{"MESSAGE": "ha'])
    (line,) = lines(text, "syd-lb1")
    assert line == Line(581.978915, "syd-lb1", "haproxy.service", "x")
