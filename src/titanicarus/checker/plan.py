"""What clients of a database are told to do, and where: plain values, for the operator's machine and for the clients.

The operator's machine has no driver of MariaDB, and needs none.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from titanicarus.checker.history import Kind

TRUST = "/etc/titanicarus/pki/root.crt"
SET_UP_SECONDS = 40.0
"""For how long clients try to make their tables."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where a database is, and who signs in. An empty `trust`: no TLS, for a server of a test."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    trust: str = TRUST


@dataclass(frozen=True, slots=True)
class Part:
    """What one client does. `fresh`: each write has a connection of its own; else open ones are used again."""

    kind: Kind
    fresh: bool
    share: float

    def __str__(self) -> str:
        """How figures call it."""
        how = "each with a new connection" if self.fresh else "with open connections"
        return f"{self.kind.value}s {how}"


PARTS = (
    Part(Kind.INSERT, fresh=True, share=1.0),
    Part(Kind.INSERT, fresh=False, share=1.0),
    Part(Kind.INCREMENT, fresh=False, share=0.5),
    Part(Kind.TRANSFER, fresh=False, share=0.5),
)
"""The first client, the second, and so on; the fifth is as the first. `share` is of the rate."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`rate` is writes a second of a client with a whole share; `deadline` in seconds, for one write.

    `run` names the run (see tables.py). `first` is the number of the first client: 0 makes the tables, others join
    clients on another host.
    """

    access: Access
    run: str
    first: int = 0
    clients: int = 4
    rate: float = 10.0
    deadline: float = 1.0


def part_of(client: int) -> Part:
    """What a client does, by its number."""
    return PARTS[client % len(PARTS)]


def settings_from(document: dict[str, Any]) -> Settings:
    """Settings from what stands in the first line. Raises TypeError or KeyError."""
    rest = {name: value for name, value in document.items() if name != "access"}
    return Settings(Access(**document["access"]), **rest)


def new_run() -> str:
    """A name for one more run."""
    return secrets.token_hex(4)


def now() -> float:
    """Seconds of CLOCK_BOOTTIME."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
