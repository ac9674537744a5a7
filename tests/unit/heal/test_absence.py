"""Decisions about hosts and islands that give no answer: what is known in, verdict and sentence out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from titanicarus.heal.absence import Absence, View, decide
from titanicarus.heal.case import Action, Attempt, Outcome, Question, Verdict
from titanicarus.heal.holds import Hold
from titanicarus.heal.presence import Kind, Sighting

NOW = 1_800_000_000.0
ASKED = ("syd-web1", "syd-web2", "mel", "per")
SILENT, THERE, BLIND = View(ASKED, ("syd-web2", "mel")), View(ASKED, ASKED), View(ASKED, ())
HOST = Absence(
    Sighting("syd-store1", Kind.LOST, "syd-web1", 16.0, 4),
    "syd",
    ("syd-store1", "syd-store2"),
    NOW,
    views={"syd-store1": SILENT, "syd-store2": SILENT},
)
ISLAND = Absence(
    Sighting("mel-store1", Kind.LOST, "syd", 20.0, 5),
    "syd",
    ("mel-store1", "mel-store2", "per-store1"),
    NOW,
    views={"mel-store1": View(("mel-web1", "syd", "per"), ("mel-web1", "per"))},
)

BACK = replace(
    HOST,
    heard=replace(HOST.heard, kind=Kind.BACK),
    standing="20261128-1200-abcd",
    views={"syd-store1": SILENT, "syd-store2": THERE},
)

TOLD = replace(ISLAND, shares=True, standing="1")
DONE, FAILED = Attempt(Action.TAKE_OUT, Outcome.DONE), Attempt(Action.TAKE_OUT, Outcome.FAILED, "AWS is silent")


def hold(scope: str) -> tuple[Hold, ...]:
    return (Hold(scope, NOW - 600, NOW + 3600, "anna@desk", "new disk"),)


def heard(**changes: Any) -> Sighting:
    return replace(HOST.heard, **changes)


@pytest.mark.parametrize(
    ("case", "verdict", "question", "words"),
    [
        (HOST, "escalate", 7, "syd-web1 gives no answer to syd-store1 and syd-store2, for 16 s or more: others there"
         " do; if it stays so, a blank machine can take its place (docs/control.md)"),
        (ISLAND, "escalate", 7, "syd gives no answer to mel-store1, for 20 s or more: neither by the tunnels nor by the"
         " internet; its users are led to other islands"),
        (replace(HOST, holds=hold("*")), "refuse", 1, "syd-web1 is not missed: a pause of all healing by anna@desk"),
        (replace(HOST, holds=hold("syd")), "refuse", 1, "maintenance of syd by anna@desk for another 60 min: new disk"),
        (replace(HOST, holds=hold("syd-web1")), "refuse", 1, "maintenance of syd-web1"),
        (replace(HOST, holds=hold("mel")), "escalate", 7, "gives no answer"),
        (replace(HOST, holds=hold("syd"), heard=heard(kind=Kind.BACK)), "leave", 4, "nobody was told"),
        (replace(BACK, views=None), "look", 4, "is back: look again"),
        (BACK, "done", 4, "syd-web1 answers syd-store2"),
        (replace(BACK, views={"syd-store1": SILENT}), "refuse", 4, "is said to be back by syd-store1, and nobody sees"),
        (replace(BACK, views={}), "refuse", 4, "says a word"),
        (replace(BACK, heard=heard(kind=Kind.BACK, observer="mel-web1")), "refuse", 2, "is not for mel-web1"),
        (replace(HOST, island=None), "refuse", 2, "is no host and no island of this fleet"),
        (replace(HOST, heard=heard(observer="mel-store1")), "refuse", 2, "is not for mel-store1 to look at"),
        (replace(HOST, waited=31.0), "refuse", 2, "was reported 31 s ago"),
        (replace(HOST, heard=heard(kind=Kind.UNKNOWN, about="*", why="no socket")), "refuse", 3,
         "syd-store1/view is not clear: no socket; unknown is not lost"),
        (replace(HOST, heard=heard(looks=3)), "leave", 3, "3 looks only"),
        (replace(HOST, patience=120.0), "leave", 3, "no answer for 16 s: it has 2 min to come back by itself"),
        (replace(HOST, patience=120.0, heard=heard(seconds=121.0)), "escalate", 7, "for 2 min or more"),
        (replace(HOST, patience=120.0, standing="1"), "leave", 4, "as incident 1 says"),
        (replace(HOST, standing="20261128-1200-abcd"), "leave", 4, "as incident 20261128-1200-abcd says"),
        (replace(HOST, views=None), "look", 4, "look again"),
        (replace(HOST, views={}), "refuse", 4, "nobody who could look at it says a word"),
        (replace(HOST, views={"syd-store1": SILENT, "syd-store2": THERE}), "leave", 4, "answers syd-store2"),
        (replace(HOST, views={"syd-store1": BLIND}), "refuse", 4, "is missed by syd-store1, and nobody like it"),
        (replace(HOST, views={"syd-store1": View(ASKED, ("mel", "per"))}), "refuse", 4, "nobody like it is seen"),
        (replace(ISLAND, views={"mel-store1": View(("mel-web1", "syd", "per"), ("mel-web1",))}), "refuse", 4, "nobody"),
        (replace(ISLAND, views={"mel-store1": View(("mel-web1", "syd"), ("mel-web1",))}), "escalate", 7, "no answer"),
        (replace(HOST, views={"syd-store1": BLIND, "syd-store2": SILENT}), "escalate", 7, "to syd-store2, for"),
        (replace(HOST, views={"syd-store1": View(("syd-web1",), ())}), "escalate", 7, "no answer to syd-store1, for"),
        (replace(ISLAND, views={"mel-store1": View(("syd",), ("syd",))}), "leave", 4, "syd answers mel-store1"),
        (replace(ISLAND, shares=True), "escalate", 7, "its users are led to other islands"),
        (TOLD, "act", 7, "no answer to mel-store1: take it out, so that users come back when it is well"),
        (replace(TOLD, views=None), "look", 4, "look again"),
        (replace(TOLD, holds=hold("syd")), "refuse", 1, "syd is not missed: maintenance of syd"),
        (replace(TOLD, views={"mel-store1": View(("syd",), ("syd",))}), "leave", 4, "syd answers"),
        (replace(TOLD, views={}), "refuse", 4, "unknown is not lost"),
        (replace(TOLD, shares=False), "leave", 4, "is still away, as incident 1 says"),
        (replace(TOLD, tried=None), "leave", 4, "is still away, as incident 1 says"),
        (replace(TOLD, tried=1, failed_for=299.0), "leave", 4, "is still away"),
        (replace(TOLD, tried=1, failed_for=300.0), "act", 7, "take it out"),
        (replace(TOLD, tried=3, failed_for=900.0), "leave", 4, "is still away"),
        (replace(TOLD, attempt=DONE), "leave", 7, "1 says; its share of new users is 0 until it is well again"),
        (replace(TOLD, attempt=FAILED), "leave", 7, "new users could not be made 0: AWS is silent"),
        (replace(HOST, shares=False), "escalate", 7, "others there do"),
    ],
)  # fmt: skip
def test_decisions(case: Absence, verdict: str, question: int, words: str) -> None:
    decision = decide(case)
    assert (decision.verdict, decision.question) == (Verdict(verdict), Question(question))
    assert words in decision.sentence
    assert decision.sentence.startswith(case.heard.subject)
    assert len(decision.passed) == question - 1
