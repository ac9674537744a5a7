"""The ledger: what a control host saw, decided and did, one line for each, never changed and never taken back.

Each line has the hash of the one before it, so that a line that was changed, taken out or put in later shows. Other
islands have copies (`heads`, `after`, `keep`), so a whole ledger that was written anew shows as well. A control host
that lost its disk begins another ledger: its name has eight digits of its own.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from titanicarus.control import files

FOLDER = Path("/var/lib/titanicarus/heal/ledger")
NAME = re.compile(r"[a-z][a-z0-9]*-[a-z][a-z0-9]*\.[0-9a-f]{8}")
BEGINNING = "0" * 64
MOST_LINES = 500
"""In one go of a copy."""
LONGEST_LINE, LONGEST_VALUE = 16384, 1024
"""Characters. What hosts say is written down as well, and a ledger that could not be read from its end any more would
end all healing: of a longer entry each longer value is left out, and that is said."""
_TAIL = 4 * LONGEST_LINE

Entry = dict[str, Any]


class Broken(ValueError):
    """A ledger is not as it was written; the message says where and how."""


def sealed(entry: Mapping[str, Any], number: int, before: str) -> Entry:
    """An entry with its number, the hash of the one before, and its own."""
    whole = {**entry, "number": number, "before": before}
    return {**whole, "hash": _hash(whole)}


def verify(entries: Iterable[Entry], number: int = 0, before: str = BEGINNING) -> tuple[int, str]:
    """The number and the hash after the last entry of a chain that goes on from here. Raises Broken."""
    for entry in entries:
        whole = {key: value for key, value in entry.items() if key != "hash"}
        if entry.get("number") != number + 1 or entry.get("before") != before:
            found = entry.get("number")
            raise Broken(f"entry {found} does not follow entry {number}: some are missing, or were changed")
        if entry.get("hash") != _hash(whole):
            raise Broken(f"entry {number + 1} was changed after it was written")
        number, before = number + 1, entry["hash"]
    return number, before


class Ledger:
    """A control host's own ledger and the copies that it keeps of others, in one folder."""

    def __init__(self, host: str, folder: Path = FOLDER) -> None:
        self._host = host
        self._folder = folder

    def add(self, entry: Mapping[str, Any]) -> Entry:
        """Write one entry down; it is on the disk when this returns. Raises OSError, and Broken for a ledger that
        somebody changed."""
        with self._mine() as stream:
            number, before, whole = _end(stream)
            lines = []
            if not whole:
                # A line that a power cut left half-written was never answered for: it goes, and that is told.
                words = {"at": entry["at"], "step": "torn", "sentence": "a half-written line was cut off"}
                torn = sealed(words, number + 1, before)
                number, before = number + 1, torn["hash"]
                lines.append(torn)
            last = sealed(_bounded(entry), number + 1, before)
            stream.write("".join(f"{_text(one)}\n" for one in (*lines, last)).encode())
            stream.flush()
            os.fsync(stream.fileno())
            return last

    def heads(self) -> dict[str, int]:
        """Every ledger here, own and copied, and how many entries it has."""
        return {path.stem: len(self.read(path.stem)) for path in self._paths()}

    def read(self, name: str) -> list[Entry]:
        """The entries of one ledger. Raises Broken when a line cannot be read; half a last line is left out."""
        path = self._path(name)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return []
        lines = data.split(b"\n")[:-1]
        try:
            return [json.loads(line) for line in lines]
        except ValueError as error:
            raise Broken(f"{path}: {error}") from error

    def after(self, name: str, number: int) -> list[Entry]:
        """What follows an entry, for somebody's copy; not more than MOST_LINES."""
        return self.read(name)[number : number + MOST_LINES]

    def keep(self, name: str, entries: list[Entry]) -> int:
        """Add to a copy what goes on from its end; gives back how many entries it has then.

        Raises Broken, with nothing written, for a name that is none, our own ledger, and entries that do not go on.
        """
        if name.partition(".")[0] == self._host:
            raise Broken(f"{name} is this host's own ledger, which nobody else writes")
        path = self._path(name)
        files.folder(self._folder, 0o700)
        with path.open("a+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            number, before, _ = _end(stream)
            new = [entry for entry in entries if isinstance(entry, dict) and entry.get("number", 0) > number]
            number, _ = verify(new, number, before)
            stream.write("".join(f"{_text(one)}\n" for one in new).encode())
            stream.flush()
            os.fsync(stream.fileno())
            path.chmod(0o600)
            return number

    def everything(self) -> dict[str, list[Entry]]:
        """All ledgers here, by name."""
        return {path.stem: self.read(path.stem) for path in self._paths()}

    def problems(self) -> list[str]:
        """What is wrong with the ledgers here, as sentences; empty when all are as they were written."""
        found = []
        for path in self._paths():
            try:
                verify(self.read(path.stem))
            except Broken as error:
                found.append(f"{path.stem}: {error}")
        return found

    def _paths(self) -> list[Path]:
        return sorted(path for path in self._folder.glob("*.jsonl") if NAME.fullmatch(path.stem))

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise Broken(f"{name!r} is no name of a ledger")
        return self._folder / f"{name}.jsonl"

    @contextmanager
    def _mine(self) -> Iterator[IO[bytes]]:
        """The own ledger, open and locked; begun if there is none."""
        files.folder(self._folder, 0o700)
        with (self._folder / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            own = [path for path in self._paths() if path.stem.partition(".")[0] == self._host]
            path = own[0] if own else self._folder / f"{self._host}.{secrets.token_hex(4)}.jsonl"
            with path.open("a+b") as stream:
                os.fchmod(stream.fileno(), 0o600)
                yield stream


def _end(stream: IO[bytes]) -> tuple[int, str, bool]:
    """Number and hash of the last entry, and whether the file ends with it; half a line after it is cut off."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _TAIL))
    tail = stream.read()
    end = tail.rfind(b"\n") + 1
    whole = end == len(tail)
    if not whole:
        stream.truncate(size - len(tail) + end)
    lines = tail[:end].split(b"\n")
    if len(lines) < 2:
        return 0, BEGINNING, whole
    try:
        last = json.loads(lines[-2])
        return int(last["number"]), str(last["hash"]), whole
    except (ValueError, KeyError, TypeError) as error:
        raise Broken(f"the last line is none of a ledger: {error}") from error


def _bounded(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    if len(_text(entry)) <= LONGEST_LINE:
        return entry
    lengths = {key: len(json.dumps(value)) for key, value in entry.items()}
    return {
        key: value if lengths[key] <= LONGEST_VALUE else f"left out: {lengths[key]} characters"
        for key, value in entry.items()
    }


def _hash(whole: Mapping[str, Any]) -> str:
    return hashlib.sha256(_text(whole).encode()).hexdigest()


def _text(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry, sort_keys=True, separators=(",", ":"))
