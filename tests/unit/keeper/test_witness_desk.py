"""Reads of a host's items, with a witness that is told what to say."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from queue import SimpleQueue
from typing import cast

from titanicarus.aws import AWSError, OutOfReach, Unreadable
from titanicarus.keeper.witness_desk import WitnessReads
from titanicarus.lease.record import Record
from titanicarus.lease.witness import Witness, born

SECONDS = 10


class Told:
    """Knows what it was asked for, and answers when it is let."""

    def __init__(self) -> None:
        self.asked: list[Sequence[str]] = []
        self.free = threading.Event()
        self.error: Exception | None = None

    def read_together(self, items: Sequence[str]) -> dict[str, Record | AWSError]:
        self.asked.append(items)
        self.free.wait(SECONDS)
        if self.error:
            raise self.error
        return {item: born(item, "syd-db1", ()) for item in items}


def ask(reads: WitnessReads, *items: str) -> SimpleQueue[tuple[str, Record | AWSError]]:
    answers: SimpleQueue[tuple[str, Record | AWSError]] = SimpleQueue()
    for item in items:
        reads.ask(item, lambda found, item=item: answers.put((item, found)))  # type: ignore[misc]
    return answers


def test_what_is_asked_together_or_meanwhile_is_one_request() -> None:
    told = Told()
    reads = WitnessReads(cast(Witness, told))
    first = ask(reads, "syd/sql", "mel/sql")
    while not told.asked:
        threading.Event().wait(0.001)
    second = ask(reads, "per/sql", "syd/sql", "syd/sql")
    told.free.set()
    got = [first.get(timeout=SECONDS) for _ in range(2)] + [second.get(timeout=SECONDS) for _ in range(3)]
    assert [(item, cast(Record, found).item) for item, found in got] == [
        ("syd/sql", "syd/sql"),
        ("mel/sql", "mel/sql"),
        ("per/sql", "per/sql"),
        ("syd/sql", "syd/sql"),
        ("syd/sql", "syd/sql"),
    ]
    assert told.asked == [["mel/sql", "syd/sql"], ["per/sql", "syd/sql"]]


def test_a_witness_that_does_not_answer_is_told_to_everybody_who_asked() -> None:
    told = Told()
    told.free.set()
    told.error = OutOfReach("not today")
    reads = WitnessReads(cast(Witness, told))
    answers = ask(reads, "syd/sql", "mel/sql")
    assert [answers.get(timeout=SECONDS)[1] for _ in range(2)] == [told.error] * 2
    told.error = KeyError("Responses")
    assert isinstance(ask(reads, "syd/sql").get(timeout=SECONDS)[1], Unreadable)
    told.error = None
    assert isinstance(ask(reads, "syd/sql").get(timeout=SECONDS)[1], Record)
