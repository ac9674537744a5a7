"""Where nothing is to be healed, and until when: `saguire pause`, `saguire maintenance`.

A file on the hosts that it is about and on every control host, so that it counts with every master off and on every
side of a cut. Of what two hosts say about the same scope the newer word counts, by the operator's clock, which wrote
both; the end of a hold is a word as well.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from titanicarus.control import files

FILE = Path("/var/lib/titanicarus/heal/holds.json")
FLEET = "*"
"""The scope of a pause; other scopes are names of islands and ids of hosts."""
REMEMBERED = 30 * 86400.0


class BadHolds(ValueError):
    """The file, or what was asked for, cannot be used; the message says what and how to put it right."""


@dataclass(frozen=True, slots=True)
class Hold:
    """`at` and `until` are Unix times; `until` None: without an end. One whose end is `at` was taken back."""

    scope: str
    at: float
    until: float | None
    by: str
    why: str = ""

    def stands(self, now: float) -> bool:
        """Whether it counts at `now`."""
        return self.until is None or now < self.until

    def sentence(self, now: float) -> str:
        """For people: `maintenance of syd-db1 by anna for another 2 h: new disk`."""
        what = "a pause of all healing" if self.scope == FLEET else f"maintenance of {self.scope}"
        end = "until it is taken back" if self.until is None else f"for another {spell(self.until - now)}"
        return f"{what} by {self.by} {end}" + (f": {self.why}" if self.why else "")


def spell(seconds: float) -> str:
    """Seconds as people say them: `40 s`, `12 min`, `1.5 h`."""
    if seconds < 100:
        return f"{max(0.0, seconds):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.3g} h"


def parse(document: Any) -> Hold:
    """A hold from its document. Raises BadHolds."""
    try:
        scope, at, until = document["scope"], document["at"], document["until"]
        numbers = [at] if until is None else [at, until]
        words = [scope, document["by"], document.get("why", "")]
        if any(isinstance(one, bool) or not isinstance(one, int | float) for one in numbers):
            raise BadHolds(f"`at` and `until` are Unix times, found {numbers}")
        if not all(isinstance(one, str) for one in words) or not scope:
            raise BadHolds(f"`scope`, `by` and `why` are words, found {words}")
    except (KeyError, TypeError, AttributeError) as error:
        raise BadHolds(f"a hold has scope, at, until, by and why; found {document!r}") from error
    return Hold(scope, float(at), None if until is None else float(until), *words[1:])


def newest(holds: Iterable[Hold]) -> dict[str, Hold]:
    """The newest word about each scope."""
    found: dict[str, Hold] = {}
    for hold in holds:
        if hold.scope not in found or hold.at >= found[hold.scope].at:
            found[hold.scope] = hold
    return found


def over(holds: Iterable[Hold], scopes: Collection[str], now: float) -> Hold | None:
    """What holds something of these scopes at `now`, by the newest word about each; None when nothing does."""
    return next((hold for scope, hold in newest(holds).items() if scope in scopes and hold.stands(now)), None)


def read(path: Path = FILE) -> tuple[Hold, ...]:
    """What this host was told; empty without a file. Raises BadHolds, and OSError when the disk fails."""
    try:
        entries = json.loads(path.read_bytes())
        if not isinstance(entries, list):
            raise BadHolds(f"found {entries!r}")
        return tuple(parse(entry) for entry in entries)
    except FileNotFoundError:
        return ()
    except ValueError as error:
        raise BadHolds(f"{path}: {error}; remove the file to hold nothing, then hold what you want again") from error


def write(new: Hold, path: Path = FILE) -> tuple[Hold, ...]:
    """Add a word; an older one about the same scope is forgotten. Gives back what stands in the file then."""
    with files.alone(path):
        kept = newest([*read(path), new])
        recent = tuple(hold for hold in kept.values() if hold.until is None or new.at - hold.until < REMEMBERED)
        files.write(path, json.dumps([asdict(hold) for hold in recent], indent=1) + "\n")
    return recent


def documents(holds: Iterable[Hold]) -> list[Mapping[str, Any]]:
    """Plain values for JSON."""
    return [asdict(hold) for hold in holds]
