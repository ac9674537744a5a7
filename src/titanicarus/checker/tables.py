"""The checker's tables in a tenant's database, and the statements that fill and read them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from titanicarus.checker.history import BALANCE, Key, Kind, Row, Survivor, row_from
from titanicarus.checker.session import Failed, Session

COUNTERS = 4
ACCOUNTS = 8
# The stamp is read by the server that accepts the write, in the same statement.
_STAMPED = (
    "INSERT INTO checker_writes (client, number, kind, epoch, place, other, amount, seen)"
    " SELECT %s, %s, %s, COALESCE(MAX(epoch), 0), %s, %s, %s, %s FROM titanicarus.epochs RETURNING epoch"
)
_MAKE = (
    "DROP TABLE IF EXISTS checker_writes, checker_counters, checker_accounts",
    "CREATE TABLE checker_writes (client INT NOT NULL, number INT NOT NULL, kind VARCHAR(16) NOT NULL,"
    " epoch BIGINT NOT NULL, place INT NOT NULL, other INT NOT NULL, amount INT NOT NULL, seen INT NOT NULL,"
    " PRIMARY KEY (client, number)) ENGINE=InnoDB",
    "CREATE TABLE checker_counters (id INT NOT NULL PRIMARY KEY, value INT NOT NULL) ENGINE=InnoDB",
    "CREATE TABLE checker_accounts (id INT NOT NULL PRIMARY KEY, balance INT NOT NULL) ENGINE=InnoDB",
    f"INSERT INTO checker_counters SELECT seq, 0 FROM seq_0_to_{COUNTERS - 1}",  # noqa: S608 - constants
    f"INSERT INTO checker_accounts SELECT seq, {BALANCE} FROM seq_0_to_{ACCOUNTS - 1}",  # noqa: S608
)
_T = TypeVar("_T")


class Undecided(Exception):
    """The connection or the time ended after the server may have had the write."""


def make(session: Session, *, until: float) -> None:
    """New tables with nothing in them. Raises Failed."""
    for statement in _MAKE:
        session.do(statement, until=until)


def write(session: Session, key: Key, kind: Kind, *, until: float) -> Row:
    """One write, whole or not at all. Which counter or accounts follows from its number.

    Raises Failed when it has certainly no effect, and Undecided.
    """
    row = Row(kind, 0)
    if kind is Kind.INSERT:
        return _decided(lambda: _keep(session, key, row, until))
    session.do("START TRANSACTION", until=until)
    if kind is Kind.INCREMENT:
        row = _increment(session, key.number % COUNTERS, until)
    else:
        # Steps that differ by client, so that each pair of accounts meets.
        place = key.number % ACCOUNTS
        other = (place + 1 + (key.number // ACCOUNTS + key.client) % (ACCOUNTS - 1)) % ACCOUNTS
        row = _transfer(session, place, other, 1 + key.number % 7, until)
    row = _keep(session, key, row, until)
    _decided(lambda: session.do("COMMIT", until=until))
    return row


def read_back(session: Session, *, until: float) -> Survivor:
    """All that is there, of one instant. Raises Failed."""
    session.do("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", until=until)
    session.do("START TRANSACTION WITH CONSISTENT SNAPSHOT", until=until)
    columns = "client, number, kind, epoch, place, other, amount, seen"
    rows = session.do(f"SELECT {columns} FROM checker_writes", until=until)  # noqa: S608 - constants
    return Survivor(
        # report_host names the host and its run of mariadbd.
        host=str(session.do("SELECT COALESCE(@@report_host, @@hostname)", until=until)[0][0]).partition("#")[0],
        rows={Key(int(client), int(number)): row_from(cells) for client, number, *cells in rows},
        counters=dict(session.do("SELECT id, value FROM checker_counters", until=until)),
        balances=dict(session.do("SELECT id, balance FROM checker_accounts", until=until)),
        epochs=dict(session.do("SELECT epoch, owner FROM titanicarus.epochs", until=until)),
    )


def _decided(do: Callable[[], _T]) -> _T:
    try:
        return do()
    except Failed as failure:
        if failure.refused:
            raise
        raise Undecided(str(failure)) from failure


def _keep(session: Session, key: Key, row: Row, until: float) -> Row:
    values = (key.client, key.number, row.kind.value, row.place, row.other, row.amount, row.seen)
    ((epoch,),) = session.do(_STAMPED, values, until=until)
    return Row(row.kind, int(epoch), row.place, row.other, row.amount, row.seen)


def _increment(session: Session, counter: int, until: float) -> Row:
    ((seen,),) = session.do("SELECT value FROM checker_counters WHERE id = %s FOR UPDATE", (counter,), until=until)
    session.do("UPDATE checker_counters SET value = %s WHERE id = %s", (seen + 1, counter), until=until)
    return Row(Kind.INCREMENT, 0, place=counter, seen=seen)


def _transfer(session: Session, place: int, other: int, amount: int, until: float) -> Row:
    query = "SELECT id, balance FROM checker_accounts WHERE id IN (%s, %s) ORDER BY id FOR UPDATE"
    had = dict(session.do(query, (place, other), until=until))
    for account, balance in ((place, had[place] - amount), (other, had[other] + amount)):
        session.do("UPDATE checker_accounts SET balance = %s WHERE id = %s", (balance, account), until=until)
    return Row(Kind.TRANSFER, 0, place=place, other=other, amount=amount)
