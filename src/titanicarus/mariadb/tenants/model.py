"""Tenants' databases as the pillar wants them, and as an instance has them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

MIB = 1024 * 1024
_DATABASE = re.compile(r"[a-z][a-z0-9_]{0,47}")
_USER = re.compile(r"[a-z][a-z0-9_]{0,79}")
_TENANT = re.compile(r"[a-z][a-z0-9-]{0,63}")
_HASH = re.compile(r"\*[0-9A-F]{40}")

FULL = frozenset(
    {
        "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "INDEX", "ALTER", "REFERENCES",
        "CREATE TEMPORARY TABLES", "LOCK TABLES", "CREATE VIEW", "SHOW VIEW", "CREATE ROUTINE", "ALTER ROUTINE",
        "EXECUTE", "TRIGGER",
    }
)  # fmt: skip
"""What a tenant's user may do in its own databases. Not EVENT: it would run on the host that it was made on only."""
READ_AND_DELETE = frozenset({"SELECT", "DELETE", "DROP", "SHOW VIEW", "LOCK TABLES", "EXECUTE"})
"""What is left of it while the database holds more than its quota."""


class BadTenant(ValueError):
    """The pillar names something that must not become a database or a user."""


@dataclass(frozen=True, slots=True)
class Database:
    """One that should be there. `quota_mib` is in MiB."""

    name: str
    tenant: str
    quota_mib: int


@dataclass(frozen=True, slots=True)
class User:
    """Who signs in, with all rights on its databases and none elsewhere. `password_hash` as MariaDB stores it."""

    name: str
    tenant: str
    password_hash: str = field(repr=False)
    databases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that one shard should carry for tenants."""

    databases: tuple[Database, ...] = ()
    users: tuple[User, ...] = ()

    @property
    def digest(self) -> str:
        """Differs when anything that is wanted differs."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Account:
    """A user as the server has it. `privileged`: has rights that no tenant may have (on everything)."""

    password_hash: str = field(repr=False)
    plugin: str = "mysql_native_password"
    requires_ssl: bool = True
    locked: bool = False
    privileged: bool = False


@dataclass(frozen=True, slots=True)
class KnownDatabase:
    """A line of the register: Titanicarus made it, for this tenant. `removed`: it left the tenant's file since."""

    tenant: str
    quota_mib: int
    over_quota: bool = False
    removed: bool = False


@dataclass(frozen=True, slots=True)
class KnownUser:
    """A line of the register, for a user."""

    tenant: str
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for last, by its digest, and when a Salt run asked for it (UTC)."""

    digest: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """An instance as it was found.

    `register` is false before the first run; `schemas` every database; `accounts` by user, for any host; `grants` user
    and database to privileges, the database as `mysql.db` has it; `sizes` bytes of tables and indexes by database;
    `wish` is what was carried out last.
    """

    register: bool = False
    schemas: frozenset[str] = frozenset()
    accounts: Mapping[str, Account] = field(default_factory=dict)
    grants: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    databases: Mapping[str, KnownDatabase] = field(default_factory=dict)
    users: Mapping[str, KnownUser] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    wish: Wish | None = None


def wanted_from(tenants: Iterable[Mapping[str, Any]], shard: str) -> Wanted:
    """What `pillar['db']['tenants']` says of one shard; checked again here, as root acts on these names then."""
    databases: list[Database] = []
    users: list[User] = []
    for entry in tenants:
        if entry["shard"] != shard:
            continue
        tenant = _fit(_TENANT, entry["tenant"], "a tenant")
        for one in entry["databases"]:
            databases.append(Database(_fit(_DATABASE, one["name"], "a database"), tenant, int(one["quota_mib"])))
        for one in entry["users"]:
            hashed = _fit(_HASH, one["password_hash"], f"the password hash of {one['name']}")
            users.append(User(_fit(_USER, one["name"], "a user"), tenant, hashed, tuple(sorted(one["databases"]))))
    owners = {database.name: database.tenant for database in databases}
    for user in users:
        for name in user.databases:
            if owners.get(name) != user.tenant:
                raise BadTenant(f"{user.name} of tenant {user.tenant} is to use {name}, which is no database of it")
    return Wanted(
        tuple(sorted(databases, key=lambda database: database.name)), tuple(sorted(users, key=lambda user: user.name))
    )


def _fit(allowed: re.Pattern[str], value: object, kind: str) -> str:
    if not isinstance(value, str) or not allowed.fullmatch(value):
        shown = "" if allowed is _HASH else f" ({value!r})"
        raise BadTenant(f"what the pillar gives cannot be {kind}{shown}")
    return value
