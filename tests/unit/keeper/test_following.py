"""Whom a copy follows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.keeper.test_view import LOOK

from titanicarus.keeper.following import Follow, follows, source, unfit
from titanicarus.lease.record import Branch, Record, Stage

PLACES = {"syd-db1": "syd", "syd-db2": "syd", "mel-db1": "mel", "mel-db2": "mel"}
OPEN = Record("syd/sql", "syd-db1", 3, "n", Stage.OPEN, "syd-db2", "syd-db2#4", 120, ("syd-db2", "mel-db1"), ())


@pytest.mark.parametrize(
    ("me", "record", "expected"),
    [
        ("syd-db1", OPEN, None),
        ("syd-db2", OPEN, Follow("syd-db1", acknowledge=True)),
        ("mel-db1", OPEN, Follow("syd-db2", acknowledge=False)),
        ("mel-db1", replace(OPEN, standby=None), Follow("syd-db1", acknowledge=False)),
        ("syd-db2", replace(OPEN, standby=None), Follow("syd-db1", acknowledge=True)),
        ("mel-db1", replace(OPEN, stage=Stage.TAKEN), None),
        ("mel-db1", replace(OPEN, stage=Stage.HANDED), None),
    ],
)
def test_other_islands_follow_the_standby_while_there_is_one(me: str, record: Record, expected: Follow | None) -> None:
    assert source(record, me, PLACES) == expected


def test_a_copy_that_follows_is_left_alone() -> None:
    look = replace(LOOK, source="syd-db1", io_running=True, sql_running=True, acknowledges=True)
    assert follows(look, Follow("syd-db1", acknowledge=True))
    assert not follows(look, Follow("syd-db1", acknowledge=False))
    assert not follows(look, Follow("mel-db1", acknowledge=True))
    assert not follows(replace(look, io_running=False), Follow("syd-db1", acknowledge=True))


def test_a_copy_is_made_anew_when_it_can_never_go_on() -> None:
    record = replace(OPEN, history=(Branch(3, "syd-db1", 100),))
    assert unfit(record, LOOK, 0) is None
    assert "no beginning of the shard's history" in (unfit(record, LOOK, None) or "")
    purged = "1236: Got fatal error 1236: required binlog files have been purged"
    assert "serve it" in (unfit(record, replace(LOOK, io_error=purged), 0) or "")
    ahead = "1236: requested to start from GTID 0-1-9, which is not in the master's binlog"
    assert unfit(record, replace(LOOK, io_error=ahead), 0) is None
    assert unfit(record, replace(LOOK, io_error="2003: cannot connect"), 0) is None
    assert "apply" in (unfit(record, replace(LOOK, sql_error="1062: Duplicate entry"), 0) or "")
    assert unfit(replace(record, stage=Stage.TAKEN), LOOK, None) is None
