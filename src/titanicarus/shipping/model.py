"""What goes from a holder of files to a copy. Paths are relative to the volume, with `/`, and never lead out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from titanicarus.lease.record import Position

RESERVED = frozenset({".titanicarus", "recovered"})
"""Names at the top of a volume that are each island's own, and never shipped."""


class ShippingError(Exception):
    """Something could not be shipped or applied. The message names it and says why."""


class Refused(ShippingError):
    """A copy does not take a shipment: it comes from an older epoch, or does not begin where the copy is."""


class BadPath(ShippingError):
    """A path that leads out of the volume, or into what is each island's own."""


class Kind(StrEnum):
    """What there is at a path; GONE when there is nothing, or nothing that can be shipped."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    GONE = "gone"


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """Something happened at `path`; with `tree`, what is below it may be another folder's. When something was renamed,
    that is so with both names."""

    path: str
    tree: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Brings a volume from number `after` of the shard's history to `number`, in an epoch of that owner.

    `cursor` is how far its holder had read where changes come from; "" on a copy.
    """

    epoch: int
    owner: str
    after: int
    number: int
    changes: tuple[Change, ...] = ()
    cursor: str = ""

    @property
    def position(self) -> Position:
        """Where a volume is that has it."""
        return Position(self.epoch, self.owner, self.number)


@dataclass(frozen=True, slots=True)
class Item:
    """What there is at a path now. Of a file `size` (bytes) and `mtime` (ns), of a link its `target`.

    `changed`: its content has to be taken even if it looks the same. `digest` is of its content where everything is
    compared, "" elsewhere. `names` are all names of a folder when whatever
    else is in it has to go, None when that is not known.
    """

    path: str
    kind: Kind
    mode: int = 0
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    size: int = 0
    target: str = ""
    changed: bool = False
    digest: str = ""
    names: frozenset[str] | None = None

    @property
    def looks(self) -> tuple[object, ...]:
        """By which two files are taken for the same one where nothing is known of a change."""
        return self.kind, self.mode, self.uid, self.gid, self.mtime, self.size, self.target


Content = Callable[[str], Iterator[bytes]]
"""What a file holds, in pieces, by its path. Raises FileNotFoundError when it is gone meanwhile."""


@dataclass(frozen=True, slots=True)
class Shipment:
    """Brings a copy from `after` (None: wherever it is) to `position`. Folders come before what is in them.

    What is GONE is taken away at the end, so half of a shipment has what it moves at both places rather than at none.
    `changes` are what a copy writes into its own journal, and `settled` is a number that every copy has reached.
    """

    after: Position | None
    position: Position
    changes: tuple[Change, ...]
    settled: int
    items: Iterable[Item]
    content: Content


def checked(path: str) -> str:
    """The path, if it may be shipped. Raises BadPath. "" is the volume itself."""
    parts = path.split("/") if path else []
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise BadPath(f"{path!r} is no path inside a volume")
    if parts and parts[0] in RESERVED:
        raise BadPath(f"{path!r} is each island's own, and is not shipped")
    return path


def parents(path: str) -> Iterator[str]:
    """Every folder above a path, the highest first, without the volume itself."""
    parts = path.split("/")[:-1]
    for count in range(1, len(parts) + 1):
        yield "/".join(parts[:count])
