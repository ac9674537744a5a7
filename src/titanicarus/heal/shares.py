"""Islands whose share of new users is 0 until they are well again, because a master took them out.

The ledgers say so, and nothing else does: whoever brings Route53 up to date, by hand or by itself, reads it there
(`titanicarus.gslb.declared`). Every control host has a copy of each ledger, so any of them can bring an island back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from titanicarus.control import files
from titanicarus.heal.ledger import Ledger

TAKEN_OUT, BROUGHT_BACK = "taken out", "brought back"
STEPS = frozenset({TAKEN_OUT, BROUGHT_BACK})
MARK = Path("/var/lib/titanicarus/heal/out.json")
"""There while any island is out: what looks after its return is started then, and at no other time."""
RECENT_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Out:
    """An island that is out: by which master and since when (Unix time); `times`: how often it was within the hour
    before, this time included."""

    island: str
    by: str
    since: float
    times: int = 1


def out(ledgers: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, Out]:
    """The islands that are out now, by name. Of what several masters did the latest counts."""
    steps = [entry for entries in ledgers.values() for entry in entries if entry["step"] in STEPS]
    steps.sort(key=lambda entry: float(entry["at"]))
    found: dict[str, Out] = {}
    begun: dict[str, list[float]] = {}
    for entry in steps:
        island = entry["island"]
        if entry["step"] == BROUGHT_BACK:
            found.pop(island, None)
        elif island not in found:
            at = entry["at"]
            begun[island] = [*(one for one in begun.get(island, ()) if at - one < RECENT_SECONDS), at]
            found[island] = Out(island, entry["master"], at, len(begun[island]))
    return found


def mark(ledger: Ledger, path: Path = MARK) -> None:
    """Bring the mark up to date with the ledgers. Raises OSError, Broken."""
    found = out(ledger.everything())
    if found:
        files.write(path, json.dumps([asdict(one) for one in found.values()]))
    else:
        path.unlink(missing_ok=True)
