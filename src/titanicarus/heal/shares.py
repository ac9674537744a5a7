"""Islands whose share of new users is 0 until they are well again, because a master took them out.

The ledgers say so, and nothing else does: whoever brings Route53 up to date, by hand or by itself, reads it there
(`titanicarus.gslb.declared`). Every control host has a copy of each ledger, so any of them can bring an island back.

The word comes first and the deed after it, so a word that nobody confirms may be done, half done or not done at all.
Of a word to take out that is as good as done: the way back puts right whatever there is. A word to bring back counts
for plans at once, and the island is *returning* until somebody has seen Route53 take it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from titanicarus.control import files
from titanicarus.heal.ledger import Ledger

TAKEN_OUT, BROUGHT_BACK = "taken out", "brought back"
STEPS = frozenset({TAKEN_OUT, BROUGHT_BACK})
OUTCOME, DONE = "outcome", "done"
MARK = Path("/var/lib/titanicarus/heal/out.json")
"""There while any island is out or returning: what looks after that is started then, and at no other time."""
RECENT_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Out:
    """An island that is out: by which master and since when (Unix time); `times`: how often it was within the hour
    before, this time included. `returning`: it was brought back, and nobody has seen that Route53 took it. `last` is
    when something was said of it last, and `said_by` by which master."""

    island: str
    by: str
    since: float
    times: int = 1
    returning: bool = False
    last: float = 0.0
    said_by: str = ""


def out(ledgers: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, Out]:
    """The islands that are out or returning, by name. Of what several masters did the latest counts."""
    entries = [entry for every in ledgers.values() for entry in every if "island" in entry]
    entries.sort(key=lambda entry: float(entry["at"]))
    found: dict[str, Out] = {}
    begun: dict[str, list[float]] = {}
    for entry in entries:
        island, step, at = entry["island"], entry["step"], float(entry["at"])
        before = found.get(island)
        if step == TAKEN_OUT and before is None:
            begun[island] = [*(one for one in begun.get(island, ()) if at - one < RECENT_SECONDS), at]
            found[island] = Out(island, entry["master"], at, len(begun[island]), last=at, said_by=entry["master"])
        elif before is None:
            continue
        elif step == BROUGHT_BACK and entry.get("undo"):  # it was never done
            begun[island].pop()
            del found[island]
        elif step == OUTCOME and entry["outcome"] == DONE and before.returning:
            del found[island]
        else:
            returning = step == BROUGHT_BACK or (before.returning and step == OUTCOME)
            found[island] = replace(before, returning=returning, last=at, said_by=entry["master"])
    return found


def without(ledgers: Mapping[str, Iterable[Mapping[str, Any]]]) -> frozenset[str]:
    """The islands that are to have no share."""
    return frozenset(name for name, one in out(ledgers).items() if not one.returning)


def mark(ledger: Ledger, known: Collection[str], path: Path = MARK) -> None:
    """Bring the mark up to date with the ledgers, for the islands that are known here. Raises OSError, Broken."""
    found = [one for name, one in out(ledger.everything()).items() if name in known]
    if found:
        files.write(path, json.dumps([asdict(one) for one in found]))
    else:
        path.unlink(missing_ok=True)
