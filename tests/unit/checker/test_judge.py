"""The judge against a shard that keeps its promises, and against each way of breaking one."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from titanicarus.checker.history import BALANCE, History, HistoryError, Key, Kind, Outcome, Row, Survivor, Write
from titanicarus.checker.judge import judge
from titanicarus.checker.tables import ACCOUNTS, COUNTERS


@dataclass
class Shard:
    """One that keeps what it says: writes happen one after the other, and may change hands in between."""

    now: float = 100.0
    epoch: int = 1
    rows: dict[Key, Row] = field(default_factory=dict)
    counters: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(COUNTERS), 0))
    balances: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(ACCOUNTS), BALANCE))
    epochs: dict[int, str] = field(default_factory=lambda: {1: "syd-db1"})
    writes: list[Write] = field(default_factory=list)

    def take(self) -> None:
        """Another host takes over."""
        self.epoch += 1
        self.epochs[self.epoch] = f"syd-db{1 + self.epoch % 2}"
        self.now += 5.0

    def write(self, kind: Kind, outcome: Outcome = Outcome.OK, *, happens: bool = True) -> Write:
        """A write; one of unknown outcome may happen or not."""
        key = Key(0, len(self.writes))
        place, other = key.number % COUNTERS, (key.number + 1) % COUNTERS
        row = Row(kind, self.epoch)
        if kind is Kind.INCREMENT:
            row = Row(kind, self.epoch, place=place, seen=self.counters[place])
        elif kind is Kind.TRANSFER:
            row = Row(kind, self.epoch, place=place, other=other, amount=3)
        if outcome is Outcome.OK or (outcome is Outcome.UNKNOWN and happens):
            self.rows[key] = row
            if kind is Kind.INCREMENT:
                self.counters[place] += 1
            elif kind is Kind.TRANSFER:
                self.balances[place] -= 3
                self.balances[other] += 3
        began, self.now = self.now, self.now + 0.1
        told = row if outcome is Outcome.OK else None
        write = Write(key, kind, began, began, began + 0.01, outcome, told)
        self.writes.append(write)
        return write

    def survivor(self) -> Survivor:
        return Survivor("syd-db1", dict(self.rows), dict(self.counters), dict(self.balances), dict(self.epochs))


def busy() -> Shard:
    """Writes of every kind in two epochs."""
    shard = Shard()
    for _ in range(2):
        for _ in range(8):
            for kind in Kind:
                shard.write(kind)
        shard.take()
    for kind in Kind:
        shard.write(kind)
    return shard


def kinds(shard: Shard, survivor: Survivor | None = None) -> set[str]:
    return {violation.kind for violation in judge(shard.writes, survivor or shard.survivor()).violations}


CALLS = st.lists(
    st.tuples(st.sampled_from([*Kind, None]), st.sampled_from(Outcome), st.booleans()), min_size=1, max_size=60
)


@given(CALLS)
def test_a_shard_that_keeps_its_promises_is_never_accused(calls: list[tuple[Kind | None, Outcome, bool]]) -> None:
    shard = Shard()
    for kind, outcome, happens in calls:
        if kind is None:
            shard.take()
        else:
            shard.write(kind, outcome, happens=happens)
    verdict = judge(shard.writes, shard.survivor())
    assert verdict.holds, verdict.sentences()
    assert verdict.acknowledged + verdict.refused + verdict.unknown == len(shard.writes)
    assert verdict.lost == 0
    assert verdict.two_writers == 0


@given(CALLS, st.data())
def test_any_acknowledged_write_that_is_missing_is_found(
    calls: list[tuple[Kind | None, Outcome, bool]], data: st.DataObject
) -> None:
    shard = Shard()
    for kind, outcome, happens in calls:
        if kind is not None:
            shard.write(kind, outcome, happens=happens)
    victim = shard.write(Kind.INSERT)
    acknowledged = [write.key for write in shard.writes if write.outcome is Outcome.OK]
    del shard.rows[data.draw(st.sampled_from(acknowledged))]
    verdict = judge(shard.writes, shard.survivor())
    assert verdict.lost == 1, victim
    assert not verdict.holds


def test_a_write_that_is_there_otherwise_than_it_was_acknowledged() -> None:
    shard = busy()
    key = shard.writes[0].key
    shard.rows[key] = replace(shard.rows[key], epoch=2)
    assert kinds(shard) == {"changed"}


def test_a_write_that_was_refused_or_never_sent_and_is_there() -> None:
    shard = busy()
    refused = shard.write(Kind.INSERT, Outcome.FAILED)
    shard.rows[refused.key] = Row(Kind.INSERT, shard.epoch)
    shard.rows[Key(9, 9)] = Row(Kind.INSERT, shard.epoch)
    assert kinds(shard) == {"refused and there", "never asked for"}


def test_totals_and_balances() -> None:
    shard = busy()
    shard.balances[0] += 1
    assert kinds(shard) == {"total", "balance"}
    shard.balances[1] -= 1
    assert kinds(shard) == {"balance"}


def test_half_a_transfer_of_unknown_outcome_is_found() -> None:
    shard = busy()
    shard.write(Kind.TRANSFER, Outcome.UNKNOWN, happens=False)
    shard.balances[0] -= 3
    assert "total" in kinds(shard)


def test_an_increment_that_was_overwritten() -> None:
    shard = busy()
    first = next(write for write in shard.writes if write.kind is Kind.INCREMENT)
    assert first.row is not None
    key = Key(3, 0)
    shard.rows[key] = first.row  # somebody else read the same value, and was acknowledged too
    shard.writes.append(replace(first, key=key))
    assert kinds(shard) == {"lost update", "counter"}


def test_a_counter_that_went_back() -> None:
    shard = busy()
    shard.counters[0] -= 1
    assert kinds(shard) == {"counter"}


def test_two_writers_at_one_instant() -> None:
    shard = busy()
    late = shard.writes[-1]
    assert late.row is not None
    old = replace(late, key=Key(5, 0), kind=Kind.INSERT, row=Row(Kind.INSERT, 1), began=late.began + 2.0, ended=999.0)
    shard.writes.append(old)
    shard.rows[old.key] = Row(Kind.INSERT, 1)
    verdict = judge(shard.writes, shard.survivor())
    assert {violation.kind for violation in verdict.violations} == {"two writers"}
    assert verdict.two_writers > 2.0


def test_a_late_write_of_the_old_epoch_counts_though_nobody_heard_of_it() -> None:
    shard = busy()
    unheard = Write(Key(5, 0), Kind.INSERT, shard.now, shard.now)
    shard.writes.append(unheard)
    assert kinds(shard) == set()
    shard.rows[unheard.key] = Row(Kind.INSERT, 1)
    assert kinds(shard) == {"two writers"}


def test_writes_that_only_may_have_crossed_are_no_accusation() -> None:
    shard = busy()
    long = replace(shard.writes[0], key=Key(5, 0), kind=Kind.INSERT, ended=999.0, row=Row(Kind.INSERT, 1))
    shard.writes.append(long)
    shard.rows[long.key] = Row(Kind.INSERT, 1)
    assert kinds(shard) == set()


def test_an_epoch_that_the_survivor_never_had() -> None:
    shard = busy()
    del shard.epochs[2]
    assert kinds(shard) == {"unknown epoch"}


def test_what_is_said_is_short_and_whole() -> None:
    shard = busy()
    shard.rows.clear()
    verdict = judge(shard.writes, replace(shard.survivor(), counters={}, balances={}))
    lost = [sentence for sentence in verdict.sentences() if sentence.startswith("lost:")]
    assert len(lost) == 6
    assert lost[-1] == f"lost: and {verdict.lost - 5} more"
    assert json.loads(json.dumps(verdict.to_json()))["lost"] == verdict.lost
    assert f"{verdict.lost} lost" in verdict.summary()


def test_a_history_is_read_line_by_line_in_any_order_of_clients() -> None:
    lines = [
        '{"event": "invoked", "key": [0, 0], "kind": "insert", "due": 1.0, "at": 1.01}',
        '{"event": "invoked", "key": [1, 0], "kind": "transfer", "due": 1.1, "at": 1.11}',
        '{"event": "invoked", "key": [2, 0], "kind": "increment", "due": 1.2, "at": 1.21}',
        '{"event": "ok", "key": [1, 0], "at": 1.3, "row": ["transfer", 4, 0, 1, 3, 0]}',
        '{"event": "failed", "key": [0, 0], "at": 1.4, "wrong": "1290: read-only"}',
    ]
    history = History()
    for line in lines:
        history.add(line)
    insert, transfer, increment = history.writes()
    assert (insert.outcome, insert.wrong) == (Outcome.FAILED, "1290: read-only")
    assert transfer.row == Row(Kind.TRANSFER, 4, 0, 1, 3)
    assert (increment.outcome, increment.ended) == (Outcome.UNKNOWN, None)
    for wrong in (lines[0], lines[3], "{}", "nonsense", '{"event": "ok", "key": [7, 7], "at": 1}'):
        with pytest.raises(HistoryError):
            history.add(wrong)


def test_a_survivor_comes_through_json_unchanged() -> None:
    found = busy().survivor()
    assert Survivor.from_json(json.loads(json.dumps(found.to_json()))) == found


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_history_does_not_matter(seed: int) -> None:
    shard = busy()
    shard.counters[0] += 1
    expected = kinds(shard)
    random.Random(seed).shuffle(shard.writes)
    assert kinds(shard) == expected
