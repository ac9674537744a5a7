"""The timeline of a fault as one SVG: what was broken, who said what, and what users felt. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from titanicarus.drill.felt import Felt
from titanicarus.drill.timeline import Mark, Stage

WIDTH, LEFT, RIGHT = 1000, 190, 20
ROW, HEAD, FOOT = 20, 8, 26
BINS = 400
_COLOURS = {
    Stage.FAULT: "#c0392b",
    Stage.DETECTED: "#e67e22",
    Stage.DECIDED: "#8e44ad",
    Stage.ACTED: "#2980b9",
    Stage.MENDED: "#7f8c8d",
    Stage.RECOVERED: "#27ae60",
}
_GOOD, _BAD, _MIXED = "#27ae60", "#c0392b", "#e67e22"
_STEPS = (0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600)
_MOST_TICKS = 16


@dataclass(frozen=True, slots=True)
class Band:
    """A time in which something was so: `fault` while it was broken, else while it came back."""

    begin: float
    end: float
    text: str
    fault: bool = True


@dataclass(frozen=True, slots=True)
class Scale:
    """From seconds to places on the picture; `zero` is the instant that its axis counts from."""

    begin: float
    end: float
    zero: float

    def x(self, at: float) -> float:
        """Instants outside are at its edges."""
        inside = min(max(at, self.begin), self.end)
        return LEFT + (WIDTH - LEFT - RIGHT) * (inside - self.begin) / max(self.end - self.begin, 1e-9)

    def ticks(self) -> list[float]:
        """Round numbers of seconds since `zero`, not too many."""
        span = self.end - self.begin
        step = next((one for one in _STEPS if span / one <= _MOST_TICKS), _STEPS[-1])
        first = int((self.begin - self.zero) / step)
        numbers = (step * number for number in range(first, first + int(span / step) + 2))
        return [number for number in numbers if self.begin <= self.zero + number <= self.end]


def draw(scale: Scale, bands: Iterable[Band], marks: Sequence[Mark], felts: Sequence[Felt]) -> str:
    """The picture as an `<svg>` element. Everything that a daemon said is escaped."""
    stages = [stage for stage in Stage if any(mark.stage is stage for mark in marks)]
    lanes = [(felt, lane) for felt in felts for lane in felt.lanes]
    height = HEAD + ROW * (len(stages) + len(lanes)) + FOOT
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" xmlns="http://www.w3.org/2000/svg">']
    parts += [_band(scale, band, height - FOOT) for band in bands]
    parts += _axis(scale, height)
    for row, stage in enumerate(stages):
        y = HEAD + ROW * row
        parts.append(_label(str(stage), y))
        parts += [_dot(scale, mark, y) for mark in marks if mark.stage is stage]
    for number, (felt, lane) in enumerate(lanes):
        y = HEAD + ROW * (len(stages) + number)
        parts.append(_label(lane.name if len(felt.lanes) > 1 else str(felt.watch), y))
        parts += _cells(scale, lane.good, [began for began, _ in lane.bad], y)
    parts.append("</svg>")
    return "\n".join(parts)


def _band(scale: Scale, band: Band, height: float) -> str:
    colour = "#f5c6c0" if band.fault else "#f9e79f"
    x, to = scale.x(band.begin), scale.x(band.end)
    return (
        f'<rect x="{x:.1f}" y="0" width="{max(to - x, 1):.1f}" height="{height}" fill="{colour}" opacity="0.5">'
        f"<title>{escape(band.text)}</title></rect>"
    )


def _axis(scale: Scale, height: float) -> list[str]:
    y = height - FOOT
    parts = [f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="#555"/>']
    for second in scale.ticks():
        x = scale.x(scale.zero + second)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{y + 4}" stroke="#555"/>')
        parts.append(f'<text x="{x:.1f}" y="{y + 18}" text-anchor="middle" font-size="11">{second:g} s</text>')
    return parts


def _label(text: str, y: float) -> str:
    short = text if len(text) <= 32 else f"{text[:31]}…"
    return (
        f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end" font-size="11">{escape(short)}'
        f"<title>{escape(text)}</title></text>"
    )


def _dot(scale: Scale, mark: Mark, y: float) -> str:
    told = escape(f"{mark.at - scale.zero:+.2f} s, {mark.who}: {mark.text}")
    return (
        f'<circle cx="{scale.x(mark.at):.1f}" cy="{y + ROW / 2:.0f}" r="4.5" fill="{_COLOURS[mark.stage]}">'
        f"<title>{told}</title></circle>"
    )


def _cells(scale: Scale, good: Sequence[float], bad: Sequence[float], y: float) -> list[str]:
    """Equal pieces of time: green where all was answered well, red where nothing was, nothing where nobody asked."""
    span = (scale.end - scale.begin) / BINS
    counts: dict[int, list[int]] = {}
    for place, moments in enumerate((good, bad)):
        for at in moments:
            if scale.begin <= at < scale.end:
                counts.setdefault(int((at - scale.begin) / span), [0, 0])[place] += 1
    parts, width = [], (WIDTH - LEFT - RIGHT) / BINS
    # Neighbours of one colour are one rectangle: a picture of 20 minutes stays small.
    begun: tuple[int, str] | None = None
    for number in range(BINS + 1):
        right, wrong = counts.get(number, (0, 0)) if number < BINS else (0, 0)
        colour = "" if not right and not wrong else _GOOD if not wrong else _BAD if not right else _MIXED
        if begun and begun[1] != colour:
            x = LEFT + begun[0] * width
            size = f'width="{(number - begun[0]) * width:.2f}" height="{ROW - 6}"'
            parts.append(f'<rect x="{x:.2f}" y="{y + 3}" {size} fill="{begun[1]}"/>')
            begun = None
        if colour and begun is None:
            begun = (number, colour)
    return parts
