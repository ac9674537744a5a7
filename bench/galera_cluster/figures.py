"""What was measured, as a table and as JSON: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median
from typing import Any


class Side(StrEnum):
    """Who was measured."""

    PLATFORM = "platform"
    GALERA = "galera"


@dataclass
class Figure:
    """One thing that was measured of both sides, a value a round.

    `most`: whether more is better. `places` are decimals for the table.
    """

    what: str
    most: bool = False
    places: int = 2
    values: dict[Side, list[float]] = field(default_factory=lambda: {side: [] for side in Side})

    def median(self, side: Side) -> float:
        """Of all rounds. Raises StatisticsError when there was none."""
        return median(self.values[side])

    def worst(self, side: Side) -> float:
        """The least or the most, whichever is worse."""
        return (min if self.most else max)(self.values[side])

    @property
    def ratio(self) -> float | None:
        """The platform's median through Galera's; None where that is 0."""
        other = self.median(Side.GALERA)
        return self.median(Side.PLATFORM) / other if other else None

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        return {
            "what": self.what,
            "better": "more" if self.most else "less",
            **{
                str(side): {"median": self.median(side), "worst": self.worst(side), "all": values}
                for side, values in self.values.items()
            },
            "ratio": self.ratio,
        }


class Figures:
    """All of them, in the order in which they first came."""

    def __init__(self) -> None:
        self._by_name: dict[str, Figure] = {}

    def add(self, what: str, side: Side, value: float, *, most: bool = False, places: int = 2) -> None:
        """One more value."""
        figure = self._by_name.setdefault(what, Figure(what, most, places))
        figure.values[side].append(value)

    @property
    def whole(self) -> list[Figure]:
        """Those of which both sides have a value."""
        return [figure for figure in self._by_name.values() if all(figure.values.values())]

    def to_json(self) -> list[dict[str, Any]]:
        """Plain values for `json.dumps`."""
        return [figure.to_json() for figure in self.whole]

    def table(self) -> str:
        """For people, and for Markdown."""
        heads = ["", "platform: median", "worst", "Galera: median", "worst", "platform / Galera"]
        return lined([heads, *(_row(figure) for figure in self.whole)])


def lined(rows: Sequence[Sequence[str]]) -> str:
    """Cells in columns; the first row is the headings."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def _row(figure: Figure) -> list[str]:
    cells = [f"{take(side):,.{figure.places}f}" for side in Side for take in (figure.median, figure.worst)]
    return [figure.what, *cells, "–" if figure.ratio is None else f"{figure.ratio:.2f}"]
