"""A database host leaves by handing its leases to its standbys and taking none; its copies go on following."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from titanicarus.drain import decide, look
from titanicarus.keeper.wishes import FILE, change_wish, read_wishes

DOCUMENT = Path("/run/titanicarus/keeper/shards.json")


class NotHandedOver(Exception):
    """A lease did not leave this host in time: the drain was undone."""


def drained(shards: Sequence[str], wishes: Path = FILE) -> bool:
    """Whether any of them is drained here."""
    standing = read_wishes(wishes)
    return any(shard in standing and standing[shard].drained for shard in shards)


def owned(document: Path = DOCUMENT) -> dict[str, Mapping[str, Any]] | None:
    """Shards whose lease this host has, with what its keeper says of them; None when the keeper says nothing."""
    try:
        said = json.loads(document.read_text(encoding="utf-8"))
        return {shard: facts for shard, facts in said["shards"].items() if facts.get("owner") == said["host"]}
    except (OSError, ValueError, KeyError):
        return None


def may_leave(document: Path = DOCUMENT) -> decide.Decision:
    """Whether everything that this host writes has somebody to go to at once."""
    mine = owned(document)
    if mine is None:
        return decide.Decision(False, "the keeper of this host says nothing")
    return decide.databases(
        {shard: facts["standby"] if facts.get("in_sync") else None for shard, facts in mine.items()}
    )


def leave(shards: Sequence[str], seconds: float, *, force: bool, document: Path = DOCUMENT, wishes: Path = FILE) -> str:
    """Hand every lease over and take none; kept over a reboot. Returns what was seen.

    Raises NotHandedOver, after undoing it, when one is still here after `seconds` (unless `force`).
    """
    before = sorted(owned(document) or {})
    for shard in shards:
        change_wish(shard, {"drained": True}, wishes)
    gone = look.wait_for(lambda: owned(document) == {}, seconds)
    left = sorted(owned(document) or {})
    if not gone and not force:
        come_back(shards, wishes)
        raise NotHandedOver(f"{', '.join(left) or 'some lease'} was not handed over within {seconds:g} s")
    handed = [shard for shard in before if shard not in left]
    said = f"handed {', '.join(handed)} over" if handed else "had no lease to hand over"
    return f"{said}; still has {', '.join(left)}, which has no standby" if left else f"{said}; takes none"


def come_back(shards: Sequence[str], wishes: Path = FILE) -> str:
    """May take leases again. What was handed over stays where it is. Returns what was seen."""
    if not drained(shards, wishes):
        return "was not drained"
    for shard in shards:
        change_wish(shard, {"drained": False}, wishes)
    return "takes leases again; those that it had stay where they are (`saguire db move` brings one back)"
