"""What changed in a volume, in batches with numbers: on the disk before they are shipped, until every copy has them.

A copy has one too, of what it was shipped. So whoever goes on as the holder can bring the other copies to where it is,
and whoever went another way knows what it had that nobody else has. The journal's end is the volume's position.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from titanicarus.control import files
from titanicarus.lease.record import Position
from titanicarus.shipping.model import Batch, Change, ShippingError

LIMIT = 200_000
"""Changes that are kept for a copy that is away. One that was away for longer is compared as a whole."""
_FILE = "journal.jsonl"


class Journal:
    """In `folder`. Each batch begins where the one before ends. Raises ShippingError when the file is damaged.

    A batch that was cut off by a crash was never shipped; a holder reads its changes again, from the `cursor` of the
    batch before.
    """

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self._path, self._limit = folder / _FILE, limit
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._batches = self._read()

    @property
    def last(self) -> Batch | None:
        """The newest batch; None in a volume of which nothing is known."""
        return self._batches[-1] if self._batches else None

    @property
    def position(self) -> Position | None:
        """Where the volume is."""
        return self.last.position if self.last else None

    def append(self, batch: Batch) -> None:
        """It is on the disk when this returns. Raises ShippingError when it does not follow the last one."""
        last = self.last
        if (last is not None and batch.after != last.number) or batch.number < batch.after:
            raise ShippingError(f"{self._path}: {_told(batch)} cannot follow {_told(last)}")
        with self._path.open("ab") as file:
            file.write(_line(batch))
            file.flush()
            os.fsync(file.fileno())
        self._batches = (*self._batches, batch)
        if sum(len(one.changes) for one in self._batches) > self._limit:
            self.forget(self._batches[len(self._batches) // 2].number)

    @property
    def ends(self) -> tuple[Position, ...]:
        """How far the volume came in each epoch that is still known, the newest first."""
        found = {(batch.epoch, batch.owner): batch.position for batch in self._batches}
        return tuple(reversed(found.values()))

    def reaches_back_to(self, number: int) -> bool:
        """Whether everything that changed after that number is known."""
        return bool(self._batches) and self._batches[0].after <= number

    def after(self, number: int) -> tuple[Change, ...]:
        """What changed after that number, or a little before."""
        return tuple(sorted({change for batch in self._batches if batch.number > number for change in batch.changes}))

    def forget(self, number: int) -> None:
        """Every copy has reached that number. The last batch stays: it says where the volume is."""
        self._keep([batch for batch in self._batches if batch.number > number or batch is self.last])

    def cut(self, end: Position) -> None:
        """The volume is at an earlier position of its history, as far as what came later was given back."""
        kept = [batch for batch in self._batches if batch.number <= end.commits]
        over = [batch for batch in self._batches if batch.after < end.commits < batch.number]
        kept += [replace(batch, number=end.commits) for batch in over[:1]]
        if not kept or kept[-1].position != end:
            kept.append(Batch(end.epoch, end.owner, end.commits, end.commits))
        self._keep(kept)

    def start_over(self, position: Position | None) -> None:
        """Nothing is known but where the volume is; None: not even that."""
        self._keep([Batch(position.epoch, position.owner, position.commits, position.commits)] if position else [])

    def _keep(self, batches: Iterable[Batch]) -> None:
        kept = tuple(batches)
        if kept != self._batches:
            files.write(self._path, b"".join(map(_line, kept)), 0o600)
            self._batches = kept

    def _read(self) -> tuple[Batch, ...]:
        try:
            lines = self._path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return ()
        cut_off = lines.pop()
        try:
            found = tuple(map(_batch, lines))
        except (ValueError, KeyError, TypeError) as error:
            problem = f"{type(error).__name__}: {error}"
            raise ShippingError(f"{self._path}: {problem}; remove it, and the copy is compared as a whole") from error
        for before, batch in pairwise(found):
            if batch.after != before.number:
                raise ShippingError(f"{self._path}: {_told(batch)} follows {_told(before)}")
        if cut_off:
            files.write(self._path, b"".join(map(_line, found)), 0o600)
        return found


def _told(batch: Batch | None) -> str:
    return f"the batch from {batch.after} to {batch.number} of epoch {batch.epoch}" if batch else "nothing"


def _line(batch: Batch) -> bytes:
    changes = [[change.path, change.tree] for change in batch.changes]
    data = {"epoch": batch.epoch, "owner": batch.owner, "after": batch.after, "number": batch.number}
    # Names that are not UTF-8 are as os.fsdecode gives them, and JSON escapes that.
    return json.dumps({**data, "cursor": batch.cursor, "changes": changes}).encode() + b"\n"


def _batch(line: bytes) -> Batch:
    data = json.loads(line)
    changes = tuple(Change(str(path), bool(tree)) for path, tree in data["changes"])
    numbers = int(data["epoch"]), str(data["owner"]), int(data["after"]), int(data["number"])
    return Batch(*numbers, changes, str(data["cursor"]))
