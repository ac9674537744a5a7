"""What the protocol is told of a database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from titanicarus.keeper.view import LEAST_FREE, Disk, Mate, Memory, database, remember
from titanicarus.lease.messages import Database, Replica
from titanicarus.lease.record import Position
from titanicarus.mariadb.look import Follower, Look

LOOK = Look(
    start_id="syd-db1#7",
    read_only=False,
    epoch=3,
    owner="syd-db1",
    applied=120,
    received=120,
    waits=True,
    waiting_sessions=0,
    acked=40,
    acknowledges=False,
    followers=(Follower("syd-db2", "syd-db2#4"),),
    source=None,
    io_running=False,
    sql_running=False,
    io_error="",
    sql_error="",
    lag_seconds=None,
)
PRIMARY = Memory(start_id="syd-db1#7", ready_for=3, waits_from=100, acknowledged=40)
MATE = Mate("syd-db2", Position(3, "syd-db1", 119), "syd-db2#4")
DISK = Disk(written_at=49.9, free=10 * LEAST_FREE)


def view(look: Look | None = LOOK, memory: Memory = PRIMARY, now: float = 50.0, **more: Any) -> Database | None:
    parts: dict[str, Any] = {"looked_at": 49.8, "disk": DISK, "mate": MATE} | more
    looked_at = parts.pop("looked_at")
    return database(look, looked_at, memory, now=now, **parts)


def usable(found: Database | None) -> bool:
    assert found is not None
    return not found.failed


def test_a_healthy_primary() -> None:
    assert view() == Database(
        start_id="syd-db1#7",
        position=Position(3, "syd-db1", 120),
        ready_for=3,
        waits=True,
        blocked_for=0.0,
        replica=Replica("syd-db2", "syd-db2#4", caught_up=True),
        failed=False,
    )


def test_what_was_never_seen_is_not_guessed_at() -> None:
    assert view(None) is None


@pytest.mark.parametrize(
    "broken",
    [
        {"looked_at": 47.9},
        {"disk": None},
        {"disk": replace(DISK, written_at=47.0)},
        {"disk": replace(DISK, free=LEAST_FREE - 1)},
    ],
    ids=["no answer", "disk never written", "disk hangs", "disk full"],
)
def test_a_database_that_must_not_be_used_has_failed(broken: dict[str, Any]) -> None:
    assert not usable(view(**broken))


def test_a_replica_counts_what_it_has_received() -> None:
    replica = replace(LOOK, read_only=True, received=130, waits=False, source="mel-db1")
    found = view(replica, Memory(start_id="syd-db1#7"))
    assert found is not None
    assert (found.position.commits, found.ready_for, found.waits, found.replica) == (130, None, True, None)


@pytest.mark.parametrize(
    ("mate", "caught_up"),
    [
        (MATE, True),
        (replace(MATE, start_id="syd-db2#3"), False),
        (replace(MATE, position=Position(3, "syd-db1", 99)), False),
    ],
    ids=["near", "told by a run before this one", "behind"],
)
def test_a_standby_is_caught_up_by_its_own_word(mate: Mate, caught_up: bool) -> None:
    found = view(mate=mate)
    assert found is not None and found.replica is not None
    assert found.replica.caught_up is caught_up


def test_a_mate_that_is_not_connected_is_no_replica() -> None:
    found = view(replace(LOOK, followers=(Follower("mel-db1", "mel-db1#1"),)))
    assert found is not None
    assert found.replica is None


def test_commits_do_not_begin_to_wait_for_a_replica_that_is_far_behind() -> None:
    alone = replace(LOOK, waits=False)
    memory = remember(PRIMARY, replace(alone, applied=90), 46.0)
    memory = remember(memory, replace(alone, applied=110), 46.5)
    assert memory.near is None
    memory = remember(memory, alone, 49.0)
    assert memory.near == 110
    far = view(alone, memory, mate=replace(MATE, position=Position(3, "syd-db1", 109)))
    assert far is not None and far.replica is None
    near = view(alone, memory, mate=replace(MATE, position=Position(3, "syd-db1", 110)))
    assert near is not None and near.replica == Replica("syd-db2", "syd-db2#4", caught_up=False)
    other_run = view(alone, memory, mate=replace(MATE, start_id="syd-db2#3"))
    assert other_run is not None and other_run.replica is None


def test_another_run_of_the_database_is_remembered_anew() -> None:
    assert remember(PRIMARY, replace(LOOK, start_id="syd-db1#8"), 51.0) == Memory(start_id="syd-db1#8")


def test_waiting_begins_where_the_primary_was_when_it_was_first_seen_to_wait() -> None:
    let_go = remember(PRIMARY, replace(LOOK, waits=False), 50.0)
    assert let_go.waits_from is None
    waits = remember(let_go, replace(LOOK, applied=130), 51.0)
    assert waits.waits_from == 130
    assert remember(waits, replace(LOOK, applied=150), 52.0).waits_from == 130


def test_a_commit_is_blocked_since_the_last_acknowledgement() -> None:
    waiting = replace(LOOK, waiting_sessions=2)
    blocked = remember(PRIMARY, waiting, 60.0)
    assert blocked.blocked_since == 60.0
    still = remember(blocked, waiting, 61.5)
    assert still.blocked_since == 60.0
    found = view(waiting, still, now=62.0, looked_at=61.5, disk=replace(DISK, written_at=61.9))
    assert found is not None
    assert found.blocked_for == 2.0
    assert remember(still, replace(waiting, acked=41), 62.0).blocked_since == 62.0
    assert remember(still, replace(LOOK, acked=42), 62.0).blocked_since is None
