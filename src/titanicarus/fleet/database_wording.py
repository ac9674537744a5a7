"""What the values of a tenant's databases may look like. As in `wording`, each check gives the value back or raises."""

from __future__ import annotations

import re

from .model import App
from .problems import did_you_mean
from .wording import text

DATABASE_NAME = r"[a-z][a-z0-9_]{0,47}"
DATABASE_USER = r"[a-z][a-z0-9_]{0,79}"
SEALED = r"sealed1:[A-Za-z0-9_-]+"
SEALED_LEAST = 86
"""Characters of the shortest encrypted password (titanicarus.pki.sealed)."""
RESERVED_DATABASES = frozenset({"mysql", "sys", "information_schema", "performance_schema", "test"})
RESERVED_DATABASE_USERS = frozenset(
    {"root", "mysql", "mariadb", "replication", "keeper", "saguire", "copies", "backup", "checker", "public", "none"}
)


class Confidential(ValueError):
    """Advice about a value that may be a secret and must not be shown."""


def database_name(value: object) -> str:
    """The name of a tenant's database."""
    name = text(value)
    if not re.fullmatch(DATABASE_NAME, name):
        plain = re.sub(r"[^a-z0-9_]", "_", name.lower()).lstrip("0123456789_")[:48]
        hint = f', for example "{plain}"' if plain else ""
        raise ValueError(
            f"a database's name has at most 48 small letters, digits and underscores, and starts with a letter{hint}"
        )
    if name in RESERVED_DATABASES or name.startswith("titanicarus"):
        raise ValueError(f'"{name}" is a name of the database server or the platform; choose another')
    return name


def database_user(value: object) -> str:
    """The name with which a program signs in to a database."""
    name = text(value)
    if not re.fullmatch(DATABASE_USER, name):
        raise ValueError(
            "a database user has at most 80 small letters, digits and underscores, and starts with a letter"
        )
    if name in RESERVED_DATABASE_USERS or name.startswith("titanicarus"):
        raise ValueError(f'"{name}" is a user of the database server or the platform; choose another')
    return name


def sealed(value: object) -> str:
    """An encrypted password, as `saguire encrypt` prints it. What else stands there may be a clear one."""
    if not isinstance(value, str) or not re.fullmatch(SEALED, value):
        raise Confidential(
            "is not an encrypted password: give the password to `saguire encrypt USER` and paste what it prints, "
            "or leave it out; if this was a password in clear text, take another one"
        )
    if len(value.partition(":")[2]) < SEALED_LEAST:
        raise Confidential("is cut off; paste the whole line that `saguire encrypt` printed")
    return value


def app(value: object) -> App:
    """An application that the platform installs."""
    word = text(value)
    if word in App.__members__.values():
        return App(word)
    raise ValueError(f"is not an application; there is {', '.join(App)}{did_you_mean(word, list(App))}")
