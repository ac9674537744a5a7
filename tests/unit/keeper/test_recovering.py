"""A database that died while it was open forgets its tail only when its own standby has opened the next epoch."""

from __future__ import annotations

from dataclasses import replace

from titanicarus.keeper.recovering import Heir, cut, heir
from titanicarus.lease.record import Branch, Record, Stage

HANDED = Record(
    "syd/sql", "syd-db2", 5, "n", Stage.HANDED, "syd-db2", "syd-db2#1", 70, ("syd-db1",), (Branch(4, "syd-db1", 60),)
)
OPENED = replace(HANDED, stage=Stage.OPEN, standby=None, standby_start_id=None)


def test_the_standby_that_took_over_and_opened_is_the_heir() -> None:
    known = heir(None, HANDED, "syd-db1")
    assert known == Heir("syd-db2", 5)
    assert cut(known, HANDED) is None, "it may still start again and lose what it received"
    assert cut(heir(known, OPENED, "syd-db1"), OPENED) == 5


def test_whoever_was_not_the_standby_is_no_heir() -> None:
    taken = replace(HANDED, owner="mel-db1", stage=Stage.TAKEN)
    assert heir(None, taken, "syd-db1") is None
    assert cut(heir(None, replace(OPENED, owner="mel-db1"), "syd-db1"), OPENED) is None


def test_an_owner_that_is_seen_open_first_may_not_have_been_the_standby() -> None:
    assert heir(None, OPENED, "syd-db1") is None


def test_an_heir_that_lost_the_item_again_is_none() -> None:
    known = heir(None, HANDED, "syd-db1")
    later = replace(OPENED, owner="mel-db1", epoch=6)
    assert heir(known, later, "syd-db1") is None
    assert heir(known, replace(OPENED, owner="syd-db1", epoch=6), "syd-db1") is None
