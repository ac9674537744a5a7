"""What the protocol decides is done to the gate, the database and the witness, in the right order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.keeper.test_view import LOOK

from titanicarus.keeper.facts import Copy, LeaseFacts, ShardFacts
from titanicarus.keeper.following import Follow
from titanicarus.keeper.gate import GateError
from titanicarus.keeper.shard import Shard
from titanicarus.keeper.wishes import Wish
from titanicarus.lease.messages import Database, Read, Shut, Write
from titanicarus.lease.protocol import Lease
from titanicarus.lease.record import Branch, Position, Record, Stage
from titanicarus.lease.timing import Timing
from titanicarus.mariadb.look import Look

COPIES = (Copy("syd-db1", "syd", "10.0.0.1"), Copy("syd-db2", "syd", "10.0.0.2"), Copy("mel-db1", "mel", "10.1.0.1"))
SYD = ShardFacts("syd", 3411, 3511, COPIES)
BIRTH = Record(
    "syd/sql", "syd-db1", 1, "birth", Stage.TAKEN, None, None, 0, ("syd-db2", "mel-db1"), (Branch(0, "birth", 0),)
)
FRESH = Database("syd-db1#1", Position(0, "birth", 0))


class Doubles:
    """The copy, the gate, the witness and the rebuilding of one shard; what they were told to do, in order."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.database: Database | None = FRESH
        self.look: Look | None = replace(LOOK, start_id="syd-db1#1", epoch=0, owner="birth", applied=0, received=0)
        self.writable = False
        self.open_for = 0.0
        self.trouble = ""
        self.broken_gate = False
        self.rebuilds = False
        self.looked = True

    def view(self, _now: float, _mate: object) -> Database | None:
        return self.database

    def known(self, _now: float) -> bool:
        return self.looked

    def is_writable(self, _epoch: int, _owner: str) -> bool:
        return self.writable

    def runs(self) -> bool:
        return self.rebuilds

    def open(self, until: float) -> None:
        if self.broken_gate:
            raise GateError("no such set")
        self.done.append(("open gate", until))

    def shut(self) -> None:
        if self.broken_gate:
            raise GateError("no such set")
        self.done.append(("shut",))

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self.done.append((name, *arguments))


class World:
    """One shard on one host, with a clock that the test moves."""

    def __init__(self, host: str = "syd-db1") -> None:
        island = next(copy.island for copy in COPIES if copy.host == host)
        facts = LeaseFacts(host, island, "10.0.0.1", 3600, "t", Timing(), (SYD,), frozenset())
        self.now = 1000.0
        self.doubles = Doubles()
        self.said: list[str] = []
        self.lease = Lease(host, SYD.item, SYD.places, timing=Timing(), now=self.now, name=f"{host}.1")
        parts: dict[str, Any] = dict.fromkeys(("gate", "witness", "rebuilding"), self.doubles)
        self.shard = Shard(
            facts,
            SYD,
            self.lease,
            self.doubles,
            **parts,
            ask=lambda *_: None,
            say=self.said.append,  # type: ignore[arg-type]
        )

    def step(self, seconds: float = 0.25) -> list[Any]:
        """Let time pass; what was done then."""
        self.now += seconds
        self.doubles.done.clear()
        self.shard.step(self.now, Wish())
        return list(self.doubles.done)

    def settle(self) -> None:
        """The witness answers what it was asked, until the owner is about to open for the first time."""
        record = BIRTH
        for _ in range(60):
            for name, *arguments in self.step():
                if name == "read":
                    self.lease.on_read(self.now, arguments[0], record)
                elif name == "write":
                    record = arguments[1]
                    self.lease.on_written(self.now, arguments[0])
                elif name == "promote":
                    self.doubles.database = replace(FRESH, ready_for=arguments[0])
                elif name == "make_writable":
                    return
        raise AssertionError(f"never came to open: {self.lease.why}")


def test_commits_are_let_go_before_the_epoch_row_is_written() -> None:
    world = World()
    world.settle()
    names = [name for name, *_ in world.doubles.done]
    assert names.index("set_waits") < names.index("make_writable")
    assert "open gate" not in names


def test_the_gate_opens_when_the_epoch_row_is_there() -> None:
    world = World()
    world.settle()
    assert "open gate" not in [name for name, *_ in world.step()]
    world.doubles.writable = True
    opened = [until for name, until, *_ in world.step() if name == "open gate"]
    assert len(opened) == 1
    assert world.now < opened[0] <= world.now + 5.5


def test_nothing_is_decided_before_the_database_was_looked_at() -> None:
    world = World()
    world.doubles.looked = False
    assert [call for _ in range(8) for call in world.step()] == []
    world.doubles.looked = True
    assert [name for name, *_ in world.step()] == ["read"]


def test_a_gate_that_does_not_open_is_said_once_and_shown() -> None:
    world = World()
    world.settle()
    world.doubles.writable, world.doubles.broken_gate = True, True
    world.step()
    world.step()
    assert world.said.count("no such set") == 1
    assert world.shard.document(world.now)["trouble"] == "no such set"


def test_who_lost_the_item_shuts_the_gate_and_then_kills_the_database() -> None:
    world = World()
    world.settle()
    world.doubles.writable = True
    world.step()
    taken = replace(BIRTH, owner="mel-db1", epoch=2, nonce="m", stage=Stage.TAKEN)
    for _ in range(40):
        done = world.step()
        names = [name for name, *_ in done]
        for name, *arguments in done:
            if name in ("read", "write"):
                world.lease.on_conflict(world.now, arguments[0], taken)
        if "kill" in names:
            assert names.index("shut") < names.index("kill")
            return
    raise AssertionError("was never fenced")


def opened_by(owner: str) -> Record:
    return replace(
        BIRTH, owner=owner, stage=Stage.OPEN, nonce="o", history=(Branch(0, "birth", 0), Branch(1, owner, 0))
    )


def replica(world: World, record: Record, **look: Any) -> None:
    world.lease.on_read(world.now, _request(world), record)
    shown = replace(LOOK, start_id="syd-db2#1", read_only=True, epoch=1, owner=record.owner, **look)
    world.doubles.look = shown
    world.doubles.database = Database("syd-db2#1", Position(1, record.owner, shown.received))


def _request(world: World) -> int:
    for _ in range(8):
        for name, *arguments in world.step():
            if name == "read":
                return int(arguments[0])
    raise AssertionError("asked nothing")


def test_a_copy_is_told_whom_to_follow_until_it_does() -> None:
    world = World("syd-db2")
    replica(world, opened_by("syd-db1"))
    assert ("follow", Follow("syd-db1", acknowledge=True), 3511) in world.step(1.0)
    replica(world, opened_by("syd-db1"), source="syd-db1", io_running=True, sql_running=True, acknowledges=True)
    assert "follow" not in [name for name, *_ in world.step(1.0)]


def test_a_copy_with_commits_of_its_own_is_made_anew_after_a_while() -> None:
    world = World("syd-db2")
    replica(world, opened_by("syd-db1"))
    world.doubles.database = Database("syd-db2#1", Position(0, "birth", 500))
    done = [call for _ in range(4) for call in world.step(1.0)]
    assert "start" not in [name for name, *_ in done]
    done = [call for _ in range(4) for call in world.step(1.0)]
    assert ("start", "syd-db1") in done
    world.doubles.rebuilds = True
    assert "follow" not in [name for _ in range(3) for name, *_ in world.step(1.0)]


def test_what_another_keeper_says_of_its_copy_is_heard() -> None:
    world = World()
    told = {"position": {"epoch": 1, "owner": "syd-db1", "commits": 7}, "start_id": "syd-db2#1"}
    world.shard.heard(world.now, "syd-db2", told)
    world.shard.heard(world.now, "stranger", told)
    world.shard.heard(world.now, "mel-db1", {"position": None, "start_id": None})
    mate = world.shard._mate()
    assert mate is not None
    assert (mate.host, mate.position.commits) == ("syd-db2", 7)


def test_who_hears_of_a_newer_epoch_reads_the_item_at_once() -> None:
    world = World("syd-db2")
    replica(world, opened_by("syd-db1"))
    assert world.step(0.01) == []
    world.shard.heard(world.now, "syd-db1", {"epoch": 1})
    assert world.step(0.01) == []
    world.shard.heard(world.now, "syd-db1", {"epoch": 2})
    assert [name for name, *_ in world.step(0.01)] == ["read"]


@pytest.mark.parametrize("action", [Read(1), Write(2, BIRTH, "n")])
def test_requests_go_to_the_witness(action: Read | Write) -> None:
    world = World()
    world.doubles.done.clear()
    world.shard._do(action)
    assert world.doubles.done[0][1] == action.request


@pytest.mark.parametrize("open_for", [3.0, 0.0])
def test_a_gate_that_cannot_be_shut_lets_nobody_write(open_for: float) -> None:
    """A hand-over goes on after its gate was shut: what the kernel still lets through must find a dead database."""
    world = World()
    world.settle()
    world.doubles.broken_gate, world.doubles.open_for = True, open_for
    world.doubles.done.clear()
    world.shard._do(Shut())
    assert world.doubles.done == ([("kill",)] if open_for else [])
    assert world.said[-1] == "no such set"
