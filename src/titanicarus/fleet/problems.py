"""What is wrong with what the operator wrote, said so that it can be put right at once."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_FOUND_LIMIT = 70


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to put right: where it is, what was found there, and a sentence that says what to do.

    `line` counts from 1 and is None where the whole file is meant; `path` is empty then, and `found` is empty when
    there is nothing to quote (a missing key).
    """

    file: str
    line: int | None
    path: str
    message: str
    found: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        where = f"{place}: {self.path}" if self.path else place
        return f"{where}: {self.message}" + (f" (found {self.found})" if self.found else "")


@dataclass(frozen=True, order=True)
class Notice:
    """Something that is allowed and that the operator should know."""

    file: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.path}: {self.message}" if self.path else f"{self.file}: {self.message}"


class InvalidInput(Exception):
    """The declaration is refused. `problems` holds every problem of every file, in the order of files and lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems), key=lambda p: (p.file, p.line or 0, p.path, p.message)))
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        super().__init__("\n".join([f"{head} in what is declared:", *(f"  {problem}" for problem in self.problems)]))


def shown(path: Path) -> str:
    """A path as people write it: `islands.syd.hosts.lb1.lan`, `sites["harbour.example"].aliases[0]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step and set(step) <= _PLAIN:
            text += f".{step}" if text else step
        else:
            text += f"[{_printable(step)}]"
    return text


def quoted(value: object) -> str:
    """A found value on one short line."""
    text = _printable(value)
    return text if len(text) <= _FOUND_LIMIT else text[: _FOUND_LIMIT - 1] + "…"


def _printable(value: object) -> str:
    """As JSON, with whatever is not printable escaped too, so that a report cannot play with the terminal."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def closest(word: str, known: Iterable[str]) -> list[str]:
    """The known word that `word` was probably meant to be, or an empty list."""
    return difflib.get_close_matches(word.lower(), sorted(known), n=1, cutoff=0.6)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "hosts"?` when a known word is close, else an empty string."""
    return "".join(f'; did you mean "{meant}"?' for meant in closest(word, known))


def listed(words: Sequence[str], last: str = "and", limit: int = 12) -> str:
    """`a, b and c`; past `limit` words the rest is counted."""
    if len(words) > limit:
        return ", ".join(words[:limit]) + f" {last} {len(words) - limit} more"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else "none"
