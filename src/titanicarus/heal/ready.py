"""Is this host ready to serve users again after its island was away? Sentences about what has still to come right.

Who tells of itself is asked in its own words: systemd, the databases, and the service that looks after the files.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from typing import Any

from titanicarus.heal.here import Here
from titanicarus.volumes import words
from titanicarus.volumes.facts import STATUS

LAG_SECONDS = 10.0
"""The most that a copy of a database may be behind."""


def units(here: Here, wanted: Collection[str]) -> list[str]:
    """What should run and does not. Raises OSError when nobody can tell."""
    runs = here.invocations()
    if here.booting(runs):
        return ["is booting"]
    return [f"{unit} does not run" for unit in here.enabled(wanted) if unit not in runs]


def copies(status: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Of the databases here, as `shard.status` has them. One that is open is no copy."""
    return [f"database {shard} {why}" for shard, facts in sorted(status.items()) if (why := _behind(facts))]


def _behind(facts: Mapping[str, Any]) -> str:
    if "down" in facts:
        return f"is down: {facts['down']}"
    if not facts["read_only"]:
        return ""
    if facts["source"] is None:
        return "follows nobody"
    if not (facts["io_running"] and facts["sql_running"]):
        return f"does not follow {facts['source']}: {facts['io_error'] or facts['sql_error'] or 'no reason given'}"
    lag = facts["lag_seconds"]
    if lag is None:
        return "cannot say how far it is behind"
    return f"is {lag:.0f} s behind" if lag > LAG_SECONDS else ""


def kept_files(here: Here) -> list[str]:
    """Of the bricks and mounts of a host that has any. Raises OSError and ValueError when what it wrote down cannot be
    read."""
    path = here.below(STATUS)
    if not path.exists():
        return ["has said nothing of its files since it started"]
    if (silent := time.time() - path.stat().st_mtime) > words.STALE_SECONDS:
        return [f"has said nothing of its files for {silent:.0f} s"]
    return of_document(json.loads(path.read_text(encoding="utf-8")))


def of_document(document: Mapping[str, Any]) -> list[str]:
    """What the service of the files wrote down. Raises KeyError."""
    found = []
    for name, facts in sorted(document["bricks"].items()):
        well, why = words.brick(facts)
        if words.serves(why):
            continue  # what waits to be healed waits for who is away
        if not well:
            found.append(f"brick of {name}: {why}")
        elif facts["pending"]:
            found.append(f"brick of {name}: {facts['pending']} files wait to be healed")
    for name, facts in sorted(document["mounts"].items()):
        well, why = words.mount(facts)
        if not well:
            found.append(f"mount of {name}: {why}")
    return found
