"""Reading an instance and carrying a plan out on it, over one connection to its socket."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from titanicarus.mariadb.tenants.model import Account, Found, KnownDatabase, KnownUser, Wish
from titanicarus.mariadb.tenants.plan import Step
from titanicarus.mariadb.tenants.statements import Statement, statement, words

Row = Mapping[str, Any]
LOCK_SECONDS = 20

_FIRST = (
    "SELECT @@read_only AS closed",
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'titanicarus'",
    "SELECT schema_name AS name FROM information_schema.schemata",
    "SELECT User AS name, JSON_VALUE(Priv, '$.plugin') AS plugin,"
    " JSON_VALUE(Priv, '$.authentication_string') AS hash, JSON_VALUE(Priv, '$.ssl_type') AS ssl_type,"
    " JSON_VALUE(Priv, '$.account_locked') AS locked, JSON_VALUE(Priv, '$.access') AS access"
    " FROM mysql.global_priv WHERE Host = '%'",
    "SELECT * FROM mysql.db WHERE Host = '%'",
)
_REGISTER = (
    "SELECT name, tenant, quota_mib, over_quota, removed_at IS NOT NULL AS removed FROM titanicarus.tenant_databases",
    "SELECT name, tenant, removed_at IS NOT NULL AS removed FROM titanicarus.tenant_users",
    "SELECT digest, wished_at FROM titanicarus.tenant_wish WHERE id = 1",
)
_SIZES = (
    "SELECT table_schema AS name, SUM(data_length + index_length) AS size FROM information_schema.tables"
    " WHERE table_schema IN ({names}) GROUP BY table_schema"
)
_TABLES = frozenset({"tenant_databases", "tenant_users", "tenant_wish"})
# Privileges whose column in mysql.db is not called like them.
_COLUMNS = {"Create_tmp_table_priv": "CREATE TEMPORARY TABLES", "Grant_priv": "GRANT OPTION"}


class Connection(Protocol):
    """What is needed of `titanicarus.mariadb.connection.Connection`."""

    def ask(self, *queries: str) -> list[list[Row]]:
        """Rows of each query."""

    def do(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """One statement."""


class NotOpen(Exception):
    """The instance accepts no writes, so nothing was written: root on the socket could, and must not."""


class Busy(Exception):
    """Another run is at it."""


def lock(connection: Connection) -> None:
    """One run at a time on an instance; ends with the connection. Raises Busy."""
    (answer,) = connection.ask(f"SELECT GET_LOCK('titanicarus_tenants', {LOCK_SECONDS}) AS got")
    if answer[0]["got"] != 1:
        raise Busy(f"another run has been changing tenants' databases for {LOCK_SECONDS} s; try again")


def look(connection: Connection) -> tuple[Found, bool]:
    """The instance as it is, and whether it accepts writes."""
    closed, tables, schemas, accounts, grants = connection.ask(*_FIRST)
    register = {row["name"] for row in tables} >= _TABLES
    databases, users, wishes = connection.ask(*_REGISTER) if register else ([], [], [])
    known = {
        row["name"]: KnownDatabase(row["tenant"], row["quota_mib"], bool(row["over_quota"]), bool(row["removed"]))
        for row in databases
    }
    sizes: list[Row] = []
    if known:
        (sizes,) = connection.ask(statement(_SIZES, names=words(sorted(known))).text)
    found = Found(
        register=register,
        schemas=frozenset(row["name"] for row in schemas),
        accounts={row["name"]: _account(row) for row in accounts},
        grants={(row["User"], row["Db"]): _privileges(row) for row in grants},
        databases=known,
        users={row["name"]: KnownUser(row["tenant"], bool(row["removed"])) for row in users},
        sizes={row["name"]: int(row["size"] or 0) for row in sizes},
        wish=_wish(wishes),
    )
    return found, not closed[0]["closed"]


def carry_out(connection: Connection, steps: Iterable[Step | Statement], say: Callable[[str], None]) -> None:
    """Do the steps in their order; what fails ends it. Raises ServerError.

    On the connection that saw the instance open, and on no other: when the lease is lost the instance is killed, and
    the connection with it.
    """
    for step in steps:
        if isinstance(step, Step):
            say(f"{step.subject}: {step.words}")
            connection.do(step.statement.text)
        else:
            connection.do(step.text)


def _account(row: Row) -> Account:
    return Account(
        password_hash=row["hash"] or "",
        plugin=row["plugin"] or "mysql_native_password",
        requires_ssl=str(row["ssl_type"] or 0) != "0",
        locked=str(row["locked"] or "false").lower() in {"true", "1"},
        privileged=str(row["access"] or 0) != "0",
    )


def _privileges(row: Row) -> frozenset[str]:
    return frozenset(
        _COLUMNS.get(column, column.removesuffix("_priv").replace("_", " ").upper())
        for column, value in row.items()
        if column.endswith("_priv") and value == "Y"
    )


def _wish(rows: list[Row]) -> Wish | None:
    for row in rows:
        at: datetime = row["wished_at"]
        return Wish(row["digest"], at.replace(tzinfo=UTC))
    return None
