"""What a run of the probe means: requests, failures, and the longest gap. Pure arithmetic on a list of answers.

A gap is the longest time without a good answer: from the end of one good answer to the end of the next, from the
beginning of the run to the first, and from the last to the end of the run. All times are CLOCK_MONOTONIC, in seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True)
class Target:
    """One thing to ask for, again and again. `via` is the name to look up and connect to, when not the URL's own.

    An answer is good when its status is `status`, its body has `contains` in it, and TLS verifies against the client's
    trust store. `name` is what the table calls it.
    """

    name: str
    url: str
    contains: str = ""
    status: int = 200
    via: str | None = None


@dataclass(frozen=True)
class Answer:
    """How one request went. `target` counts from 0, `due` is when it should have begun; `wrong` is None when good."""

    target: int
    due: float
    began: float
    ended: float
    wrong: str | None

    @property
    def good(self) -> bool:
        """Whether a user would have been content."""
        return self.wrong is None


@dataclass(frozen=True)
class TargetFigures:
    """What users of one target felt, in seconds; `first_failure` and `last_failure` are when those requests began."""

    name: str
    requests: int
    failures: int
    longest_gap: float
    gap_began: float
    slowest: float
    first_failure: float | None
    last_failure: float | None
    reasons: dict[str, int]


@dataclass(frozen=True)
class ProbeResult:
    """A whole run. `latest` is how late the worst request began: a large value means a starved ruler."""

    begin: float
    end: float
    targets: tuple[TargetFigures, ...]
    latest: float
    answers: tuple[Answer, ...]
    asked: tuple[Target, ...]

    @property
    def requests(self) -> int:
        """Requests of all targets."""
        return sum(target.requests for target in self.targets)

    @property
    def failures(self) -> int:
        """Failed requests of all targets."""
        return sum(target.failures for target in self.targets)

    @property
    def longest_gap(self) -> float:
        """The longest gap of any target, in seconds."""
        return max(target.longest_gap for target in self.targets)

    def summary(self) -> str:
        """The figures that matter most, in one line."""
        return f"longest gap {self.longest_gap:.2f} s, {self.failures} of {self.requests} requests failed"

    def target(self, name: str) -> TargetFigures:
        """The figures of one target. Raises KeyError."""
        for each in self.targets:
            if each.name == name:
                return each
        raise KeyError(name)

    def within(self, begin: float, end: float) -> ProbeResult:
        """The figures of a part of the run: requests that began in it, and gaps inside it."""
        chosen = [answer for answer in self.answers if begin <= answer.began <= end]
        return figures(self.asked, chosen, max(begin, self.begin), min(end, self.end))

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`: the figures without the single answers."""
        return {
            "clock": "CLOCK_MONOTONIC",
            "begin": self.begin,
            "end": self.end,
            "seconds": round(self.end - self.begin, 3),
            "requests": self.requests,
            "failures": self.failures,
            "longest_gap": round(self.longest_gap, 4),
            "latest_start": round(self.latest, 4),
            "targets": [asdict(target) for target in self.targets],
        }

    def rows(self) -> list[tuple[str, ...]]:
        """The table's cells, its headings first."""
        heads = ("target", "requests", "failures", "longest gap s", "slowest s", "first failure", "last failure", "why")
        return [heads, *(self._row(target) for target in self.targets)]

    def table(self) -> str:
        """The figures for people; failures are told in seconds since the beginning."""
        rows = self.rows()
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join(lines)

    def _row(self, target: TargetFigures) -> tuple[str, ...]:
        def since(moment: float | None) -> str:
            return "-" if moment is None else f"{moment - self.begin:.2f}"

        why = ", ".join(f"{count} x {reason}" for reason, count in Counter(target.reasons).most_common(3))
        return (
            target.name,
            str(target.requests),
            str(target.failures),
            f"{target.longest_gap:.2f}",
            f"{target.slowest:.2f}",
            since(target.first_failure),
            since(target.last_failure),
            why,
        )


def longest_gap(good: Sequence[float], begin: float, end: float) -> tuple[float, float]:
    """The longest time without a good answer, and when it began. `good` are the ends of good answers, in any order."""
    inside = sorted(moment for moment in good if begin <= moment <= end)
    marks = [begin, *inside, end]
    return max(((after - before, before) for before, after in pairwise(marks)), key=lambda gap: gap[0])


def figures(targets: Sequence[Target], answers: Sequence[Answer], begin: float, end: float) -> ProbeResult:
    """The figures of a run from `begin` to `end`. Answers to requests that began before `end` may come after it."""
    by_target: dict[int, list[Answer]] = {number: [] for number in range(len(targets))}
    for answer in answers:
        by_target[answer.target].append(answer)
    latest = max((answer.began - answer.due for answer in answers), default=0.0)
    each = tuple(_target_figures(targets[number], found, begin, end) for number, found in by_target.items())
    return ProbeResult(begin, end, each, latest, tuple(answers), tuple(targets))


def _target_figures(target: Target, answers: Sequence[Answer], begin: float, end: float) -> TargetFigures:
    failed = [answer for answer in answers if not answer.good]
    gap, gap_began = longest_gap([answer.ended for answer in answers if answer.good], begin, end)
    return TargetFigures(
        name=target.name,
        requests=len(answers),
        failures=len(failed),
        longest_gap=gap,
        gap_began=gap_began,
        slowest=max((answer.ended - answer.began for answer in answers), default=0.0),
        first_failure=min((answer.began for answer in failed), default=None),
        last_failure=max((answer.began for answer in failed), default=None),
        reasons=dict(Counter(answer.wrong for answer in failed if answer.wrong is not None)),
    )
