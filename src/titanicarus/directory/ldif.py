"""Entries as text: LDIF (RFC 2849), as OpenLDAP's programs read and write it. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

Attributes = Mapping[str, tuple[str, ...]]
"""Name to values. Names as the schema spells them; the order of values means nothing."""
_SAFE = frozenset(chr(code) for code in range(32, 127))
_UNSAFE_FIRST = frozenset(" :<")


class BadLdif(ValueError):
    """A text that is no LDIF; the message says where, and never what is in it."""


class Kind(StrEnum):
    """What is done to an entry."""

    ADD = "add"
    MODIFY = "modify"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one entry. `attributes` of a new entry are all of it; of a changed one those that are replaced,
    an empty tuple takes one away. `words` say in short what is done, without any value that is a secret."""

    kind: Kind
    dn: str
    words: str
    attributes: Attributes = field(default_factory=dict, repr=False)


def changes_text(changes: Iterable[Change]) -> str:
    """What ldapmodify reads."""
    return "\n".join("\n".join(_change(change)) + "\n" for change in changes)


def entries_text(entries: Mapping[str, Attributes]) -> str:
    """What slapadd reads, in the order of the mapping: a parent stands before what is below it."""
    return "\n".join(
        "\n".join([_line("dn", dn), *(line for name in found for line in _lines(name, found[name]))]) + "\n"
        for dn, found in entries.items()
    )


def parse(text: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """Entries by name, from what ldapsearch, slapcat or slaptest write. Raises BadLdif."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for block in _blocks(text):
        name, dn = block[0]
        if name != "dn":
            raise BadLdif(f"an entry begins with {name[:40]!r}, not with its dn")
        entry: dict[str, list[str]] = {}
        for attribute, value in block[1:]:
            entry.setdefault(attribute, []).append(value)
        found[dn] = {attribute: tuple(values) for attribute, values in entry.items()}
    return found


def _change(change: Change) -> Iterator[str]:
    yield _line("dn", change.dn)
    yield f"changetype: {change.kind}"
    if change.kind is Kind.ADD:
        for name, values in change.attributes.items():
            yield from _lines(name, values)
    elif change.kind is Kind.MODIFY:
        for name, values in change.attributes.items():
            yield f"replace: {name}"
            yield from _lines(name, values)
            yield "-"


def _lines(name: str, values: Sequence[str]) -> Iterator[str]:
    return (_line(name, value) for value in values)


def _line(name: str, value: str) -> str:
    if value and set(value) <= _SAFE and value[0] not in _UNSAFE_FIRST and not value.endswith(" "):
        return f"{name}: {value}"
    return f"{name}:: {base64.b64encode(value.encode()).decode()}"


def _blocks(text: str) -> Iterator[list[tuple[str, str]]]:
    block: list[tuple[str, str]] = []
    for line in [*_unfolded(text), ""]:
        if line.startswith("#") or (not block and line.startswith("version:")):
            continue
        if line:
            block.append(_attribute(line))
        elif block:
            yield block
            block = []


def _unfolded(text: str) -> list[str]:
    lines: list[str] = []
    for line in text.split("\n"):
        if line.startswith(" ") and lines:
            lines[-1] += line[1:]
        else:
            lines.append(line)
    return lines


def _attribute(line: str) -> tuple[str, str]:
    name, colon, rest = line.partition(":")
    if not colon or not name:
        raise BadLdif("a line has no attribute")
    if not rest.startswith(":"):
        return name, rest.strip(" ")
    try:
        return name, base64.b64decode(rest[1:].strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise BadLdif(f"a value of {name} cannot be read") from error
