"""Reports of drills and storms: JSON for programs, a page for people, and the table of docs/fault-report.md. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape

from titanicarus.drill.contract import ROWS, Bound, Ruler
from titanicarus.drill.felt import Felt
from titanicarus.drill.picture import Band, Scale, draw
from titanicarus.drill.result import Ran, Stormed
from titanicarus.drill.timeline import Mark, Stage, first

BEFORE_SECONDS, AFTER_SECONDS = 3.0, 2.0
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 1060px; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: .6rem 0; } td, th { border-bottom: 1px solid #ddd; padding: .2rem .7rem;
text-align: left; vertical-align: top; } h2 { margin-top: 2.2rem; } svg { width: 100%; background: #fff; }
.clean { color: #1e8449; } .broken { color: #c0392b; } details { margin: .4rem 0; } code { white-space: pre-wrap; }
"""


def to_json(ran: Iterable[Ran], stormed: Iterable[Stormed] = ()) -> str:
    """One JSON document."""
    document = {"rows": [one.document() for one in ran], "storms": [one.document() for one in stormed]}
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def to_page(title: str, ran: Sequence[Ran], stormed: Sequence[Stormed] = ()) -> str:
    """A whole page that needs nothing else: its pictures are in it."""
    body = [f"<h1>{escape(title)}</h1>", _legend()]
    body += [_summary(ran)] if ran else []
    body += [_of_ran(one) for one in ran]
    body += [_of_storm(one) for one in stormed]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>\n' + "\n".join(body) + "\n</body></html>\n"


def _legend() -> str:
    return (
        "<p>Red time: broken; yellow: it comes back. Of users: green was answered, red was not, orange some of both. "
        "Point at a dot to read who said what. All seconds count from the fault.</p>"
    )


def _summary(ran: Sequence[Ran]) -> str:
    rows = [
        [str(one.row), one.title, _worst_words(one.felts), _verdict(one.clean), "; ".join(one.problems)] for one in ran
    ]
    return _table(["row", "fault", "felt", "verdict", "why"], rows, raw=(3,))


def _of_ran(one: Ran) -> str:
    parts = [f"<h2>Row {one.row}, run {one.run + 1}: {escape(one.title)}</h2>"]
    parts.append(f"<p>{_verdict(one.clean)} · {when(one.at)} UTC · seed {one.seed} · {escape(ROWS[one.row].title)}</p>")
    parts += [f'<p class="broken">{escape(problem)}</p>' for problem in one.problems]
    if one.moments is None:
        return "\n".join(parts)
    end = max([one.moments.whole, *(felt.end for felt in one.felts)]) + AFTER_SECONDS
    scale = Scale(one.moments.broke - BEFORE_SECONDS, end, one.moments.broke)
    bands = [
        Band(one.moments.broke, one.moments.mended, one.title),
        Band(one.moments.mended, one.moments.whole, "it comes back", fault=False),
    ]
    parts.append(draw(scale, bands, one.marks, one.felts))
    parts.append(_stages(one))
    parts.append(_felts(one.felts))
    parts.append(_marks(one.marks, one.moments.broke))
    return "\n".join(parts)


def _stages(one: Ran) -> str:
    """How long until what: the first of each stage after the fault."""
    found = stages(one)
    return "<p>" + " · ".join(f"{name} after {seconds:.2f} s" for name, seconds in found.items()) + "</p>"


def stages(one: Ran) -> Mapping[str, float]:
    """Seconds from the fault to the first detection, decision, action and recovery that anybody told of, and until all
    was whole again; what nobody told of is left out."""
    if one.moments is None:
        return {}
    found = {}
    for stage in (Stage.DETECTED, Stage.DECIDED, Stage.ACTED, Stage.RECOVERED):
        mark = first(one.marks, stage, one.moments.broke)
        if mark is not None:
            found[str(stage)] = mark.at - one.moments.broke
    return {**found, "whole": one.moments.whole - one.moments.broke}


def _of_storm(one: Stormed) -> str:
    parts = [f"<h2>Storm of {one.minutes:g} minutes, seed {one.seed}</h2>"]
    parts.append(f"<p>{_verdict(one.verdict.clean)} · {when(one.at)} UTC</p>")
    for heading, told in one.verdict.parts().items():
        parts += [f'<p class="broken">{escape(heading)}: {escape(sentence)}</p>' for sentence in told]
    parts.append(_table(["figure", ""], [[name, str(value)] for name, value in one.figures().items()]))
    bands = [Band(fault.began, fault.ended or one.end, str(fault.fault)) for fault in one.injected]
    scale = Scale(one.begin, one.end, one.begin)
    parts.append(draw(scale, bands, one.marks, one.felts))
    rows = [
        [
            f"{fault.began - one.begin:.0f}", str(fault.row), str(fault.fault),
            "not mended" if fault.ended is None else f"{fault.ended - fault.began:.0f}",
            "not seen" if fault.whole is None else f"{fault.whole - fault.began:.0f}",
        ]
        for fault in one.injected
    ]  # fmt: skip
    parts.append(_table(["at s", "row", "fault", "lasted s", "whole after s"], rows))
    parts.append(_felts(one.felts))
    parts.append(_marks(one.marks, one.begin))
    return "\n".join(parts)


def _felts(felts: Sequence[Felt]) -> str:
    rows = [
        [
            str(felt.watch), f"{felt.longest().seconds:.2f}", f"{felt.failures()} of {felt.requests}",
            ", ".join(f"{count} × {why}" for why, count in list(felt.reasons().items())[:3]),
            str(felt.lost), f"{felt.two_writers:.2f}", f"{felt.late:.2f}", "; ".join((*felt.said, *felt.broken)),
        ]
        for felt in felts
    ]  # fmt: skip
    heads = ["who", "longest gap s", "failed", "why", "lost", "two writers s", "ruler late s", "said"]
    return _table(heads, rows)


def _marks(marks: Sequence[Mark], zero: float) -> str:
    rows = [[f"{mark.at - zero:+.2f}", str(mark.stage), mark.who, mark.text] for mark in marks]
    table = _table(["s", "", "who", "what"], rows)
    return f"<details><summary>{len(rows)} instants</summary>{table}</details>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], raw: Sequence[int] = ()) -> str:
    """`raw` are columns that are HTML already."""
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    lines = []
    for row in rows:
        cells = (cell if place in raw else escape(cell) for place, cell in enumerate(row))
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return f"<table><tr>{top}</tr>{''.join(lines)}</table>"


def _verdict(clean: bool) -> str:
    return '<b class="clean">kept</b>' if clean else '<b class="broken">not kept</b>'


def when(at: float) -> str:
    """A Unix time for people, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def worst(felts: Iterable[Felt]) -> Mapping[Ruler, float]:
    """The longest gap of each ruler."""
    found: dict[Ruler, float] = {}
    for felt in felts:
        found[felt.watch.ruler] = max(found.get(felt.watch.ruler, 0.0), felt.longest().seconds)
    return found


def _worst_words(felts: Iterable[Felt]) -> str:
    return ", ".join(f"{ruler} {seconds:.2f} s" for ruler, seconds in worst(felts).items())


# docs/fault-report.md

HEAD = """# What faults did, measured

`./saguire fault run --docs` writes the first table from a run on the lab, and replaces the lines of the rows that it
ran; `./saguire fault storm --docs` the second. [fault-runs.md](fault-runs.md) says how to make and how to read them.
Nothing here is written by hand.
"""
_ROW_HEADS = (
    "row", "fault", "runs", "worst gap (promised)", "failed", "lost", "seen, acted, whole after", "verdict", "when",
)  # fmt: skip
_STORM_HEADS = (
    "seed", "minutes", "faults", "asked", "failed", "lost", "two writers s", "unexplained acts", "verdict", "when",
)  # fmt: skip
NOTHING_YET = "No run has been written down yet.\n"


def with_rows(page: str, ran: Sequence[Ran]) -> str:
    """The page with these runs in the place of older ones of the same rows."""
    by_row: dict[int, list[Ran]] = {}
    for one in ran:
        by_row.setdefault(one.row, []).append(one)
    rows, storms = _parts(page)
    return _joined({**rows, **{str(number): _row_line(found) for number, found in by_row.items()}}, storms)


def with_storms(page: str, stormed: Sequence[Stormed]) -> str:
    """The page with these storms in the place of older ones with the same seeds."""
    rows, storms = _parts(page)
    return _joined(rows, {**storms, **{str(one.seed): _storm_line(one) for one in stormed}})


def _parts(page: str) -> tuple[dict[str, str], dict[str, str]]:
    """The lines of the two tables by their first cell."""
    found: tuple[dict[str, str], dict[str, str]] = ({}, {})
    storms = False
    for line in page.splitlines():
        storms = storms or line.startswith("## Storms")
        name = line.strip("|").partition("|")[0].strip()
        if line.startswith("|") and name.isdigit():
            found[storms][name] = line
    return found


def _joined(rows: Mapping[str, str], storms: Mapping[str, str]) -> str:
    def table(heads: Sequence[str], lines: Mapping[str, str]) -> str:
        if not lines:
            return NOTHING_YET
        top = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
        return "\n".join([*top, *(lines[name] for name in sorted(lines, key=int))]) + "\n"

    return f"{HEAD}\n## Rows\n\n{table(_ROW_HEADS, rows)}\n## Storms\n\n{table(_STORM_HEADS, storms)}"


def _row_line(ran: Sequence[Ran]) -> str:
    promise = ROWS[ran[0].row]
    gaps = worst(felt for one in ran for felt in one.felts)
    felt = ", ".join(f"{ruler} {seconds:.2f} s ({_promised(promise.bound(ruler))})" for ruler, seconds in gaps.items())
    failed = max((sum(felt.failures() for felt in one.felts) for one in ran), default=0)
    lost = max((sum(felt.lost for felt in one.felts) for one in ran), default=0)
    slowest: dict[str, float] = {}
    for one in ran:
        for name, seconds in stages(one).items():
            slowest[name] = max(slowest.get(name, 0.0), seconds)
    steps = ", ".join(f"{slowest[name]:.1f}" if name in slowest else "–" for name in ("detected", "acted", "whole"))
    kept = sum(one.clean for one in ran)
    verdict = "kept" if kept == len(ran) else f"**not kept** in {len(ran) - kept} of {len(ran)}"
    seeds = ", ".join(sorted({str(one.seed) for one in ran}))
    at = f"{when(max(one.at for one in ran))}, seed {seeds}"
    cells = (promise.number, promise.title, len(ran), felt or "–", failed, lost, f"{steps} s", verdict, at)
    return _line(cells)


def _storm_line(one: Stormed) -> str:
    told = one.figures()
    clean = "clean" if one.verdict.clean else "**not clean**"
    names = ("faults", "requests and writes", "failed", "acknowledged and lost", "seconds with two writers")
    cells = (one.seed, f"{one.minutes:g}", *(told[name] for name in names), told["acts that nothing explains"])
    return _line((*cells, clean, when(one.at)))


def _promised(bound: Bound | None) -> str:
    return "–" if bound is None else f"{bound.gap:g} s"


def _line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |"
