"""What is in a binary log, from its events' headers. Nothing is decoded but transaction ids and times.

The format: https://mariadb.com/kb/en/2-binlog-event-header/ and https://mariadb.com/kb/en/gtid_event/
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAGIC = b"\xfebin"
_HEADER = struct.Struct("<IBIIIH")  # time, type, server, length, end, flags
_GTID = struct.Struct("<QI")  # sequence, domain
_GTID_EVENT = 162


class BadLog(ValueError):
    """The file is no binary log, or is damaged; the message says where."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """Where a transaction begins in its file, when it was committed (seconds of the epoch), and its id."""

    offset: int
    time: int
    gtid: str


@dataclass(frozen=True, slots=True)
class Log:
    """One file. `length` is where its last whole event ends; what comes after it was still being written."""

    transactions: int
    first: Transaction | None
    last: Transaction | None
    length: int


def read_log(path: Path) -> Log:
    """Raises BadLog, and OSError."""
    number, first, last = 0, None, None
    length = len(MAGIC)
    for event in _events(path):
        length = event.end
        if event.transaction is not None:
            number += 1
            first = first or event.transaction
            last = event.transaction
    return Log(number, first, last, length)


def end_before(path: Path, time: int) -> tuple[int, Transaction | None]:
    """Up to which byte the file has only transactions of before `time` (seconds of the epoch), and the last of those.

    Stops at the first one that is not: commits are in the order in which they were made, and a clock that went back is
    no reason to apply one without those before it.
    """
    last = None
    end = len(MAGIC)
    for event in _events(path):
        if event.transaction is not None:
            if event.transaction.time >= time:
                return event.transaction.offset, last
            last = event.transaction
        end = event.end
    return end, last


@dataclass(frozen=True, slots=True)
class _Event:
    end: int
    transaction: Transaction | None


def _events(path: Path) -> Iterator[_Event]:
    """Every whole event. A file that has just been begun may have none."""
    with path.open("rb") as stream:
        size = path.stat().st_size
        if size < len(MAGIC):
            return
        with mmap.mmap(stream.fileno(), size, access=mmap.ACCESS_READ) as data:
            if data[: len(MAGIC)] != MAGIC:
                raise BadLog(f"{path} is no binary log of MariaDB")
            offset = len(MAGIC)
            while offset + _HEADER.size <= size:
                when, kind, server, length, _end, _flags = _HEADER.unpack_from(data, offset)
                if length < _HEADER.size:
                    raise BadLog(f"{path}: damaged at byte {offset}: an event of {length} bytes")
                if offset + length > size:
                    return
                transaction = None
                if kind == _GTID_EVENT:
                    sequence, domain = _GTID.unpack_from(data, offset + _HEADER.size)
                    transaction = Transaction(offset, when, f"{domain}-{server}-{sequence}")
                offset += length
                yield _Event(offset, transaction)
