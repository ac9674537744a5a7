"""What should be in the directory, from the pillar `directory:`. Checked again here: root writes these values then."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")
_TENANT = re.compile(r"[a-z][a-z0-9-]{0,63}")
_SUFFIX = re.compile(r"dc=[a-z0-9-]+(,dc=[a-z0-9-]+)+")
_HOME = re.compile(r"/home/[a-z][a-z0-9]{0,9}/[a-z][a-z0-9_-]{0,30}")
_HASH = re.compile(r"\$[y6]\$[!-~]+")
_LEAST_ID = 1_000_000


class BadPerson(ValueError):
    """The pillar names something that must not become a login."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in. `password_hash`: the first one, as crypt(3) has it, or None for keys only."""

    name: str
    tenant: str
    uid: int
    full_name: str
    email: str
    home: str
    ssh_keys: tuple[str, ...] = ()
    password_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Group:
    """People of one tenant. `members` are login names."""

    name: str
    tenant: str
    gid: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that the directory should have below `suffix`."""

    suffix: str
    people: tuple[Person, ...] = ()
    groups: tuple[Group, ...] = ()


def wanted_from(pillar: Mapping[str, Any]) -> Wanted:
    """What `pillar['directory']` says. Raises BadPerson."""
    people = tuple(_person(entry) for entry in pillar["people"])
    groups = tuple(_group(entry) for entry in pillar["groups"])
    for kind, numbers in (("people", [one.uid for one in people]), ("groups", [one.gid for one in groups])):
        if len(set(numbers)) != len(numbers):
            raise BadPerson(f"two {kind} of the pillar have one number")
    return Wanted(_fit(_SUFFIX, pillar["suffix"], "a suffix"), people, groups)


def _person(entry: Mapping[str, Any]) -> Person:
    name = _fit(_NAME, entry["name"], "a login name")
    given = entry["password_hash"]
    if given is not None and not (isinstance(given, str) and _HASH.fullmatch(given)):
        raise BadPerson(f"what the pillar gives as the password of {name} is no hash")
    return Person(
        name=name,
        tenant=_fit(_TENANT, entry["tenant"], "a tenant"),
        uid=_number(entry["uid"], name),
        full_name=_line(entry["full_name"], name),
        email=_line(entry["email"], name),
        home=_fit(_HOME, entry["home"], "a home"),
        ssh_keys=tuple(_line(key, name) for key in entry["ssh_keys"]),
        password_hash=given,
    )


def _group(entry: Mapping[str, Any]) -> Group:
    name = _fit(_NAME, entry["name"], "a group")
    members = tuple(_fit(_NAME, member, "a login name") for member in entry["members"])
    return Group(name, _fit(_TENANT, entry["tenant"], "a tenant"), _number(entry["gid"], name), members)


def _number(value: object, owner: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < _LEAST_ID:
        raise BadPerson(f"{value!r} of {owner} cannot be an id: it would be one of the system's")
    return value


def _line(value: object, owner: str) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise BadPerson(f"{owner} has a value that is not one line of text")
    return value


def _fit(allowed: re.Pattern[str], value: object, kind: str) -> str:
    if not isinstance(value, str) or not allowed.fullmatch(value):
        raise BadPerson(f"what the pillar gives cannot be {kind} ({value!r})")
    return value
