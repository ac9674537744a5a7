"""What the last Salt run on this host wished for, kept on its disk: who becomes the one to write can carry it out.

As with tenants' databases (titanicarus.mariadb.tenants.wishes). What was carried out last is written in the directory
itself, in its topmost entry, so every server knows it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from titanicarus.control import files
from titanicarus.directory.ldif import Attributes, Change, Kind
from titanicarus.directory.people import Wanted, wanted_from
from titanicarus.mariadb.tenants.model import Wish

KEPT = Path("/var/lib/titanicarus/people.json")
_ATTRIBUTE = "description"
_WORD = "applied"


def keep(pillar: Mapping[str, Any], now: datetime, path: Path = KEPT) -> tuple[Wanted, Wish]:
    """Keep what the pillar `directory:` wants since `now`. Raises BadPerson, with nothing kept."""
    wanted = wanted_from(pillar)
    wish = Wish(_digest(pillar), now.astimezone(UTC))
    part = {key: pillar[key] for key in ("suffix", "people", "groups")}
    files.write(path, json.dumps({"at": wish.at.isoformat(), "directory": part}), 0o600)
    return wanted, wish


def kept(path: Path = KEPT) -> tuple[Wanted, Wish] | None:
    """What is kept, None when no run has been here."""
    try:
        data = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    part = data["directory"]
    return wanted_from(part), Wish(_digest(part), datetime.fromisoformat(data["at"]))


def done(entry: Attributes) -> Wish | None:
    """What was carried out last, by the topmost entry of the directory."""
    for value in entry.get(_ATTRIBUTE, ()):
        word, _, rest = value.partition(" ")
        digest, _, at = rest.partition(" ")
        if word == _WORD:
            return Wish(digest, datetime.fromisoformat(at))
    return None


def record(suffix: str, wish: Wish) -> Change:
    """Write down that this wish has been carried out."""
    value = f"{_WORD} {wish.digest} {wish.at.isoformat()}"
    return Change(Kind.MODIFY, suffix, "what was applied last", {_ATTRIBUTE: (value,)})


def _digest(pillar: Mapping[str, Any]) -> str:
    part = [pillar["suffix"], pillar["people"], pillar["groups"]]
    return hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:32]
