"""What came of drills and storms: plain values that the reports are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from titanicarus.drill.contract import ROWS
from titanicarus.drill.felt import Felt
from titanicarus.drill.timeline import Mark
from titanicarus.drill.verdict import Injected, Moments, StormVerdict


@dataclass(frozen=True)
class Ran:
    """One run of a row. `problems` are promises that were not kept and things that did not work; empty: it is clean.

    `at` is Unix time. `moments` is None when it did not get as far as the fault.
    """

    row: int
    run: int
    seed: int
    at: float
    title: str
    moments: Moments | None = None
    felts: tuple[Felt, ...] = ()
    marks: tuple[Mark, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether all that is promised was kept."""
        return not self.problems

    def document(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "row": self.row, "promised": ROWS[self.row].title, "run": self.run, "seed": self.seed, "at": self.at,
            "title": self.title, "clean": self.clean, "problems": list(self.problems),
            "moments": asdict(self.moments) if self.moments else None, "clock": "CLOCK_MONOTONIC",
            "felt": [felt.document() for felt in self.felts],
            "timeline": [asdict(mark) for mark in self.marks],
        }  # fmt: skip


@dataclass(frozen=True)
class Stormed:
    """One storm. `at` is Unix time, `begin` and `end` CLOCK_MONOTONIC."""

    seed: int
    minutes: float
    at: float
    begin: float
    end: float
    injected: tuple[Injected, ...]
    felts: tuple[Felt, ...]
    marks: tuple[Mark, ...]
    verdict: StormVerdict
    incidents: int = 0

    def figures(self) -> Mapping[str, object]:
        """The figures that matter most."""
        return {
            "faults": len(self.injected),
            "requests and writes": sum(felt.requests for felt in self.felts),
            "failed": sum(felt.failures() for felt in self.felts),
            "acknowledged and lost": sum(felt.lost for felt in self.felts),
            "seconds with two writers": max((felt.two_writers for felt in self.felts), default=0.0),
            "incidents": self.incidents,
            "acts that nothing explains": len(self.verdict.unexplained),
        }

    def document(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "seed": self.seed, "minutes": self.minutes, "at": self.at, "begin": self.begin, "end": self.end,
            "clean": self.verdict.clean, "verdict": {name: list(told) for name, told in self.verdict.parts().items()},
            "figures": dict(self.figures()), "clock": "CLOCK_MONOTONIC",
            "faults": [
                {"fault": str(one.fault), "row": one.row, "began": one.began, "ended": one.ended, "whole": one.whole}
                for one in self.injected
            ],
            "felt": [felt.document() for felt in self.felts],
            "timeline": [asdict(mark) for mark in self.marks],
        }  # fmt: skip
