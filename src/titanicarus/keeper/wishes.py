"""What the operator asks of this host's keeper, shard by shard: a file that commands write and each tick reads.

`paused` and `drained` stand until they are taken back. `move_to` and `override` are orders about one epoch, which they
name: whatever raises the epoch makes them void. So an order that nobody took back, because the command was
interrupted, cannot act in another situation weeks later.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from titanicarus.control import files
from titanicarus.lease.messages import Wishes
from titanicarus.lease.record import Record, Stage

FILE = Path("/var/lib/titanicarus/keeper/wishes.json")
KEYS = ("paused", "move_to", "drained", "override", "epoch")


class BadWishes(ValueError):
    """The file, or what was asked for, cannot be used; the message says what and how to put it right."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked about one shard. `epoch` is the one that `move_to` and `override` are about, None without them."""

    paused: bool = False
    move_to: str | None = None
    drained: bool = False
    override: bool = False
    epoch: int | None = None

    def for_protocol(self, record: Record | None, me: str) -> Wishes:
        """What the protocol is told, given the item as this host knows it."""
        return Wishes(
            paused=self.paused,
            drained=self.drained,
            move_to=self.move_to if record and record.epoch == self.epoch else None,
            override=self.override and record is not None and self._may_override(record, me),
        )

    def _may_override(self, record: Record, me: str) -> bool:
        """In the epoch that it is about, and in the next one if this host has won it: then it must still open."""
        if self.epoch is None:
            return False
        opens = record.epoch == self.epoch + 1 and record.owner == me and record.stage is not Stage.OPEN
        return record.epoch == self.epoch or opens

    def sentences(self, epoch: int = 0, *, open: bool = False) -> list[str]:
        """What stands, in the operator's words; nothing for a wish that asks for nothing.

        `epoch` is the item's, `open` whether this host writes: an order about an earlier epoch is void by then, but for
        an override that has won and is still to open.
        """
        past = epoch - self.epoch if self.epoch is not None else 0
        overrides = self.override and (past <= 0 or (past == 1 and not open))
        said = ["paused: takes no lease"] if self.paused else []
        said += ["drained: hands its lease over and takes none"] if self.drained else []
        said += [f"to be moved to {self.move_to} in epoch {self.epoch}"] if self.move_to and past <= 0 else []
        said += [f"override of epoch {self.epoch}"] if overrides else []
        return said


def read_wishes(path: Path = FILE) -> dict[str, Wish]:
    """Shard to wish; empty when there is no file. Raises BadWishes, and OSError when the disk fails."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise _bad(path, "is no text") from error
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _bad(path, f"is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise _bad(path, "is not a mapping of shards")
    try:
        return {shard: parse_wish(value) for shard, value in document.items()}
    except BadWishes as error:
        raise _bad(path, str(error)) from error


def parse_wish(value: Any) -> Wish:
    """One wish from its document; keys that are left out ask for nothing. Raises BadWishes."""
    if not isinstance(value, Mapping):
        raise BadWishes(f"expected a mapping with {', '.join(KEYS)}, found {value!r}")
    if unknown := sorted(set(value) - set(KEYS)):
        raise BadWishes(f"unknown key {', '.join(map(str, unknown))}; known are {', '.join(KEYS)}")
    for key in ("paused", "drained", "override"):
        if not isinstance(value.get(key, False), bool):
            raise BadWishes(f"{key}: expected true or false, found {value[key]!r}")
    target, epoch = value.get("move_to"), value.get("epoch")
    if target is not None and (not isinstance(target, str) or not target):
        raise BadWishes(f"move_to: expected the id of a host, found {target!r}")
    if epoch is not None and (isinstance(epoch, bool) or not isinstance(epoch, int) or epoch < 0):
        raise BadWishes(f"epoch: expected a number, found {epoch!r}")
    wish = Wish(**value)
    if (wish.move_to or wish.override) and epoch is None:
        raise BadWishes("epoch: move_to and override need the epoch that they are about")
    if epoch is not None and not (wish.move_to or wish.override):
        raise BadWishes("epoch: only move_to and override have one")
    return wish


def change_wish(shard: str, changes: Mapping[str, Any], path: Path = FILE) -> Wish:
    """Set these keys of one shard's wish and leave the others; gives back what stands now.

    Taking back `move_to` and `override` takes their epoch back. Raises BadWishes, with nothing changed.
    """
    if unknown := sorted(set(changes) - set(KEYS)):
        raise BadWishes(f"unknown key {', '.join(map(str, unknown))}; known are {', '.join(KEYS)}")
    with files.alone(path):
        standing = read_wishes(path)
        merged = asdict(standing.get(shard, Wish())) | dict(changes)
        if not merged["move_to"] and not merged["override"]:
            merged["epoch"] = None
        standing[shard] = parse_wish(merged)
        _write(standing, path)
        return standing[shard]


def clear_orders(shard: str, path: Path = FILE) -> Wish:
    """Take `move_to` and `override` back."""
    return change_wish(shard, {"move_to": None, "override": False}, path)


def _write(wishes: Mapping[str, Wish], path: Path) -> None:
    """Whole and on the disk before the name is; a shard of which nothing is asked is left out."""
    document = {shard: asdict(wish) for shard, wish in sorted(wishes.items()) if wish != Wish()}
    files.write(path, json.dumps(document, indent=1) + "\n")


def _bad(path: Path, why: str) -> BadWishes:
    return BadWishes(f"{path}: {why}; remove the file to ask for nothing, then set what you want again")
