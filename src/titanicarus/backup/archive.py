"""The binary logs of a local instance, copied as they grow: only what was added since, and never anything twice."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from titanicarus.backup.store import Place

_HEAD = 4096
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Synced:
    """`begun` says why a new generation was begun; None when the one that was there goes on."""

    generation: str
    copied: int
    begun: str | None


def sync(place: Place, source: Path, names: Sequence[str], now: float) -> Synced:
    """Bring the newest generation up to the instance's logs `names` (oldest first) in the folder `source`.

    Raises OSError; what was copied until then is whole, and the next call goes on.
    """
    generations = place.generations()
    newest = generations[-1] if generations else None
    broken = "these are its first logs here" if newest is None else _broken(place, newest, source, names)
    generation = place.begin(now) if newest is None or broken else newest
    have = place.log_names(generation)
    due = list(names) if not have else names[names.index(have[-1]) :]
    copied = sum(_append(source / name, place.logs(generation) / name) for name in due)
    return Synced(generation, copied, broken)


def _broken(place: Place, generation: str, source: Path, names: Sequence[str]) -> str | None:
    """Why the instance's logs do not go on from those that are kept; None when they do."""
    have = place.log_names(generation)
    if not have:
        return None
    if have[-1] not in names:
        return f"{have[-1]} is gone from the instance, and was not kept whole"
    for name in (have[-1], *(name for name in have[-2:-1] if name in names)):
        kept, there = place.logs(generation) / name, source / name
        size = kept.stat().st_size
        if there.stat().st_size < size:
            return f"{name} is shorter than it was: the instance was made anew, or lost its end in a crash"
        if _head(kept, size) != _head(there, size):
            return f"{name} is another one than it was: the instance was made anew"
    return None


def _head(path: Path, size: int) -> bytes:
    """Its first event has the second in which it was begun, and the second one what came before it."""
    with path.open("rb") as stream:
        return stream.read(min(size, _HEAD))


def _append(source: Path, target: Path) -> int:
    """Copy what `target` lacks; gives back how many bytes. It is on the disk afterwards."""
    copied = 0
    with source.open("rb") as reading, target.open("ab") as writing:
        os.fchmod(writing.fileno(), 0o600)
        reading.seek(writing.tell())
        while block := reading.read(_BLOCK):
            writing.write(block)
            copied += len(block)
        if copied:
            writing.flush()
            os.fsync(writing.fileno())
    return copied
