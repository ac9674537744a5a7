"""YAML as plain data: text, numbers, true and false, lists, mappings. Everything else in YAML is refused.

No anchors, aliases or tags, no second document, no key twice: a file says what it says, once. Plain words are read
as YAML 1.2 reads them, so `no`, `on` and `2024-01-01` are text. Every value remembers its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import yaml

from .problems import Path, Problem, quoted, shown

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is ten times faster; both give the same events
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\Z")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,17}\.[0-9]{1,17}\Z")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_DEPTH_LIMIT = 16
_SIZE_LIMIT = 16 * 1024 * 1024
_UNREAD: Any = object()


class _Refused(Exception):
    """The text is not what a Titanicarus file may hold; `line` counts from 1."""

    def __init__(self, line: int | None, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(eq=False)
class Document:
    """One file as data, and the problems found in it so far.

    `file` is its name as the operator knows it. When the file could not be read at all, `readable` is false and
    `problems` says why.
    """

    file: str
    data: Any = _UNREAD
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _touched: set[Path] = field(default_factory=set)

    @property
    def readable(self) -> bool:
        """Whether there is data to look at."""
        return self.data is not _UNREAD

    def problem(self, path: Path, message: str, found: object = _UNREAD) -> None:
        """Note a problem at `path`. `found` is quoted; by default it is what stands there, unless a whole section."""
        value = self._at(path) if found is _UNREAD else found
        quote = "" if value is _UNREAD or value is None or isinstance(value, dict | list) else quoted(value)
        self.problems.append(Problem(self.file, self.line(path), shown(path), message, quote))
        self.doubt(path)

    def doubt(self, path: Path) -> None:
        """Mark `path` as not to be relied on without a problem of its own: another problem already explains it."""
        self._touched.update(path[:length] for length in range(len(path) + 1))

    def broken(self, path: Path) -> bool:
        """Whether something at `path` or beneath it already has a problem: what follows from it is not worth saying."""
        return not self.readable or path in self._touched

    def line(self, path: Path) -> int | None:
        """The line of `path`, or of the nearest thing around it that is in the file."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None

    def _at(self, path: Path) -> Any:
        value = self.data
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):  # not there, or what is there has no parts
                return _UNREAD
        return value


def read_document(path: FilePath, name: str) -> Document:
    """Read one YAML file; `name` is how problems call it. Never raises: what is wrong is in the document's problems."""
    document = Document(name)
    try:
        text = _text(path)
        _Reader(document, text).read()
    except _Refused as refusal:
        document.data = _UNREAD
        document.problems.append(Problem(name, refusal.line, "", str(refusal)))
    return document


def _text(path: FilePath) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise _Refused(None, "there is no such file; make it, or name another one") from None
    except IsADirectoryError:
        raise _Refused(None, "this is a folder, and a YAML file is expected") from None
    except OSError as error:
        raise _Refused(None, f"cannot be read: {error.strerror}") from None
    if len(raw) > _SIZE_LIMIT:
        raise _Refused(None, f"is larger than {_SIZE_LIMIT // 1024 // 1024} MiB; split it")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _Refused(line, f"is not UTF-8 text (byte {raw[error.start]:#04x}); save it as UTF-8") from None
    return text.removeprefix("\ufeff")


class _Reader:
    """Builds data from the parser's events; events, not nodes, because only they still show anchors and tags."""

    def __init__(self, document: Document, text: str) -> None:
        self._document = document
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=_Loader))

    def read(self) -> None:
        try:
            self._read_stream()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            what = " ".join(part for part in (error.context, error.problem) if part)
            line = mark.line + 1 if mark else None
            raise _Refused(line, f"is not valid YAML: {what}; look at the indentation and quotes there") from None
        except yaml.YAMLError as error:
            reason = str(error).splitlines()[0]
            raise _Refused(None, f"is not valid YAML: {reason}") from None

    def _read_stream(self) -> None:
        next(self._events)  # the start of the stream
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            raise _Refused(None, "is empty")
        self._document.data = self._value(next(self._events), ())
        next(self._events)  # the end of the document
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise _Refused(event.start_mark.line + 1, "has a second document after `---`; one file is one document")

    def _value(self, event: Any, path: Path) -> Any:
        line: int = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise _Refused(line, f"has the alias `*{event.anchor}`; write the value out, these files are plain data")
        if event.anchor:
            raise _Refused(line, f"has the anchor `&{event.anchor}`; leave it out, these files are plain data")
        if event.tag:
            raise _Refused(line, f"has the tag `{event.tag}`; leave it out, these files are plain data")
        if len(path) > _DEPTH_LIMIT:
            raise _Refused(line, f"is nested more than {_DEPTH_LIMIT} deep; nothing in these files is")
        self._document.lines[path] = line
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return _scalar(event.value) if event.implicit[0] else event.value  # not implicit: it was in quotes

    def _sequence(self, path: Path) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._value(event, (*path, len(values))))
        return values

    def _mapping(self, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        lines = self._document.lines
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line: int = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent):
                raise _Refused(line, "has a key that is not plain text")
            key = event.value
            self._value(event, (*path, key, "key"))  # refuses an anchor or a tag on the key
            del lines[(*path, key, "key")]
            before = lines.get((*path, key)) if key in values else None
            value = self._value(next(self._events), (*path, key))
            lines[(*path, key)] = line
            if before is not None:
                self._document.problem((*path, key), f"is here twice, first on line {before}; keep one", found=value)
            values.setdefault(key, value)
        return values


def _scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _DECIMAL.match(text) else text
