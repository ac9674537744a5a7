"""The passwords of databases' users: what tenants' files say, or else what the home island's seed gives."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from titanicarus import pki
from titanicarus.control.errors import ControlError
from titanicarus.fleet import Declaration, Tenant
from titanicarus.fleet.model import Database, DatabaseUser

LEAST, MOST = 12, 128
_PRINTABLE = re.compile(r"[!-~]*")


class UnfitPassword(ValueError):
    """A password that cannot be used; the message says why, and not what it was."""


class Unreadable(ControlError):
    """Passwords in tenants' files that this fleet cannot read. `problems` has a line for each, with its place."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join([*problems, "nothing was changed"]))


@dataclass(frozen=True, slots=True)
class Passwords:
    """The clear password of each user of each tenant's databases, by the user's name, which is unique in the fleet."""

    clear: Mapping[str, str] = field(repr=False)

    def hashed(self, user: str) -> str:
        """What MariaDB stores for a user (mysql_native_password): `*` and the SHA-1 of the SHA-1."""
        once = hashlib.sha1(self.clear[user].encode(), usedforsecurity=False).digest()
        return "*" + hashlib.sha1(once, usedforsecurity=False).hexdigest().upper()


def passwords_of(declaration: Declaration, key: pki.SealingKey, islands: Mapping[str, pki.Island]) -> Passwords:
    """All of them. Raises Unreadable with every one that cannot be read."""
    clear: dict[str, str] = {}
    problems: list[str] = []
    for tenant, database, user in _users(declaration):
        try:
            clear[user.name] = _password(user, key, islands[tenant.home])
        except (pki.CannotOpen, UnfitPassword) as error:
            place = f"databases.{database.name}.users.{user.name}.password"
            problems.append(f"{declaration.tenant_file(tenant.name)}: {place}: {error}")
    if problems:
        raise Unreadable(problems)
    return Passwords(clear)


def has_sealed(declaration: Declaration) -> bool:
    """Whether any tenant's file has an encrypted password."""
    return any(user.password is not None for _, _, user in _users(declaration))


def fit(password: str) -> str:
    """The password, if it can be used. Raises UnfitPassword."""
    if not _PRINTABLE.fullmatch(password):
        raise UnfitPassword("a password has printable ASCII characters only, and no spaces")
    if not LEAST <= len(password) <= MOST:
        raise UnfitPassword(f"a password has {LEAST} to {MOST} characters, and this one has {len(password)}")
    return password


def purpose(user: str) -> str:
    """What a sealed password is bound to."""
    return f"database/{user}"


def _users(declaration: Declaration) -> Iterator[tuple[Tenant, Database, DatabaseUser]]:
    for tenant in declaration.tenants:
        for database in tenant.databases.values():
            for user in database.users:
                yield tenant, database, user


def _password(user: DatabaseUser, key: pki.SealingKey, home: pki.Island) -> str:
    if user.password is None:
        return pki.derive_password(home.seed, purpose(user.name))
    return fit(pki.unseal(key, purpose(user.name), user.password))
