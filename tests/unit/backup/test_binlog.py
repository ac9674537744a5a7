"""Where a log can be cut, and what it has."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixtures.binlogs import log, transaction

from titanicarus.backup.binlog import BadLog, Transaction, end_before, read_log


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "binlog.000001"


def test_a_log(path: Path) -> None:
    path.write_bytes(log([(1, 1001), (2, 1002), (3, 1005)]))
    found = read_log(path)
    assert (found.transactions, found.length) == (3, path.stat().st_size)
    assert found.first == Transaction(len(log([])), 1001, "0-1-1")
    assert found.last and found.last.gtid == "0-1-3"


@pytest.mark.parametrize(("time", "kept"), [(1001, 0), (1002, 1), (1003, 2), (1005, 2), (1006, 3), (9999, 3)], ids=str)
def test_it_is_cut_between_transactions(path: Path, time: int, kept: int) -> None:
    transactions = [(1, 1001), (2, 1002), (3, 1005)]
    path.write_bytes(log(transactions))
    end, last = end_before(path, time)
    assert end == len(log(transactions[:kept]))
    assert (last.gtid if last else None) == (f"0-1-{kept}" if kept else None)


def test_a_clock_that_went_back_applies_nothing_without_what_was_before_it(path: Path) -> None:
    path.write_bytes(log([(1, 1001), (2, 1009), (3, 1002)]))
    assert end_before(path, 1005)[0] == len(log([(1, 1001)]))


def test_an_event_that_is_still_being_written_does_not_count(path: Path) -> None:
    whole = log([(1, 1001)])
    for missing in range(1, len(transaction(2, 1002))):
        path.write_bytes(log([(1, 1001), (2, 1002)])[:-missing])
        assert len(whole) <= read_log(path).length < path.stat().st_size + 1
        assert end_before(path, 1002) == (len(whole), Transaction(len(log([])), 1001, "0-1-1"))


@pytest.mark.parametrize("content", [b"", b"\xfeb", b"\xfebin"])
def test_a_log_that_has_just_been_begun(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert read_log(path).transactions == 0


@pytest.mark.parametrize("content", [b"#!/bin/sh\n" * 9, b"\xfebin" + b"\0" * 40])
def test_what_is_no_log(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(BadLog, match=r"binlog\.000001"):
        read_log(path)
