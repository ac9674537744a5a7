"""Decisions about islands that were taken out and answer again: what is known in, verdict and sentence out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from titanicarus.heal.case import Action, Attempt, Outcome, Question, Verdict
from titanicarus.heal.holds import Hold
from titanicarus.heal.reentry import Reentry, decide, patience
from titanicarus.heal.shares import Out

NOW = 1_800_000_000.0
OUT = Out("mel", "syd-store1", NOW - 600, under_way=False)
BUSY = Out("mel", "syd-store1", NOW - 600, last=NOW - 60, said_by="syd-store1")
NEEDS = {"db": ("mel-db1", "mel-db2"), "filer": ("mel-store1",), "web": ("mel-web1",)}
READY: dict[str, tuple[str, ...]] = {"mel-db1": (), "mel-db2": (), "mel-store1": (), "mel-web1": ()}
BEHIND = {**READY, "mel-db1": ("database mel is 40 s behind",)}
NO_FILES = {host: words for host, words in READY.items() if host != "mel-store1"}
ONE_DB = {host: words for host, words in READY.items() if host != "mel-db2"}
MANY = {host: (f"{host} is booting",) for host in READY}
WELL = Reentry("mel", OUT, NOW, state="up", well_for=30.0, needs=NEEDS, answers=READY)
DONE = Attempt(Action.BRING_BACK, Outcome.DONE)
FAILED = Attempt(Action.BRING_BACK, Outcome.REFUSED, "AWS is silent")


def hold(scope: str) -> tuple[Hold, ...]:
    return (Hold(scope, NOW - 600, NOW + 3600, "anna@desk", "new rack"),)


@pytest.mark.parametrize(
    ("case", "verdict", "question", "words"),
    [
        (WELL, "act", 7, "mel is well, and its hosts are ready: it gets its share of new users back"),
        (replace(WELL, holds=hold("mel")), "refuse", 1, "mel stays out: maintenance of mel by anna@desk for another"),
        (replace(WELL, holds=hold("*")), "refuse", 1, "mel stays out: a pause of all healing"),
        (replace(WELL, holds=hold("syd")), "act", 7, "is well"),
        (replace(WELL, holds=hold("mel"), by_hand=True), "act", 7, "is well"),
        (replace(WELL, out=None), "leave", 2, "mel has its share of new users: it is not out"),
        (replace(WELL, out=None, by_hand=True), "leave", 2, "it is not out"),
        (replace(WELL, state=None), "leave", 3, "gives no answer over the internet"),
        (replace(WELL, state="held"), "leave", 3, 'its own health check says "held"'),
        (replace(WELL, state="drained", by_hand=True), "leave", 3, 'its own health check says "drained"'),
        (replace(WELL, well_for=10.0), "leave", 4, "mel has to be well for another 20 s"),
        (replace(WELL, well_for=10.0, by_hand=True), "act", 7, "is well"),
        (replace(WELL, turn=2, well_for=60.0), "leave", 4, "for another 30 s"),
        (replace(WELL, turn=2, well_for=90.0), "act", 7, "is well"),
        (replace(WELL, out=replace(OUT, times=3)), "leave", 4, "90 s, for it was taken out 3 times within an hour"),
        (replace(WELL, out=replace(OUT, times=3), well_for=120.0), "act", 7, "is well"),
        (replace(WELL, failed_for=200.0), "leave", 5, "not be brought back a while ago; it is tried again in 2 min"),
        (replace(WELL, failed_for=300.0), "act", 7, "is well"),
        (replace(WELL, answers=None), "look", 7, "ask its hosts"),
        (replace(WELL, answers=BEHIND), "refuse", 7, "mel stays out: mel-db1 database mel is 40 s behind"),
        (replace(WELL, answers=NO_FILES), "refuse", 7, "mel stays out: no filer host gave an answer"),
        (replace(WELL, answers=ONE_DB), "act", 7, "its hosts are ready, though mel-db2 gave no answer: it gets"),
        (replace(WELL, answers=MANY), "refuse", 7, ", and 1 more"),
        (replace(WELL, answers=BEHIND, well_for=1799.0), "refuse", 7, "stays out"),
        (replace(WELL, answers=BEHIND, well_for=1800.0), "escalate", 7, "its health check is green for 30 min"),
        (replace(WELL, answers=BEHIND, well_for=1919.0, turn=1), "refuse", 7, "stays out"),
        (replace(WELL, answers=BEHIND, well_for=1920.0, turn=1), "escalate", 7, "its health check is green for 32 min"),
        (replace(WELL, answers=BEHIND, well_for=1800.0, by_hand=True), "refuse", 7, "stays out"),
        (replace(WELL, out=BUSY, me="per-store1"), "leave", 6, "is being seen to by syd-store1"),
        (replace(WELL, out=BUSY, me="per-store1", by_hand=True), "act", 7, "is well"),
        (replace(WELL, out=BUSY, me="syd-store1"), "act", 7, "is well"),
        (replace(WELL, out=replace(BUSY, under_way=False), me="per-store1"), "act", 7, "is well"),
        (replace(WELL, out=replace(BUSY, last=NOW - 900), me="per-store1"), "act", 7, "is well"),
        (replace(WELL, answers={}), "refuse", 7, "no db host gave an answer; no filer host gave an answer; no web"),
        (replace(WELL, answers=BEHIND, by_hand=True), "refuse", 7, "stays out"),
        (replace(WELL, attempt=DONE), "done", 7, "mel has its share of new users again"),
        (replace(WELL, attempt=FAILED), "escalate", 7, "mel is well, and Route53 could not be told so: AWS is silent"),
    ],
)  # fmt: skip
def test_decisions(case: Reentry, verdict: str, question: int, words: str) -> None:
    decision = decide(case)
    assert (decision.verdict, decision.question) == (Verdict(verdict), Question(question))
    assert words in decision.sentence
    assert decision.sentence.startswith("mel ")
    assert len(decision.passed) == question - 1
    assert (decision.action is Action.BRING_BACK) is (decision.verdict is Verdict.ACT)


def test_who_goes_away_often_waits_longer_up_to_ten_minutes() -> None:
    assert [patience(times) for times in (1, 2, 3, 6, 60)] == [30.0, 60.0, 120.0, 600.0, 600.0]
