"""A tenant's application at its database: a connection over verified TLS, each answer with a deadline."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from time import monotonic
from typing import Any

import pymysql

from titanicarus.checker.plan import Access

# Errors by which a server says that it did not do it, whatever the statement was: no access, no such table, table
# full, lock not got, deadlock, read-only. Others that come after COMMIT was sent leave it open.
_REFUSALS = frozenset({1044, 1045, 1114, 1142, 1146, 1205, 1213, 1290, 1792, 1836})


class Failed(Exception):
    """The server gave no good answer. `refused`: it said itself that the statement had no effect."""

    def __init__(self, words: str, *, refused: bool) -> None:
        super().__init__(words)
        self.refused = refused


class Session:
    """One connection. Not for several threads at once."""

    def __init__(self, access: Access, until: float) -> None:
        """`until` (CLOCK_MONOTONIC) is when signing in must have succeeded. Raises Failed."""
        left = _left(until)
        context = ssl.create_default_context(cafile=access.trust) if access.trust else None
        try:
            self._raw: Any = pymysql.connect(
                host=access.host,
                port=access.port,
                user=access.user,
                password=access.password,
                database=access.database,
                connect_timeout=left,
                read_timeout=left,
                write_timeout=left,
                autocommit=True,
                ssl=context,
                # Not to hold what others read: the one who opens the database writes its epoch.
                init_command="SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
            )
        except (pymysql.MySQLError, OSError, EOFError) as error:
            raise _failed(error) from error

    def do(self, statement: str, values: Sequence[object] = (), *, until: float) -> list[tuple[Any, ...]]:
        """One statement and its rows; the answer must be there at `until` (CLOCK_MONOTONIC). Raises Failed."""
        # The deadline is of a whole write, and PyMySQL's own is of each read from the network.
        self._raw._read_timeout = self._raw._write_timeout = _left(until)
        try:
            with self._raw.cursor() as cursor:
                cursor.execute(statement, tuple(values) or None)
                return list(cursor.fetchall())
        except (pymysql.MySQLError, OSError, EOFError) as error:
            raise _failed(error) from error

    def close(self) -> None:
        """Close without a word to the server, which may not listen."""
        self._raw._force_close()


def _left(until: float) -> float:
    return max(0.02, until - monotonic())


def _failed(error: Exception) -> Failed:
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    words = str(error.args[1]) if len(error.args) > 1 else str(error)
    if "timed out" in words:
        return Failed("no answer in time", refused=False)
    return Failed(f"{code}: {words}"[:70], refused=code in _REFUSALS)
