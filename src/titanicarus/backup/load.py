"""A dump into a side database, on the host that writes the shard. Runs as root on its socket, so it looks first."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from typing import IO, Any

from titanicarus.mariadb.connection import Connection
from titanicarus.mariadb.errors import ServerError
from titanicarus.mariadb.instance import socket_of
from titanicarus.mariadb.side import READ
from titanicarus.mariadb.tenants.statements import (
    account,
    identifier,
    pattern,
    pattern_text,
    privileges,
    statement,
    word,
)
from titanicarus.mariadb.tenants.writer import Standing, writer_of

STATEMENT_SECONDS = 30.0
LOAD_SECONDS = 4 * 3600.0


class LoadFailed(Exception):
    """Nothing of the dump is there; the message says why and what to do."""


def load(shard: str, database: str, side: str, dump: IO[bytes], status: Mapping[str, Any] | None) -> dict[str, Any]:
    """Make `side` from the packed dump, and let the users of `database` read it. Raises LoadFailed.

    `status` is what the keeper says. When the lease is lost on the way, the instance is killed, and this ends with it.
    """
    standing = writer_of(shard, status)
    if standing.standing is not Standing.HERE:
        raise LoadFailed(f"{standing.why}: load it there")
    try:
        with Connection(shard, socket_of(shard), STATEMENT_SECONDS) as connection:
            return _load(connection, shard, database, side, dump)
    except ServerError as error:
        raise LoadFailed(f"{side} was not loaded: {error}") from error


def _load(connection: Connection, shard: str, database: str, side: str, dump: IO[bytes]) -> dict[str, Any]:
    closed, schemas = connection.ask(
        "SELECT @@read_only AS closed",
        statement(
            "SELECT schema_name FROM information_schema.schemata WHERE schema_name = {side}", side=word(side)
        ).text,
    )
    if closed[0]["closed"]:
        raise LoadFailed(f"{shard} accepts no writes here any more: the lease has gone to another host")
    if schemas:
        raise LoadFailed(f"there is a database {side} already: drop it first if it is not needed")
    connection.do(statement("CREATE DATABASE {side} CHARACTER SET utf8mb4", side=identifier(side)).text)
    try:
        _fill(shard, side, dump)
        users = _let_read(connection, database, side)
    except (LoadFailed, ServerError):
        connection.do(statement("DROP DATABASE {side}", side=identifier(side)).text)
        raise
    (tables,) = connection.ask(
        statement(
            "SELECT COUNT(*) AS tables FROM information_schema.tables WHERE table_schema = {side}", side=word(side)
        ).text
    )
    return {"database": side, "tables": int(tables[0]["tables"]), "users": users}


def _fill(shard: str, side: str, dump: IO[bytes]) -> None:
    # In binary mode the client obeys no command in the dump that would leave the database.
    client = [
        "mariadb",
        "--no-defaults",
        "--skip-ssl",
        f"--socket={socket_of(shard)}",
        "--user=root",
        "--binary-mode",
        side,
    ]
    unpacking = subprocess.Popen(["gzip", "-dc"], stdin=dump, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert unpacking.stdout is not None and unpacking.stderr is not None
    try:
        done = subprocess.run(client, stdin=unpacking.stdout, capture_output=True, timeout=LOAD_SECONDS, check=False)
        unpacking.stdout.close()
        said = unpacking.stderr.read().decode(errors="replace").strip()
        ended = unpacking.wait(60)
    except BaseException:
        unpacking.kill()
        unpacking.wait()
        raise
    if done.returncode:
        raise LoadFailed(f"{side} was not loaded: {done.stderr.decode(errors='replace').strip()}")
    if ended:
        raise LoadFailed(f"{side} was not loaded: the dump did not come whole: {said}")


def _let_read(connection: Connection, database: str, side: str) -> list[str]:
    """Everybody who has rights on the database may read what it was."""
    (rows,) = connection.ask(
        statement(
            "SELECT DISTINCT User AS name FROM mysql.db WHERE Host = {host} AND Db IN ({name}, {place})",
            host=word("%"),
            name=word(database),
            place=_place(database),
        ).text
    )
    users = sorted(str(row["name"]) for row in rows)
    for user in users:
        text = "GRANT {rights} ON {database}.* TO {user}"
        parts = {"rights": privileges(READ), "database": pattern(side), "user": account(user)}
        connection.do(statement(text, **parts).text)
    return users


def _place(database: str) -> Any:
    """How mysql.db has the database: its underscores are masked, and a value has no backslash otherwise."""
    part = word(database)
    return type(part)("'" + pattern_text(database).replace("\\", "\\\\") + "'")
