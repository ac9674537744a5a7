"""What a minion says, taken apart with suspicion: anybody with a minion's key can say anything under any name."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What is said of a unit. The tag is `salt/beacon/<host>/units/<kind>`."""

    STOPPED = "stopped"
    FAILING = "failing"
    UNKNOWN = "unknown"
    WELL = "well"


TAG = re.compile(r"salt/beacon/([a-z][a-z0-9]*-[a-z][a-z0-9]*)/units/(" + "|".join(Kind) + ")")
UNIT = re.compile(r"\*|[A-Za-z0-9:_.@-]{1,100}\.(?:service|timer)")
_BOOT = re.compile(r"[0-9a-f-]{36}")


class BadReport(ValueError):
    """The event is none of those in docs/healing.md; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Report:
    """A host's word about one of its units.

    `boot` and `up` are the host's boot and how many seconds it had been up when it looked: by them it is told whether
    the word is old, whatever the clocks of the two hosts say. `seconds` is for how long it was so by then, `looks` how
    many looks in a row had found it.
    """

    host: str
    kind: Kind
    unit: str
    boot: str
    up: float
    seconds: float
    looks: int
    why: str = ""

    @property
    def subject(self) -> str:
        """What an incident is about."""
        return f"{self.host}/{self.unit}"


def parse(tag: Any, data: Any) -> Report:
    """Raises BadReport."""
    host, kind = sender(TAG, tag, data)
    return Report(
        host=host,
        kind=Kind(kind),
        unit=text(data, "unit", UNIT),
        boot=text(data, "boot", _BOOT),
        up=number(data, "up"),
        seconds=number(data, "seconds"),
        looks=int(number(data, "looks")),
        why=str(data.get("why", ""))[:200],
    )


def sender(pattern: re.Pattern[str], tag: Any, data: Any) -> tuple[str, str]:
    """The host whose minion sent an event, and the kind of it, by a pattern with these two groups. Raises BadReport."""
    found = pattern.fullmatch(tag) if isinstance(tag, str) else None
    if found is None:
        raise BadReport("its tag is none of ours")
    if not isinstance(data, Mapping):
        raise BadReport("its data are no mapping")
    if data.get("id") != found[1]:
        raise BadReport(f"its tag says {found[1]} and its data another host")
    return found[1], found[2]


def text(data: Mapping[str, Any], key: str, allowed: re.Pattern[str]) -> str:
    """A text that fits the pattern. Raises BadReport."""
    value = data.get(key)
    if not isinstance(value, str) or not allowed.fullmatch(value):
        raise BadReport(f"its {key} is none")
    return value


def number(data: Mapping[str, Any], key: str) -> float:
    """A number from 0 on. Raises BadReport."""
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise BadReport(f"its {key} is no number that can be")
    return float(value)
