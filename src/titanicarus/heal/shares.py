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
    before, this time included. `returning`: it was brought back, and nobody has seen that Route53 took it. `said_by` is
    the master of the last word about it, `last` when that was, `incident` in which, and `under_way`: no outcome of it
    is known."""

    island: str
    by: str
    since: float
    times: int = 1
    returning: bool = False
    last: float = 0.0
    said_by: str = ""
    incident: str = ""
    under_way: bool = True


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
            found[island] = _said(Out(island, entry["master"], at, len(begun[island])), entry)
        elif before is None:
            continue
        elif step in STEPS:
            if step == BROUGHT_BACK and entry.get("undo"):  # it was never done
                begun[island].pop()
                del found[island]
            else:
                found[island] = _said(replace(before, returning=step == BROUGHT_BACK), entry)
        elif entry["incident"] == before.incident:  # what came of an earlier word says nothing of this one
            found[island] = replace(before, under_way=False)
            if before.returning and entry["outcome"] == DONE:
                del found[island]
    return found


def _said(one: Out, entry: Mapping[str, Any]) -> Out:
    return replace(one, last=float(entry["at"]), said_by=entry["master"], incident=entry["incident"], under_way=True)


def latest(ledgers: Mapping[str, Iterable[Mapping[str, Any]]], island: str) -> float:
    """When anything was said of the island's share last, by the clock of whoever said it; 0 when nothing was."""
    return max(
        (float(entry["at"]) for every in ledgers.values() for entry in every if entry.get("island") == island),
        default=0.0,
    )


def without(ledgers: Mapping[str, Iterable[Mapping[str, Any]]]) -> frozenset[str]:
    """The islands that are to have no share."""
    return frozenset(name for name, one in out(ledgers).items() if not one.returning)


def mark(ledger: Ledger, known: Collection[str], path: Path = MARK) -> None:
    """Bring the mark up to date with the ledgers, for the islands that are known here. Raises OSError, Broken."""
    with files.alone(path):
        found = [one for name, one in out(ledger.everything()).items() if name in known]
        if found:
            files.write(path, json.dumps([asdict(one) for one in found]))
        else:
            path.unlink(missing_ok=True)
