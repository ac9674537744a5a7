"""What clients did and were told, and what was found afterwards. Times are CLOCK_BOOTTIME, in seconds.

All hosts of a lab share one kernel and so one CLOCK_BOOTTIME: instants that different hosts saw can be compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

BALANCE = 1000
"""What each account has before the first transfer."""


class HistoryError(ValueError):
    """A history that cannot be one."""


class Kind(StrEnum):
    """What a client does, again and again."""

    INSERT = "insert"  # one row, one statement
    INCREMENT = "increment"  # read a counter for update, write what was read plus one
    TRANSFER = "transfer"  # take from one account, give to another


class Outcome(StrEnum):
    """What the client knows of a write. OK: it was acknowledged. FAILED: it was refused, and must not be there.

    UNKNOWN: the connection or the time ended after the server may have had it.
    """

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, order=True, slots=True)
class Key:
    """Which write of a run: the `number`th of a client, both from 0."""

    client: int
    number: int


@dataclass(frozen=True, slots=True)
class Row:
    """What a write leaves behind, in the same transaction as its effect.

    `place` is the counter or the account that is taken from, `other` the account that is given to, `amount` how much,
    `seen` the counter's value as it was read. `epoch` is the shard's newest as the accepting server had it.
    """

    kind: Kind
    epoch: int
    place: int = 0
    other: int = 0
    amount: int = 0
    seen: int = 0


@dataclass(frozen=True, slots=True)
class Write:
    """One write as its client saw it. `due`: when it should have begun; `ended` is None when nothing was heard of it.

    `row` is what the client was told that it wrote; None unless the outcome is OK.
    """

    key: Key
    kind: Kind
    due: float
    began: float
    ended: float | None = None
    outcome: Outcome = Outcome.UNKNOWN
    row: Row | None = None
    wrong: str | None = None


@dataclass(frozen=True, slots=True)
class Survivor:
    """What the primary that is left has: the rows of one run, its counters and balances, and the shard's epochs.

    `epochs` maps an epoch to its owner; `host` is the server that was asked.
    """

    host: str
    rows: Mapping[Key, Row]
    counters: Mapping[int, int]
    balances: Mapping[int, int]
    epochs: Mapping[int, str]

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        rows = [[key.client, key.number, *_cells(row)] for key, row in sorted(self.rows.items())]
        tables = {"counters": self.counters, "balances": self.balances, "epochs": self.epochs}
        return {
            "host": self.host,
            "rows": rows,
            **{name: sorted([key, value] for key, value in table.items()) for name, table in tables.items()},
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Survivor:
        """The other way round. Raises KeyError, TypeError or ValueError."""
        rows = {Key(client, number): row_from(cells) for client, number, *cells in document["rows"]}
        counters, balances, epochs = (dict(document[name]) for name in ("counters", "balances", "epochs"))
        return cls(document["host"], rows, counters, balances, epochs)


def row_from(cells: Iterable[Any]) -> Row:
    """A row from kind, epoch, place, other, amount and seen."""
    kind, *numbers = cells
    return Row(Kind(kind), *(int(number) for number in numbers))


def _cells(row: Row) -> list[Any]:
    return [row.kind.value, row.epoch, row.place, row.other, row.amount, row.seen]


class History:
    """Collects the lines that the workload prints: `invoked`, and later `ok`, `failed` or `unknown`, for each write."""

    def __init__(self) -> None:
        self._writes: dict[Key, Write] = {}

    def add(self, line: str) -> None:
        """One line. Raises HistoryError for one that cannot follow those before it."""
        try:
            facts = json.loads(line)
            key = Key(*facts["key"])
            event = facts["event"]
            if event == "invoked":
                if key in self._writes:
                    raise HistoryError(f"{key} was begun twice")
                self._writes[key] = Write(key, Kind(facts["kind"]), facts["due"], facts["at"])
                return
            begun = self._writes.get(key)
            if begun is None or begun.ended is not None:
                raise HistoryError(f"{key} ended without a beginning, or twice")
            row = row_from(facts["row"]) if facts.get("row") else None
            self._writes[key] = replace(
                begun, ended=facts["at"], outcome=Outcome(event), row=row, wrong=facts.get("wrong")
            )
        except (KeyError, TypeError, ValueError) as error:
            raise HistoryError(f"`{line.strip()[:200]}` is no line of a history: {error}") from error

    def writes(self) -> tuple[Write, ...]:
        """All writes in the order in which they began; those without an end are of unknown outcome."""
        return tuple(sorted(self._writes.values(), key=lambda write: (write.began, write.key)))
