"""A connection to one instance by its socket, each answer with a deadline. The only module that imports the client."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import pymysql
from pymysql.constants import CLIENT
from pymysql.cursors import DictCursor

from titanicarus.mariadb.errors import Down, Late, Refused
from titanicarus.mariadb.look import Row

# CR_* of MariaDB's client library: the connection, not the statement, is what failed.
_CONNECTION_CODES = {0, 2002, 2003, 2006, 2013, 2014, 2055}
# Answers of a server that is starting or ending, or of one whose connections are used up.
_NOT_NOW = {1040, 1053, 1152, 1927}


class Connection:
    """Logged in as root by its Unix user. Not for several threads at once."""

    def __init__(self, shard: str, path: Path, timeout: float) -> None:
        """`timeout` in seconds, for connecting and for each answer. Raises Down or Late."""
        self._shard = shard
        try:
            self._raw: Any = pymysql.connect(
                unix_socket=str(path),
                user="root",
                connect_timeout=max(1, round(timeout)),
                read_timeout=timeout,
                write_timeout=timeout,
                autocommit=True,
                charset="utf8mb4",
                cursorclass=DictCursor,
                client_flag=CLIENT.MULTI_STATEMENTS,
                ssl_disabled=True,  # it never leaves the kernel
            )
        except (pymysql.MySQLError, OSError) as error:
            raise self._told(error, "connecting") from error

    def ask(self, *queries: str) -> list[list[Row]]:
        """Send all queries in one packet; gives the rows of each. Raises Down, Late or Refused."""
        try:
            with self._raw.cursor() as cursor:
                cursor.execute(";".join(queries))
                answers = [list(cursor.fetchall())]
                while cursor.nextset():
                    answers.append(list(cursor.fetchall()))
        except (pymysql.MySQLError, OSError) as error:
            raise self._told(error, queries[0]) from error
        return answers

    def do(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """One statement, and its rows; `values` replace `%s` in it. Raises Down, Late or Refused."""
        try:
            with self._raw.cursor() as cursor:
                cursor.execute(statement, tuple(values) or None)
                return list(cursor.fetchall())
        except (pymysql.MySQLError, OSError) as error:
            raise self._told(error, statement) from error

    def close(self) -> None:
        """Say good-bye, which never blocks: a few bytes into a socket of this host."""
        with suppress(pymysql.MySQLError, OSError):
            self._raw.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def _told(self, error: Exception, doing: str) -> Down | Late | Refused:
        """What a client's error means. `doing` is cut short: it goes into a log."""
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, (TimeoutError, socket.timeout)):
                return Late(f"shard {self._shard}: no answer in time to: {_short(doing)}")
            cause = cause.__cause__ or cause.__context__
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        words = error.args[1] if len(error.args) > 1 else str(error)
        if isinstance(error, OSError) or code in _CONNECTION_CODES | _NOT_NOW:
            return Down(f"shard {self._shard}: mariadbd does not answer: {words}")
        return Refused(f"shard {self._shard}: {_short(doing)}: error {code}: {words}", code)


def _short(statement: str) -> str:
    words = " ".join(statement.split())
    return words if len(words) <= 80 else f"{words[:77]}..."
