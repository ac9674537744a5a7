"""An item that was deleted and born again at epoch 1: no epoch goes back, and only the operator opens it anew."""

from __future__ import annotations

from dataclasses import replace

from titanicarus.lease.messages import Ask, Database, Open, Promote, Read, Wishes, Write
from titanicarus.lease.protocol import Lease
from titanicarus.lease.record import Branch, Position, Record, Stage
from titanicarus.lease.timing import Timing

BIRTH = Record(
    "syd/sql", "syd-db1", 1, "birth", Stage.TAKEN, None, None, 0, ("syd-db2", "mel-db1"), (Branch(0, "birth", 0),)
)
KNOWN = replace(
    BIRTH,
    owner="syd-db2",
    epoch=5,
    nonce="n5",
    stage=Stage.OPEN,
    eligible=("syd-db1", "mel-db1"),
    history=(Branch(4, "syd-db1", 60), Branch(5, "syd-db2", 70)),
)
PLACES = {"syd-db1": "syd", "syd-db2": "syd", "mel-db1": "mel"}
TIMING = Timing()


def _lease(me: str, epoch_seen: int = 0) -> Lease:
    return Lease(me, "syd/sql", PLACES, timing=TIMING, now=0.0, name=f"{me}.1", epoch_seen=epoch_seen)


def _database(me: str) -> Database:
    return Database(f"{me}#1", Position(5, "syd-db2", 80), ready_for=5 if me == "syd-db2" else None)


def _answer(lease: Lease, now: float, record: Record) -> None:
    """Let it ask for the item, and answer with this one."""
    (asked,) = [action for action in lease.step(now, _database(lease.me), Wishes()) if isinstance(action, Read | Write)]
    if isinstance(asked, Read):
        lease.on_read(now, asked.request, record)
    else:
        lease.on_conflict(now, asked.request, record)


def _open_owner() -> Lease:
    lease = _lease("syd-db2")
    _answer(lease, 10.0, KNOWN)
    (write,) = [action for action in lease.step(12.0, _database("syd-db2"), Wishes()) if isinstance(action, Write)]
    lease.on_written(12.0, write.request)
    assert any(isinstance(action, Open) for action in lease.step(12.1, _database("syd-db2"), Wishes()))
    return lease


def test_an_open_owner_puts_the_item_back() -> None:
    lease = _open_owner()
    _answer(lease, 14.0, BIRTH)
    (write,) = [action for action in lease.step(14.1, _database("syd-db2"), Wishes()) if isinstance(action, Write)]
    assert (write.expect, write.record.epoch, write.record.owner) == ("birth", 5, "syd-db2")
    assert write.record.history == KNOWN.history


def test_an_owner_that_has_lapsed_does_not_put_it_back() -> None:
    """Somebody may have been the owner since."""
    lease = _open_owner()
    _answer(lease, 30.0, BIRTH)
    (write,) = [action for action in lease.step(32.0, _database("syd-db2"), Wishes()) if isinstance(action, Write)]
    assert write.expect != "birth"


def test_an_open_owner_that_finds_an_older_item_goes_on_by_promises() -> None:
    lease = _open_owner()
    _answer(lease, 14.0, replace(KNOWN, epoch=4, nonce="old", eligible=("cbr-db1",), history=KNOWN.history[:1]))
    asked = {action.to for action in lease.step(14.1, _database("syd-db2"), Wishes()) if isinstance(action, Ask)}
    assert asked == {"syd-db1", "mel-db1", "cbr-db1"}, "those who may take by the older item as well"


def test_who_has_seen_more_refuses_with_a_sentence_and_then_raises_the_epoch_for_the_operator() -> None:
    lease = _lease("syd-db1", epoch_seen=5)
    _answer(lease, 10.0, BIRTH)
    assert lease.why.startswith("the witness has epoch 1 after epoch 5: not believed; the item was deleted")
    later = 10.0 + TIMING.wait + TIMING.others
    (write,) = lease.step(later, _database("syd-db1"), Wishes())
    assert isinstance(write, Write)
    assert (write.expect, write.record.epoch, write.record.history) == ("birth", 6, ())
    lease.on_written(later, write.request)
    assert not [
        action for action in lease.step(later + 1, _database("syd-db1"), Wishes()) if isinstance(action, Promote)
    ]
    assert "the operator overrides" in lease.why
    done = lease.step(later + 2, _database("syd-db1"), Wishes(override=True))
    assert Promote(6, "syd-db1#1") in done


def test_a_keeper_without_a_memory_believes_no_item_below_what_others_have_seen() -> None:
    lease = _lease("syd-db1")
    _answer(lease, 10.0, BIRTH)
    lease.on_hint(5)
    assert not [action for action in lease.step(11.0, _database("syd-db1"), Wishes()) if isinstance(action, Promote)]
    assert lease.known is None
