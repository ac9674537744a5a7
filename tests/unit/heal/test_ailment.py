"""Parts of hosts: what is worth saying, what is believed, and what follows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from titanicarus.heal.ailment import Ailment, Kind, Outcome, Trouble, decide, parse, restored, said_ill, step
from titanicarus.heal.case import Question, Verdict
from titanicarus.heal.holds import Hold
from titanicarus.heal.report import BadReport

NOW = 1_800_000_000.0
ILL = Ailment("syd-db1", Kind.ILL, "database mel", 320.0, 16, True, "is down")
CASE = Trouble(
    ILL,
    "syd",
    NOW,
    patience=300.0,
    shards=frozenset({"mel", "syd"}),
    views={"database mel": "database down", "disk /": ""},
)
WELL = replace(CASE, heard=replace(ILL, kind=Kind.WELL), standing="1", views={"database mel": ""})


def hold(scope: str) -> tuple[Hold, ...]:
    return (Hold(scope, NOW - 600, NOW + 3600, "anna@desk", "new disk"),)


@pytest.mark.parametrize(
    ("case", "verdict", "question", "words"),
    [
        (CASE, "escalate", 7, "syd-db1: database mel database down, for 5 min or more: what looks after"),
        (replace(CASE, holds=hold("syd-db1")), "refuse", 1, "is left alone: maintenance of syd-db1 by anna@desk"),
        (replace(CASE, holds=hold("syd")), "refuse", 1, "is left alone: maintenance of syd"),
        (replace(CASE, holds=hold("*")), "refuse", 1, "is left alone: a pause of all healing"),
        (replace(CASE, holds=hold("mel")), "escalate", 7, "database down"),
        (replace(WELL, holds=hold("*")), "done", 4, "is well"),
        (replace(CASE, island=None), "refuse", 2, "is of no host of this fleet"),
        (replace(CASE, heard=replace(ILL, part="database per")), "refuse", 2, "is no part that a host of this fleet"),
        (replace(CASE, heard=replace(ILL, part="teapot")), "refuse", 2, "teapot is no part"),
        (replace(CASE, told=8), "leave", 2, "is one of many: 8 parts of this host were looked into of late"),
        (replace(CASE, told=8, standing="1"), "leave", 4, "is still ill"),
        (replace(WELL, told=8), "done", 4, "is well"),
        (replace(CASE, waited=31.0), "refuse", 2, "was reported 31 s ago"),
        (replace(CASE, heard=replace(ILL, kind=Kind.UNKNOWN, part="*", why="no file")), "refuse", 3,
         "what it has of parts cannot be looked at: no file; unknown is not ill"),
        (replace(CASE, heard=replace(ILL, looks=1)), "leave", 3, "once only"),
        (replace(CASE, heard=replace(ILL, seconds=100.0)), "leave", 3, "is ill for 2 min: it has 5 min to come right"),
        (replace(CASE, heard=replace(ILL, seconds=100.0), patience=0.0), "escalate", 7, "for 2 min or more"),
        (replace(CASE, standing="1"), "leave", 4, "is still ill, as incident 1 says"),
        (replace(CASE, heard=replace(ILL, seconds=9.0), standing="1"), "leave", 4, "is still ill"),
        (replace(CASE, views=None), "look", 4, "is ill: look again"),
        (replace(CASE, views="its minion gave no answer"), "refuse", 4, "gave no answer; unknown is not ill"),
        (replace(CASE, views={"database mel": ""}), "leave", 4, "is well"),
        (replace(CASE, views={"disk /": ""}), "leave", 4, "is none of its parts any more"),
        (WELL, "done", 4, "syd-db1: database mel is well"),
        (replace(WELL, views={}), "done", 4, "is none of its parts any more"),
        (replace(WELL, views=None), "look", 4, "is well: look again"),
        (replace(WELL, views={"database mel": "is down"}), "refuse", 4, "is said to be well, and is not: is down"),
        (replace(WELL, views="no answer"), "refuse", 4, "no answer"),
        (replace(WELL, standing=""), "leave", 4, "nobody was told that it was not"),
    ],
)  # fmt: skip
def test_decisions(case: Trouble, verdict: str, question: int, words: str) -> None:
    decision = decide(case)
    assert (decision.verdict, decision.question) == (Verdict(verdict), Question(question))
    assert words in decision.sentence
    assert len(decision.passed) == question - 1


def said(looks: list[dict[str, str] | None]) -> list[list[tuple[str, str, str]]]:
    """What is said at each look, 20 s apart."""
    memory, every = Outcome(), []
    for number, parts in enumerate(looks):
        memory, events = step(memory, parts, 20.0 * number, "no file" if parts is None else "")
        every.append([(one["tag"], one["part"], one["why"]) for one in events])
    return every


def test_news_are_changes_and_what_is_ill_is_said_again() -> None:
    fine, ill = {"disk /": "", "brick syd": ""}, {"disk /": "is full", "brick syd": ""}
    news = said([fine, fine, ill, ill, ill, ill, ill, fine, fine, fine])
    told = [("ill", "disk /", "is full")]
    assert news == [[], [], [], told, [], [], told, [], [("well", "disk /", "")], []]


def test_what_was_said_before_the_minion_was_started_is_taken_back() -> None:
    memory = restored(["disk /", "mount syd"], 0.0)
    assert said_ill(memory) == ["disk /", "mount syd"]
    memory, events = step(memory, {"disk /": ""}, 5.0)
    assert events == []
    memory, events = step(memory, {"disk /": ""}, 25.0)
    assert sorted((one["tag"], one["part"]) for one in events) == [("well", "disk /"), ("well", "mount syd")]
    assert said_ill(memory) == []
    _, events = step(restored(["disk /"], 440.0), {"disk /": "is full"}, 500.0)
    assert [(one["tag"], one["again"], one["seconds"]) for one in events] == [("ill", True, 60.0)]


def test_a_look_that_could_not_be_made_is_said_and_accuses_nothing() -> None:
    fine = {"disk /": ""}
    assert said([fine, None, None, None, fine, fine]) == [[], [], [("unknown", "*", "no file")], [], [], []]


def test_what_was_ill_from_the_beginning_was_never_seen_well() -> None:
    memory, _ = step(Outcome(), {"disk /": "is full"}, 0.0)
    memory, (event,) = step(memory, {"disk /": "is full"}, 20.0)
    assert event["seen"] is False
    for at in (40.0, 60.0):
        memory, _ = step(memory, {"disk /": ""}, at)
    for at in (80.0, 100.0):
        memory, events = step(memory, {"disk /": "is full"}, at)
    assert events[0]["seen"] is True


GOOD = {"id": "syd-db1", "part": "database mel", "seconds": 320, "looks": 16, "seen": True, "why": "is down"}
TAG = "salt/beacon/syd-db1/parts/ill"


def test_a_report_is_taken_apart() -> None:
    assert parse(TAG, GOOD) == ILL
    assert parse(TAG, GOOD).subject == "syd-db1/database mel"
    lost = parse("salt/beacon/syd-db1/parts/unknown", {**GOOD, "part": "*", "why": "x" * 900})
    assert (lost.subject, len(lost.why)) == ("syd-db1/parts", 200)


@pytest.mark.parametrize(
    ("tag", "changes"),
    [
        ("salt/beacon/syd-db1/parts/eaten", {}),
        ("salt/beacon/syd-db2/parts/ill", {}),
        (TAG, {"part": "*"}),
        ("salt/beacon/syd-db1/parts/unknown", {}),
        (TAG, {"part": "database mel; rm"}),
        (TAG, {"part": "x" * 300}),
        (TAG, {"part": 7}),
        (TAG, {"seconds": -1}),
        (TAG, {"seconds": float("inf")}),
        (TAG, {"looks": "many"}),
    ],
)
def test_what_nobody_may_say(tag: str, changes: dict[str, Any]) -> None:
    with pytest.raises(BadReport):
        parse(tag, GOOD | changes)
