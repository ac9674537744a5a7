"""Global transaction ids, `domain-server-sequence`. The fleet uses domain 0 only, with gtid_strict_mode."""

from __future__ import annotations

import re
from typing import NamedTuple

DOMAIN = 0
_GTID = re.compile(r"(\d+)-(\d+)-(\d+)")


class Gtid(NamedTuple):
    """One transaction. Strict mode numbers a shard's commits 1, 2, 3, …, whoever made them."""

    domain: int
    server: int
    sequence: int

    def __str__(self) -> str:
        return f"{self.domain}-{self.server}-{self.sequence}"


def parse(text: str) -> tuple[Gtid, ...]:
    """A list as MariaDB writes it: `0-1-5,0-2-7`, or nothing. Raises ValueError for anything else."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    found = []
    for part in parts:
        match = _GTID.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is no GTID (domain-server-sequence)")
        found.append(Gtid(*(int(number) for number in match.groups())))
    return tuple(found)


def sequence(*positions: str) -> int:
    """The highest number of a commit in any of these positions; 0 when there is none."""
    return max((gtid.sequence for text in positions for gtid in parse(text) if gtid.domain == DOMAIN), default=0)


def position(*positions: str) -> str:
    """The later of these positions, as text for MariaDB; empty when there is none."""
    found = [gtid for text in positions for gtid in parse(text) if gtid.domain == DOMAIN]
    return str(max(found, key=lambda gtid: gtid.sequence)) if found else ""
