"""Writes of which nobody knows whether they were made, while the witness is away for long."""

from __future__ import annotations

from dataclasses import replace

from titanicarus.lease.protocol import Lease
from titanicarus.lease.record import Record, Stage
from titanicarus.lease.timing import Timing

PLACES = {"syd-db1": "syd", "syd-db2": "syd", "mel-db1": "mel", "per-db1": "per"}
RECORD = Record("syd/sql", "syd-db1", 3, "n", Stage.OPEN, None, None, 70, ("syd-db2", "mel-db1"), ())


def test_a_witness_away_for_days_is_no_longer_list() -> None:
    lease = Lease("syd-db1", "syd/sql", PLACES, timing=Timing(), now=0.0, name="syd-db1#1")
    lease.on_read(0.0, lease._read(0.0).request, RECORD)
    wanted = (("syd-db2", "mel-db1"), ("syd-db2", "mel-db1", "per-db1"), ("syd-db2",))
    for number in range(3000):
        write = lease._write(float(number), replace(RECORD, eligible=wanted[number % 3], position=70 + number))
        lease.on_no_answer(write.request)
    assert len(lease._may_land()) == len(wanted)
    assert lease._must_promise() == {"syd-db2", "mel-db1", "per-db1"}
