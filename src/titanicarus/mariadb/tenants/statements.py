"""SQL statements made of parts that are safe by what they may hold: nothing in here escapes, because nothing has to be.

Names and values of tenants never hold a quote, a backslash or a backtick: what does is refused, whoever let it through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z0-9_]{1,80}")
_WORD = re.compile(r"[A-Za-z0-9_.*:@%+-]{0,128}")
_PRIVILEGE = re.compile(r"[A-Z]+( [A-Z]+)*")


class Unsafe(ValueError):
    """Something that must not become a part of a statement."""


@dataclass(frozen=True, slots=True)
class Part:
    """Text that can stand in a statement. Made by the functions below only."""

    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One whole statement. Made by `statement` only."""

    text: str


def statement(template: str, **parts: Part) -> Statement:
    """`template` is a text of the program, never of a tenant; each `{name}` in it becomes a part."""
    for name, part in parts.items():
        if not isinstance(part, Part):
            raise Unsafe(f"{name} is {part!r}, not a part that was checked")
    return Statement(template.format(**{name: part.text for name, part in parts.items()}))


def identifier(name: str) -> Part:
    """The name of a database."""
    return Part(f"`{_fit(_NAME, name, 'a name')}`")


def pattern(name: str) -> Part:
    """A database in GRANT and REVOKE, where an underscore alone would stand for any character."""
    return Part("`" + pattern_text(_fit(_NAME, name, "a name")) + "`")


def pattern_text(name: str) -> str:
    """How mysql.db has the database."""
    return name.replace("_", r"\_")


def database_of(place: str) -> str | None:
    """The one database that a line of mysql.db is about; None when it is a pattern that fits others as well."""
    name = place.replace(r"\_", "_")
    return name if _NAME.fullmatch(name) and pattern_text(name) == place else None


def word(value: str) -> Part:
    """A value: a name, a password hash, a moment."""
    return Part(f"'{_fit(_WORD, value, 'a value')}'")


def words(values: Iterable[str]) -> Part:
    """Values for IN (…); for none of them one that nothing is equal to."""
    return Part(", ".join(word(value).text for value in values) or "NULL")


def number(value: int) -> Part:
    """A whole number."""
    return Part(str(int(value)))


def account(user: str) -> Part:
    """A tenant's user. It may come from everywhere: the load balancers are who connects, and the gate who lets them."""
    return Part(f"'{_fit(_NAME, user, 'a name')}'@'%'")


def privileges(names: Iterable[str]) -> Part:
    """What is granted or revoked."""
    return Part(", ".join(_fit(_PRIVILEGE, name, "a privilege") for name in sorted(names)))


def _fit(allowed: re.Pattern[str], value: str, kind: str) -> str:
    if not isinstance(value, str) or not allowed.fullmatch(value):
        raise Unsafe(f"{value!r} cannot be {kind} in a statement")
    return value
