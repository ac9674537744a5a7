"""Who was ever seen by this control host: names of hosts and islands, over restarts of the minion that looks."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from titanicarus.control import files

SEEN = Path("/var/lib/titanicarus/heal/seen.json")


def read(path: Path) -> frozenset[str]:
    """The names; none when there is no file, or one that cannot be read: then everybody has to be seen first."""
    try:
        return frozenset(str(name) for name in json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return frozenset()


def write(path: Path, names: Collection[str]) -> None:
    """Keep the names. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, json.dumps(sorted(names)), 0o644, durable=False)
