"""Islands that ship to each other under power cuts and moves: copies become equal, and nothing that was there is lost.

Each seed is a run of some hundred steps. Users write where the shard is held; what they do is noted and shipped at any
time or not at all; power fails in the middle of things; the shard moves to whatever copy, without asking.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from titanicarus.control import files
from titanicarus.lease.record import Position, Record, Stage, opened
from titanicarus.lease.witness import born
from titanicarus.shipping.copy import Copy
from titanicarus.shipping.model import RESERVED, Change, Refused, ShippingError
from titanicarus.shipping.sending import shipment

ISLANDS = ("syd", "mel", "per")
NAMES = ("a", "b", "c", "\udcff")
STEPS = 200


class PowerCut(Exception):
    """The host went off."""


@dataclass
class Island:
    """A volume, and what its users did that nobody has noted yet."""

    name: str
    root: Path
    unnoted: set[Change] = field(default_factory=set)

    @property
    def copy(self) -> Copy:
        """As a program that has just started finds it."""
        return Copy(self.root)

    def note(self) -> None:
        if self.unnoted:
            self.copy.note(self.unnoted, "")
            self.unnoted.clear()


class World:
    """`record` is the item of the lease. What is wrong raises AssertionError."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.outside = folder / "outside"
        self.outside.mkdir()
        self.islands = {name: Island(name, folder / name) for name in ISLANDS}
        for island in self.islands.values():
            island.root.mkdir()
        self.day = date(2026, 1, 1)
        self.record: Record = born("syd/files", "syd", ("mel", "per"))
        self.tokens = 0
        self.moves = self.cuts = self.given_back = 0
        first = self.islands["syd"].copy
        self.record = replace(self.record, stage=Stage.OPEN, history=opened(self.record, Position(0, "birth", 0)))
        first.open(1, "syd")

    @property
    def holder(self) -> Island:
        return self.islands[self.record.owner]

    # -- what happens -------------------------------------------------------------------------------------------------

    def step(self) -> None:
        act: Callable[[], None] = self.random.choices(
            (self.use, self.holder.note, self.ship, self.cut_off, self.move), (60, 15, 15, 6, 2)
        )[0]
        act()

    def use(self) -> None:
        """A user does something; what cannot be done is not."""
        with suppress(OSError, ValueError, RuntimeError):
            self.random.choice((self._write, self._write, self._remove, self._rename, self._link, self._mode))()

    def move(self) -> None:
        """Another copy takes over from where it is; the holder hears of it some day."""
        target = self.islands[self.random.choice([name for name in ISLANDS if name != self.record.owner])]
        copy = target.copy
        position = copy.position
        if position is None:
            return
        if target.unnoted or not _is_beginning(self.record, position):
            return  # the rules of the lease let no such copy take over
        taken = replace(self.record, owner=target.name, epoch=self.record.epoch + 1)
        try:
            copy.open(taken.epoch, target.name)
        except ShippingError as error:
            assert "given up" in str(error)
            return
        self.record = replace(taken, history=opened(taken, position))
        self.moves += 1

    def ship(self, target: Island | None = None) -> None:
        target = target or self.islands[self.random.choice([name for name in ISLANDS if name != self.record.owner])]
        holder = self.holder
        holder.note()
        target.note()  # who was the holder notes the last of it before it is a copy
        copy = target.copy
        before = tokens(target.root)
        self.day += timedelta(days=1)
        try:
            sent = shipment(holder.copy.tree, holder.copy.journal, self.record, copy.position, wants=copy.wants)
        except Refused:
            try:
                assert copy.give_way(self.record.history, "now") is not None
                self.given_back += 1
            except ShippingError:
                copy.start_over()
            sent = shipment(holder.copy.tree, holder.copy.journal, self.record, copy.position, wants=copy.wants)
        copy.take(sent, self.record.epoch, self.day)
        assert before <= tokens(target.root), "whatever was there is there, or a version, or recovered"
        assert seen(target.root) == seen(holder.root), target.name

    def cut_off(self) -> None:
        """Ship, and lose power after some write that was to be durable."""
        with power_for(self.random.randrange(40)):
            try:
                self.ship()
            except PowerCut:
                self.cuts += 1

    def settle(self) -> None:
        """Everybody hears of everything."""
        for island in self.islands.values():
            if island is not self.holder:
                self.ship(island)
                assert island.copy.position == self.holder.copy.position
                assert island.copy.wants == ()
        assert list(self.outside.iterdir()) == [], "a link in a volume leads nobody out of it"

    # -- what users do ------------------------------------------------------------------------------------------------

    def _path(self) -> str:
        """By its real name, as a file system tells it: what goes through a link out of the volume is nobody's here."""
        path = "/".join(self.random.choice(NAMES) for _ in range(self.random.randrange(1, 4)))
        place = (self.holder.root / path).parent.resolve() / path.rpartition("/")[2]
        return str(place.relative_to(self.holder.root))

    def _write(self) -> None:
        path = self._path()
        place = self.holder.root / path
        new = [parent for parent in _above(path) if not (self.holder.root / parent).exists()]
        if place.is_symlink():
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        self.tokens += 1
        # Every content has the same size and time, so nobody can tell them apart by those.
        place.write_text(f"<{self.tokens:06d}>")
        os.utime(place, (1, 1))
        self._did(*(Change(parent) for parent in new), Change(path))

    def _remove(self) -> None:
        path = self._path()
        place = self.holder.root / path
        if place.is_dir() and not place.is_symlink():
            inside = [str(one.relative_to(self.holder.root)) for one in place.rglob("*")]
            shutil.rmtree(place)
            self._did(Change(path), *map(Change, inside))
        else:
            place.unlink()
            self._did(Change(path))

    def _rename(self) -> None:
        path, to = self._path(), self._path()
        (self.holder.root / path).rename(self.holder.root / to)
        self._did(Change(path, tree=True), Change(to, tree=True))

    def _link(self) -> None:
        path = self._path()
        (self.holder.root / path).symlink_to(self.random.choice((str(self.outside), "..", "a", "nowhere")))
        self._did(Change(path))

    def _mode(self) -> None:
        path = self._path()
        place = self.holder.root / path
        if not place.is_symlink():
            place.chmod(self.random.choice((0o700, 0o750, 0o755)))
            self._did(Change(path))

    def _did(self, *changes: Change) -> None:
        self.holder.unnoted.update(changes)


def _is_beginning(record: Record, position: Position) -> bool:
    from titanicarus.lease.record import commits_behind

    return commits_behind(record, position) is not None


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def seen(root: Path) -> dict[str, tuple[Any, ...]]:
    """Everything that users see of a volume."""
    found: dict[str, tuple[Any, ...]] = {}
    for folder, folders, names in os.walk(root):
        if Path(folder) == root:
            folders[:] = [name for name in folders if name not in RESERVED]
        for name in (*folders, *names):
            path = Path(folder, name)
            facts = path.lstat()
            inside = path.readlink() if path.is_symlink() else path.read_bytes() if path.is_file() else None
            mode = None if path.is_symlink() else facts.st_mode
            found[str(path.relative_to(root))] = (mode, facts.st_uid, inside)
    return found


def tokens(root: Path) -> set[bytes]:
    """Every content that is anywhere in a volume, what is kept of old ones too."""
    found = set()
    for folder, _folders, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink() and "incoming" not in path.parts and (content := path.read_bytes())[:1] == b"<":
                found.add(content)
    return found


@contextmanager
def power_for(count: int) -> Iterator[None]:
    """Power fails at the write after so many of those that are to be durable, or that change a name."""
    left = [count]

    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise PowerCut
            return real(*arguments, **more)

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "write", failing(files.write))
        for name in ("fsync", "replace", "link", "unlink", "mkdir"):
            patch.setattr(os, name, failing(getattr(os, name)))
        yield


@pytest.mark.parametrize(
    "seed", [*range(10), *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in range(10, 30))]
)
def test_copies_become_equal_and_nothing_is_lost(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, seed)
    for _ in range(STEPS):
        world.step()
    world.settle()


def test_the_schedules_contain_what_they_are_made_for(tmp_path: Path) -> None:
    moves = cuts = given_back = 0
    for seed in range(100, 106):
        (tmp_path / str(seed)).mkdir()
        world = World(tmp_path / str(seed), seed)
        for _ in range(STEPS):
            world.step()
        world.settle()
        moves, cuts, given_back = moves + world.moves, cuts + world.cuts, given_back + world.given_back
    assert min(moves, cuts, given_back) >= 5
