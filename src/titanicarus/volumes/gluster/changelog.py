"""What changed on a brick, from the journal that the brick itself keeps (`changelog.changelog on`).

GlusterFS writes `.glusterfs/changelogs/CHANGELOG` and every `changelog.rollover-time` seconds moves it to
`<year>/<month>/<day>/CHANGELOG.<Unix time>` there (since version 10). Its records name files by identity (GFID): D, the
content of a file; M, what is known of it; E, a name in a folder. Fields end with NUL, so no name can be taken for
another field. A brick knows its folders' names by their handles, and its files' by an attribute that each name leaves
on the file.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from titanicarus.shipping.model import RESERVED, Change
from titanicarus.volumes.gluster.handles import handle

FOLDER = ".glusterfs/changelogs"
ROOT = "00000000-0000-0000-0000-000000000001"
"""The identity of a volume's top."""
RENAME = "8"
_IDENTITY = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_BEGIN = re.compile(f"([DME])({_IDENTITY})")
_NAME = re.compile(f"({_IDENTITY})/(.+)", re.DOTALL)
_FILE = re.compile(r"CHANGELOG\.([0-9]+)")
_DAY = 86_400  # whatever time zone a brick names its folders by
_DEEPEST = 512
_NAMED = "trusted.gfid2path."


class Unreadable(Exception):
    """A journal is none; the message names it. What it would have said is only known by comparing everything."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a journal. `names` are folder and name, of an E record only; `renamed`: from the first to the
    second."""

    kind: str
    identity: str
    names: tuple[tuple[str, str], ...] = ()
    renamed: bool = False


def parse(data: bytes, where: str) -> Iterator[Record]:
    """The records of one journal. Raises Unreadable."""
    head, end, body = data.partition(b"\n")
    if not end or not head.startswith(b"GlusterFS Changelog") or b"encoding : 2" not in head:
        raise Unreadable(f"{where} does not begin as a journal of GlusterFS in text")
    fields = [os.fsdecode(field) for field in body.split(b"\0")]
    if fields.pop() != "":
        raise Unreadable(f"{where} ends in the middle of a record")
    kind = identity = ""
    more: list[str] = []
    for field in fields:
        begins = _BEGIN.fullmatch(field)
        if begins is None:
            if not kind:
                raise Unreadable(f"{where} has {field!r} where a record begins")
            more.append(field)
            continue
        if kind:
            yield _record(kind, identity, more)
        kind, identity, more = begins[1], begins[2], []
    if kind:
        yield _record(kind, identity, more)


def _record(kind: str, identity: str, more: list[str]) -> Record:
    names = tuple((match[1], match[2]) for match in map(_NAME.fullmatch, more) if match)
    return Record(kind, identity, names, renamed=bool(more) and kind == "E" and more[0] == RENAME)


def finished(brick: Path, since: int) -> list[tuple[int, Path]]:
    """The journals that ended after `since` (Unix time), with that time, the oldest first. Nothing is written to them
    any more. Raises OSError."""
    first = time.strftime("%Y/%m/%d", time.gmtime(max(0, since - _DAY)))
    days = (day for day in (brick / FOLDER).glob("[0-9]*/[0-9]*/[0-9]*") if "/".join(day.parts[-3:]) >= first)
    found = ((_FILE.fullmatch(path.name), path) for day in days for path in day.iterdir())
    return sorted((int(match[1]), path) for match, path in found if match and int(match[1]) > since)


def changes(brick: Path, records: Iterable[Record]) -> frozenset[Change]:
    """Which paths of the volume these records are about, by what the brick has now.

    What has no name any more is left out: that its name, or the folder that it was in, went away is a record of its
    own.
    """
    names = _Names(brick)
    found = {change for record in records for change in names.of(record)}
    return frozenset(change for change in found if change.path.partition("/")[0] not in RESERVED)


class _Names:
    """Paths by identity. What was found is kept: a journal names the same few folders again and again."""

    def __init__(self, brick: Path) -> None:
        self._brick = brick
        self._folders: dict[str, str | None] = {ROOT: ""}

    def of(self, record: Record) -> Iterator[Change]:
        if record.kind == "E":
            for above, name in record.names:
                folder = self._folder(above)
                if folder is not None:
                    yield Change(_join(folder, name), record.renamed)
            return
        for path in self._paths(record.identity):
            yield Change(path)

    def _paths(self, identity: str) -> Iterator[str]:
        named = handle(self._brick, identity)
        folder = self._folder(identity)
        if folder is not None:
            yield folder
            return
        try:
            attributes = os.listxattr(named, follow_symlinks=False)
        except FileNotFoundError:
            return
        for attribute in attributes:
            if attribute.startswith(_NAMED):
                try:
                    value = os.fsdecode(os.getxattr(named, attribute, follow_symlinks=False))
                except OSError:
                    continue  # the name went away meanwhile, and that is told
                match = _NAME.fullmatch(value)
                above = self._folder(match[1]) if match else None
                if match and above is not None:
                    yield _join(above, match[2])

    def _folder(self, identity: str, deep: int = 0) -> str | None:
        """The path of a folder; None for what is gone, or is a file."""
        if identity not in self._folders:
            self._folders[identity] = self._look(identity, deep)
        return self._folders[identity]

    def _look(self, identity: str, deep: int) -> str | None:
        named = handle(self._brick, identity)
        try:
            about, target = named.lstat(), str(named.readlink())
        except OSError:  # there is none, or it is that of a file
            return None
        # A folder's is ../../ab/cd/<folder above>/<name>. A symbolic link's is another name of the link itself, which
        # its user made to lead anywhere.
        parts = target.split("/")
        if about.st_nlink > 1 or deep > _DEEPEST or len(parts) != 6 or not re.fullmatch(_IDENTITY, parts[4]):
            return None
        above = self._folder(parts[4], deep + 1)
        return None if above is None else _join(above, parts[5])


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
