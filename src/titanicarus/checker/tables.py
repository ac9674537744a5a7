"""The checker's tables in a tenant's database, and the statements that fill and read them.

Their names have the run's in them. A copy that was far behind when it took over still has the tables of an earlier
run: what stands in those says nothing of this one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from titanicarus.checker.history import BALANCE, Key, Kind, Row, Survivor, row_from
from titanicarus.checker.session import Failed, Session

COUNTERS = 4
ACCOUNTS = 8
_T = TypeVar("_T")
_RUN = re.compile(r"[0-9a-f]{8}")
# Tables of runs, and those of older versions, which had one set.
_OURS = re.compile(r"checker_([0-9a-f]{8}_)?(writes|counters|accounts)")
_TABLES = ("writes", "counters", "accounts")
_THERE = (
    "SELECT table_name FROM information_schema.tables"
    r" WHERE table_schema = DATABASE() AND table_name LIKE 'checker\_%'"
)
_MAKE = (
    "CREATE TABLE {writes} (client INT NOT NULL, number INT NOT NULL, kind VARCHAR(16) NOT NULL,"
    " epoch BIGINT NOT NULL, place INT NOT NULL, other INT NOT NULL, amount INT NOT NULL, seen INT NOT NULL,"
    " PRIMARY KEY (client, number)) ENGINE=InnoDB",
    "CREATE TABLE {counters} (id INT NOT NULL PRIMARY KEY, value INT NOT NULL) ENGINE=InnoDB",
    "CREATE TABLE {accounts} (id INT NOT NULL PRIMARY KEY, balance INT NOT NULL) ENGINE=InnoDB",
    f"INSERT INTO {{counters}} SELECT seq, 0 FROM seq_0_to_{COUNTERS - 1}",  # noqa: S608 - constants
    f"INSERT INTO {{accounts}} SELECT seq, {BALANCE} FROM seq_0_to_{ACCOUNTS - 1}",  # noqa: S608
)
# The stamp is read by the server that accepts the write, in the same statement.
_STAMPED = (
    "INSERT INTO {writes} (client, number, kind, epoch, place, other, amount, seen)"
    " SELECT %s, %s, %s, COALESCE(MAX(epoch), 0), %s, %s, %s, %s FROM titanicarus.epochs RETURNING epoch"
)
_READ_WRITES = "SELECT client, number, kind, epoch, place, other, amount, seen FROM {writes}"
_READ_COUNTER = "SELECT value FROM {counters} WHERE id = %s FOR UPDATE"
_SET_COUNTER = "UPDATE {counters} SET value = %s WHERE id = %s"
_READ_ACCOUNTS = "SELECT id, balance FROM {accounts} WHERE id IN (%s, %s) ORDER BY id FOR UPDATE"
_SET_ACCOUNT = "UPDATE {accounts} SET balance = %s WHERE id = %s"


class Undecided(Exception):
    """The connection or the time ended after the server may have had the write."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of one run. Raises ValueError when `run` is not eight hexadecimal digits."""

    run: str

    def __post_init__(self) -> None:
        if not _RUN.fullmatch(self.run):
            raise ValueError(f"the name of a run is eight hexadecimal digits, and not {self.run!r}")

    def make(self, session: Session, *, until: float) -> None:
        """New tables with nothing in them; those of earlier runs go. Raises Failed."""
        for (name,) in session.do(_THERE, until=until):
            if _OURS.fullmatch(name):
                session.do(f"DROP TABLE IF EXISTS {name}", until=until)
        for statement in _MAKE:
            session.do(self._named(statement), until=until)

    def write(self, session: Session, key: Key, kind: Kind, *, until: float) -> Row:
        """One write, whole or not at all. Which counter or accounts follows from its number.

        Raises Failed when it has certainly no effect, and Undecided.
        """
        row = Row(kind, 0)
        if kind is Kind.INSERT:
            return _decided(lambda: self._keep(session, key, row, until))
        session.do("START TRANSACTION", until=until)
        if kind is Kind.INCREMENT:
            row = self._increment(session, key.number % COUNTERS, until)
        else:
            # Steps that differ by client, so that each pair of accounts meets.
            place = key.number % ACCOUNTS
            other = (place + 1 + (key.number // ACCOUNTS + key.client) % (ACCOUNTS - 1)) % ACCOUNTS
            row = self._transfer(session, place, other, 1 + key.number % 7, until)
        row = self._keep(session, key, row, until)
        _decided(lambda: session.do("COMMIT", until=until))
        return row

    def read_back(self, session: Session, *, until: float) -> Survivor:
        """All that is there, of one instant. Raises Failed."""
        session.do("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", until=until)
        session.do("START TRANSACTION WITH CONSISTENT SNAPSHOT", until=until)
        rows = session.do(self._named(_READ_WRITES), until=until)
        return Survivor(
            # report_host names the host and its run of mariadbd.
            host=str(session.do("SELECT COALESCE(@@report_host, @@hostname)", until=until)[0][0]).partition("#")[0],
            rows={Key(int(client), int(number)): row_from(cells) for client, number, *cells in rows},
            counters=dict(session.do(self._named("SELECT id, value FROM {counters}"), until=until)),
            balances=dict(session.do(self._named("SELECT id, balance FROM {accounts}"), until=until)),
            epochs=dict(session.do("SELECT epoch, owner FROM titanicarus.epochs", until=until)),
        )

    def _named(self, statement: str) -> str:
        return statement.format(**{table: f"checker_{self.run}_{table}" for table in _TABLES})

    def _keep(self, session: Session, key: Key, row: Row, until: float) -> Row:
        values = (key.client, key.number, row.kind.value, row.place, row.other, row.amount, row.seen)
        ((epoch,),) = session.do(self._named(_STAMPED), values, until=until)
        return Row(row.kind, int(epoch), row.place, row.other, row.amount, row.seen)

    def _increment(self, session: Session, counter: int, until: float) -> Row:
        ((seen,),) = session.do(self._named(_READ_COUNTER), (counter,), until=until)
        session.do(self._named(_SET_COUNTER), (seen + 1, counter), until=until)
        return Row(Kind.INCREMENT, 0, place=counter, seen=seen)

    def _transfer(self, session: Session, place: int, other: int, amount: int, until: float) -> Row:
        had = dict(session.do(self._named(_READ_ACCOUNTS), (place, other), until=until))
        for account, balance in ((place, had[place] - amount), (other, had[other] + amount)):
            session.do(self._named(_SET_ACCOUNT), (balance, account), until=until)
        return Row(Kind.TRANSFER, 0, place=place, other=other, amount=amount)


def _decided(do: Callable[[], _T]) -> _T:
    try:
        return do()
    except Failed as failure:
        if failure.refused:
            raise
        raise Undecided(str(failure)) from failure
