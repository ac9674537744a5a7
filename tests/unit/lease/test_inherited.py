"""A database that died while it was open forgets its tail only when its own standby, in the same run, has gone on."""

from __future__ import annotations

from dataclasses import replace

from titanicarus.lease.record import Branch, Position, Record, Stage, inherited, opened

HANDED = Record(
    "syd/sql", "syd-db2", 5, "n", Stage.HANDED, "syd-db2", "syd-db2#1", 70, ("syd-db1",), (Branch(4, "syd-db1", 60),)
)
POSITION = Position(4, "syd-db1", 72)


def _opened(record: Record, complete: bool) -> Record:
    history = opened(record, POSITION, complete)
    return replace(record, stage=Stage.OPEN, standby=None, standby_start_id=None, history=history)


def test_an_epoch_is_inherited_once_its_standby_has_opened_the_next() -> None:
    assert inherited(HANDED, "syd-db1") is None, "it may still start again and lose what it received"
    assert inherited(_opened(HANDED, complete=True), "syd-db1") == 4
    assert inherited(_opened(HANDED, complete=True), "mel-db1") is None


def test_whoever_opened_without_being_the_standby_inherits_nothing() -> None:
    assert inherited(_opened(HANDED, complete=False), "syd-db1") is None, "the standby started again and lost some"
    assert inherited(_opened(replace(HANDED, owner="mel-db1"), complete=False), "syd-db1") is None


def test_an_heir_that_was_followed_by_another_is_none() -> None:
    taken = replace(_opened(HANDED, complete=True), owner="mel-db1", epoch=6, stage=Stage.TAKEN)
    assert inherited(taken, "syd-db1") is None
    later = replace(taken, stage=Stage.OPEN, history=opened(taken, Position(5, "syd-db2", 80)))
    assert inherited(later, "syd-db1") is None
