"""A copy's end: takes shipments, keeps what they replace, and gives way to a history that is not its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from itertools import chain, count
from pathlib import Path

from titanicarus.control import files
from titanicarus.lease.record import Branch, Position
from titanicarus.shipping.journal import Journal
from titanicarus.shipping.model import Batch, Change, Item, Kind, Refused, Shipment, ShippingError, parents
from titanicarus.shipping.tree import Tree

VERSIONS = ".titanicarus/versions"
"""Below it is a folder for each day, with files as they were when the day began."""


class Copy:
    """A shard's volume in one island, the holder's as well. One program at a time may change it."""

    def __init__(self, root: Path) -> None:
        """Raises ShippingError when what it knows of itself is damaged."""
        self.tree = Tree(root)
        self.journal = Journal(self.tree.own)
        self.versions = root / VERSIONS
        self._foreign = Note(self.tree.own / "foreign.json")
        self._begun = Note(self.tree.own / "begun.json")
        self.tree.clear()

    @property
    def position(self) -> Position | None:
        """Where it is in the shard's history; None when nothing is known."""
        return self.journal.position

    @property
    def wants(self) -> tuple[Change, ...]:
        """What is here otherwise than at its position: given back and not replaced yet, or of a shipment that was
        interrupted."""
        return tuple(sorted({*self._foreign.changes, *self._begun.changes}))

    # -- as the holder ------------------------------------------------------------------------------------------------

    def open(self, epoch: int, owner: str) -> None:
        """Begin an epoch from what there is: who holds this volume writes from now on. Raises ShippingError.

        Half of a shipment is no loss, but news to the other copies. What was given back must not become the shard's.
        """
        here = self.position or Position(0, "", 0)
        if epoch < here.epoch or (epoch == here.epoch and owner != here.owner):
            raise ShippingError(f"{self.tree.root} is in epoch {here.epoch} of {here.owner}: epoch {epoch} is over")
        if self._foreign.changes:
            paths = len(self._foreign.changes)
            raise ShippingError(
                f"{self.tree.root} has {paths} paths of a history that was given up: it is no beginning"
            )
        if (here.epoch, here.owner) != (epoch, owner):
            self.journal.append(Batch(epoch, owner, here.commits, here.commits))
        if begun := self._begun.changes:
            self.note({*begun, *(replace(change, tree=True) for change in begun)}, "")
            self._begun.write(())

    def note(self, changes: Iterable[Change], cursor: str) -> Position:
        """Something was changed by those who use the files; gives where that brings it. Raises ShippingError."""
        last = self.journal.last
        if last is None:
            raise ShippingError(f"{self.tree.root} was never opened: nobody writes here")
        found = tuple(sorted(set(changes)))
        batch = Batch(last.epoch, last.owner, last.number, last.number + 1, found, cursor)
        self.journal.append(batch)
        return batch.position

    # -- as a copy ----------------------------------------------------------------------------------------------------

    def take(self, shipment: Shipment, epoch_seen: int, today: date) -> None:
        """Apply a shipment; `epoch_seen` is the highest epoch that this host has heard of.

        What was interrupted is made good by the next one. Raises Refused when nothing was changed, and ShippingError
        or OSError when the shipment came to an early end.
        """
        epoch = max(epoch_seen, self.position.epoch if self.position else 0)
        if shipment.position.epoch < epoch:
            raise Refused(f"epoch {shipment.position.epoch} is over: there is epoch {epoch}")
        if shipment.after != self.position:
            raise Refused(f"begins at {shipment.after}, and the copy is at {self.position}")
        if shipment.position == self.position and not self.wants:
            return
        self._begun.write({*self._begun.changes, *shipment.changes})
        folders: list[Item] = []
        gone: set[str] = set()
        for item in shipment.items:
            if item.kind is Kind.GONE:
                gone.add(item.path)
                continue
            gone -= {item.path, *parents(item.path)}
            gone |= self._apply(item, shipment, today)
            if item.kind is Kind.FOLDER:
                folders.append(item)
        for path in sorted(gone):
            self._remove(path, today)
        for item in reversed(folders):  # their times were changed by what was put into them
            if self.tree.look(item.path).kind is Kind.FOLDER:
                self.tree.dress(item)
        self._arrive(shipment)

    def give_way(self, history: tuple[Branch, ...], now: str) -> Path | None:
        """The shard went on without what this volume has had since: keep that aside, and ask for what is there now.

        Every file changed since stays, as it is here, below `recovered/<epoch>/`; the report beside it, whose path is
        given, names them. None when there is nothing to give. May be done again after an interruption. Raises
        ShippingError when the history does not tell.
        """
        here = self.position
        if here is None:
            return None
        base = shared(history, self.journal.ends)
        if base == here:
            return None
        if not self.journal.reaches_back_to(base.commits):
            raise ShippingError(
                f"{self.tree.root} does not know what it has had since {base.commits}: it has to start over"
            )
        changes = self.journal.after(base.commits)
        kept, gone = self._keep_aside(changes, f"recovered/{here.epoch}")
        report = self.tree.root / f"recovered/{here.epoch}.json"
        words = {"epoch": here.epoch, "owner": here.owner, "had": here.commits, "went_on_at": base.commits, "at": now}
        files.write(report, json.dumps({**words, "kept": kept, "removed_here": gone}, indent=1), 0o600)
        self._foreign.write({*self._foreign.changes, *changes})
        self.journal.cut(base)
        return report

    def start_over(self) -> None:
        """Let the next shipment compare everything. What it replaces is kept as versions."""
        self.journal.start_over(None)
        self._foreign.write(())

    def drop_versions(self, days: int, today: date) -> list[str]:
        """Remove what was kept more than so many days ago; gives the days that were removed."""
        limit = (today - timedelta(days=days)).isoformat()
        old = sorted(path for path in self.versions.glob("????-??-??*") if path.name[: len(limit)] < limit)
        for path in old:
            shutil.rmtree(path)
        return [path.name for path in old]

    # -- how ----------------------------------------------------------------------------------------------------------

    def _apply(self, item: Item, shipment: Shipment, today: date) -> set[str]:
        """Gives what is in a folder and should not be."""
        there = self.tree.look(item.path, names=item.names is not None)
        if there.kind is not item.kind and Kind.FOLDER in (there.kind, item.kind):
            self._remove(item.path, today)
        match item.kind:
            case Kind.FOLDER:
                self.tree.make_folder(item.path)
                if item.names is not None:
                    over = (there.names or frozenset()) - item.names
                    return {f"{item.path}/{name}" if item.path else name for name in over}
            case Kind.LINK if there.looks != item.looks:
                self._keep_version(there, today)
                self.tree.put_link(item)
            case Kind.FILE if item.changed or there.looks != item.looks or self._differs(item):
                self._put(item, there, shipment, today)
        return set()

    def _differs(self, item: Item) -> bool:
        return bool(item.digest) and self.tree.digest(item.path) != item.digest

    def _put(self, item: Item, there: Item, shipment: Shipment, today: date) -> None:
        try:
            content = shipment.content(item.path)
            first = next(content, b"")
        except FileNotFoundError:
            return  # it went away since it was looked at: a later batch says so
        self._keep_version(there, today)
        try:
            self.tree.put_file(item, (piece for pieces in ((first,), content) for piece in pieces))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ShippingError(f"{item.path}: its folder came while it was shipped") from error

    def _remove(self, path: str, today: date) -> None:
        for item in reversed(list(self.tree.walk(path))):
            self._keep_version(item, today)
            self.tree.remove(item.path)

    def _keep_version(self, there: Item, today: date) -> None:
        """As it was when the day began: later versions of a day are not kept."""
        if there.kind in (Kind.FILE, Kind.LINK):
            # A second folder for the day where a file and a folder had the same name, and so on.
            extras = chain([""], (f".{number}" for number in count(1)))
            days = (f"{VERSIONS}/{today.isoformat()}{extra}" for extra in extras)
            next(day for day in days if self.tree.link_to(there.path, f"{day}/{there.path}"))

    def _arrive(self, shipment: Shipment) -> None:
        here, there = self.position, shipment.position
        if here is None or any(change.tree and not change.path for change in shipment.changes):
            self.journal.start_over(there)
        else:
            self.journal.append(Batch(there.epoch, there.owner, here.commits, there.commits, shipment.changes))
        self._foreign.write(())
        self._begun.write(())
        self.journal.forget(shipment.settled)

    def _keep_aside(self, changes: Iterable[Change], aside: str) -> tuple[list[str], list[str]]:
        kept, gone = [], []
        for change in changes:
            for item in self.tree.walk(change.path) if change.tree else (self.tree.look(change.path),):
                if item.kind in (Kind.FILE, Kind.LINK):
                    if not self.tree.link_to(item.path, f"{aside}/{item.path}"):
                        raise ShippingError(
                            f"{self.tree.root}/{aside}/{item.path}: there is something else: move it away"
                        )
                    kept.append(item.path)
                elif item.kind is Kind.GONE:
                    gone.append(item.path)
        return sorted(set(kept)), sorted(set(gone))


class Note:
    """Changes that are kept in a file; there is none while there are none. Raises ShippingError when it is damaged."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.changes = self._read()

    def write(self, changes: Iterable[Change]) -> None:
        """It is on the disk when this returns."""
        found = tuple(sorted(set(changes)))
        if found != self.changes:
            files.write(self._path, json.dumps([[change.path, change.tree] for change in found]), 0o600)
            self.changes = found

    def _read(self) -> tuple[Change, ...]:
        try:
            data = json.loads(self._path.read_text(encoding="utf-8"))
            return tuple(Change(str(path), bool(tree)) for path, tree in data)
        except FileNotFoundError:
            return ()
        except (ValueError, TypeError) as error:
            raise ShippingError(
                f"{self._path}: {error}; remove it and the journal, and the copy starts over"
            ) from error


def shared(history: tuple[Branch, ...], ends: tuple[Position, ...]) -> Position:
    """The last position of a volume that the shard's history goes on from, by how far the volume came in each epoch.

    Raises ShippingError when there is none that is known: then nobody can tell what is only here.
    """
    for end in ends:  # an epoch that the history does not have was opened, and nobody went on from it
        later: Branch | None = None
        for branch in reversed(history):
            if (branch.epoch, branch.owner) == (end.epoch, end.owner):
                return end if later is None or end.commits <= later.base else replace(end, commits=later.base)
            later = branch
    raise ShippingError(
        f"none of the epochs {', '.join(str(end.epoch) for end in ends)} that the volume knows is in the shard's "
        "history: it has to start over"
    )
