"""Domain names as Route53 writes them: lower case, with the last dot, odd characters as three octal digits.

A name such as `*.Example.com` is kept as `\\052.example.com.`.
"""

from __future__ import annotations

import re

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
_OCTAL = re.compile(r"\\([0-3][0-7][0-7])")
WILDCARD = "\\052"


class BadName(ValueError):
    """The text is no domain name; the message is Route53's word for the fault."""


def canonical(text: str) -> str:
    """The form in which names are kept and compared. Raises BadName."""
    if text in ("", "."):
        raise BadName("DomainLabelEmpty (Domain label is empty)")
    labels = [_label(part) for part in text.removesuffix(".").split(".")]
    name = ".".join(labels) + "."
    if sum(_length(label) + 1 for label in labels) > 254:
        raise BadName("DomainTooLong (Domain name is too long)")
    return name


def _label(text: str) -> str:
    if not text:
        raise BadName("DomainLabelEmpty (Domain label is empty)")
    try:
        octets = _OCTAL.sub(lambda match: chr(int(match[1], 8)), text).encode("latin-1")
    except UnicodeEncodeError as error:
        raise BadName("DomainNameNotASCII (Domain name contains characters that are not ASCII)") from error
    if "\\" in _OCTAL.sub("", text):
        raise BadName("InvalidEscape (an escape is a backslash and three octal digits)")
    if len(octets) > 63:
        raise BadName("DomainLabelTooLong (Domain label is too long)")
    return "".join(char if char in _PLAIN else f"\\{ord(char):03o}" for char in octets.decode("latin-1").lower())


def _length(label: str) -> int:
    return len(_OCTAL.sub("x", label))


def sort_key(name: str) -> str:
    """Route53's order: labels reversed, compared as one text including the dots (so `foo-b` comes before `foo`)."""
    return ".".join(reversed(name.removesuffix(".").split("."))) + "."


def is_within(name: str, zone: str) -> bool:
    """Is `name` the zone's apex, or below it?"""
    return name == zone or name.endswith("." + zone)


def parents(name: str) -> list[str]:
    """`a.b.c.` gives `b.c.` and `c.`: every name above, nearest first."""
    labels = name.removesuffix(".").split(".")
    return [".".join(labels[i:]) + "." for i in range(1, len(labels))]


def wire_labels(name: str) -> tuple[bytes, ...]:
    """The labels as octets, for a DNS message."""
    return tuple(
        _OCTAL.sub(lambda match: chr(int(match[1], 8)), label).encode("latin-1")
        for label in name.removesuffix(".").split(".")
    )


def from_wire(labels: tuple[bytes, ...]) -> str:
    """The canonical name of labels in a DNS message; "." for the root."""
    if not labels:
        return "."
    texts = [label.decode("latin-1").lower() for label in labels]
    return ".".join("".join(c if c in _PLAIN else f"\\{ord(c):03o}" for c in text) for text in texts) + "."
