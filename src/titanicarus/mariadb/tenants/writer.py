"""Which host writes to a shard now, by what this host's keeper says of it. Pure but for reading one file."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

KEEPER_FILE = Path("/run/titanicarus/keeper/shards.json")
PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.25


class Standing(StrEnum):
    """Whose the shard is: this host's, another's, or nobody's that is known of here."""

    HERE = "here"
    ELSEWHERE = "elsewhere"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Writer:
    """`why` is a sentence."""

    standing: Standing
    why: str


def writer_of(shard: str, status: Mapping[str, Any] | None) -> Writer:
    """`status` is the keeper's document, None when there is none."""
    if status is None:
        return Writer(Standing.NOBODY, "the keeper of this host has said nothing yet: does titanicarus-keeper run?")
    host, facts = status["host"], status["shards"].get(shard)
    if facts is None:
        return Writer(
            Standing.NOBODY, f"the keeper of {host} does not know the shard {shard}: apply to this host first"
        )
    if facts["open"]:
        return Writer(Standing.HERE, f"{host} writes to {shard}")
    owner = facts["owner"]
    if owner and owner != host:
        return Writer(Standing.ELSEWHERE, f"{owner} has the lease on {shard}, not {host}")
    why = facts.get("why") or "no reason given"
    return Writer(Standing.NOBODY, f"no host is open for writes to {shard}: {why}")


def read_status(path: Path = KEEPER_FILE) -> dict[str, Any] | None:
    """The keeper's document; None when it has written none."""
    try:
        status: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return status


def await_writer(
    shard: str,
    patience: float = PATIENCE_SECONDS,
    read: Callable[[], Mapping[str, Any] | None] = read_status,
) -> Writer:
    """The writer; waits up to `patience` seconds while there is nobody, and then says why."""
    deadline = time.monotonic() + patience
    while True:
        found = writer_of(shard, read())
        if found.standing is not Standing.NOBODY or time.monotonic() >= deadline:
            return found
        time.sleep(_POLL_SECONDS)
