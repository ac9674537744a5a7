"""What happened when, from the words of those who were there: the ledger of the healers, and the logs of the daemons.

Pure. All instants are CLOCK_MONOTONIC in seconds.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from titanicarus.drill.felt import Felt
from titanicarus.heal import shares
from titanicarus.heal.incidents import Incident


class Stage(StrEnum):
    """What an instant is in the story of a fault."""

    FAULT = "fault"
    DETECTED = "detected"
    DECIDED = "decided"
    ACTED = "acted"
    MENDED = "mended"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """One instant. `who` is a host, `drill`, or the ruler that felt it."""

    at: float
    stage: Stage
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a host's journal, of one unit."""

    at: float
    host: str
    unit: str
    text: str


_KEEPER, _ALIVED, _HAPROXY = "titanicarus-keeper.service", "keepalived.service", "haproxy.service"
_FILES, _JOIN = "titanicarus-files.service", "titanicarus-join.service"
UNITS = (_KEEPER, _ALIVED, _HAPROXY, _FILES, _JOIN)
"""Whose journals are read."""
_WORDS: tuple[tuple[str, re.Pattern[str], Stage], ...] = tuple(
    (unit, re.compile(pattern), stage)
    for unit, pattern, stage in (
        (_ALIVED, r"\(\w+\) Entering MASTER STATE", Stage.ACTED),
        (_ALIVED, r"VRRP_Script\(\w+\) failed.*", Stage.DETECTED),
        (_HAPROXY, r"Server \S+ is DOWN.*", Stage.DETECTED),
        (_HAPROXY, r"Server \S+ is UP.*", Stage.RECOVERED),
        (_KEEPER, r"\w+: takes the item: .*", Stage.DECIDED),
        (_KEEPER, r"\w+: hands the item to .*", Stage.DECIDED),
        (_KEEPER, r"\w+: is open in epoch .*", Stage.ACTED),
        (_KEEPER, r"\w+: is made anew from .*", Stage.ACTED),
        (_KEEPER, r"routes: \w+: nobody is the writer: .*", Stage.DETECTED),
        (_KEEPER, r"routes: \w+: \S+ is the writer in epoch .*", Stage.ACTED),
        (_KEEPER, r"routes: the keeper of \S+ is heard again", Stage.RECOVERED),
        (_KEEPER, r"witness: answers again", Stage.RECOVERED),
        (_KEEPER, r"witness: .*", Stage.DETECTED),
        (_KEEPER, r"island: in service.*", Stage.RECOVERED),
        (_KEEPER, r"island: .*", Stage.DECIDED),
        (_FILES, r"\S+ .*: it is mounted anew", Stage.ACTED),
        (_FILES, r"\S+ fails: .*", Stage.DETECTED),
        (_FILES, r"volume \S+ goes on without .*", Stage.DETECTED),
        (_JOIN, r"\S+ lets this machine in", Stage.DECIDED),
        (_JOIN, r"applying all states from .*", Stage.ACTED),
        (_JOIN, r"this machine is in service.*", Stage.RECOVERED),
    )
)
_STAMP = re.compile(r"^\w{3} \w{3} +\d+ [\d:]{8} \d{4}: +")  # keepalived writes one of its own
_REST = re.compile(r", (?:check duration|\d+ active and).*|\. \d+ active and.*")
SOON_SECONDS = 2.0
"""Several hosts say the same within moments: the first one counts, and how many followed."""


def marks_of_logs(lines: Iterable[Line]) -> list[Mark]:
    """What daemons said that belongs to the story, in order; the same words of several hosts once."""
    found: list[Mark] = []
    latest: dict[str, int] = {}
    for line in sorted(lines, key=lambda one: one.at):
        text = _STAMP.sub("", line.text)
        stage = next((stage for unit, words, stage in _WORDS if unit == line.unit and words.fullmatch(text)), None)
        if stage is None:
            continue
        text = _REST.sub("", text)
        before = latest.get(text)
        if before is not None and line.at - found[before].at <= SOON_SECONDS:
            continue
        latest[text] = len(found)
        found.append(Mark(line.at, stage, line.host, text))
    return found


def marks_of_incident(incident: Incident, offset: float) -> Iterator[Mark]:
    """From the ledger; its clock (Unix time) is `offset` seconds ahead. Steps that are not known here are left out."""
    for entry in incident.entries:
        at = float(entry["at"]) - offset
        step = entry["step"]
        if step == "opened":
            yield Mark(at, Stage.DETECTED, incident.master, f"{incident.subject} is reported (incident {incident.id})")
        elif step == "decided":
            yield Mark(at, Stage.DECIDED, incident.master, str(entry.get("sentence", "decided")))
        elif step == "acting":
            what = entry.get("unit") or incident.subject
            yield Mark(at, Stage.ACTED, incident.master, f"{entry.get('action', 'act')} {what} of {entry.get('host')}")
        elif step in shares.STEPS:
            yield Mark(at, Stage.ACTED, incident.master, f"{entry['island']} is {step}")
        elif step == "closed":
            stage = Stage.RECOVERED if entry.get("result") == "healed" else Stage.DECIDED
            yield Mark(at, stage, incident.master, f"{entry.get('result')}: {entry.get('sentence', '')}")


def marks_of_epochs(felt: Felt, since: float) -> Iterator[Mark]:
    """When a new epoch took its first write, as clients saw it."""
    for tenure in felt.tenures[1:]:
        if since <= tenure.first < float("inf"):
            yield Mark(tenure.first, Stage.RECOVERED, str(felt.watch), f"first write of epoch {tenure.epoch}")


def concerning(marks: Iterable[Mark], islands: Collection[str]) -> list[Mark]:
    """Those that hosts of these islands told, or that are about one of them; the drill's own and users' always."""
    about = re.compile("|".join(rf"(?<![a-z]){re.escape(island)}(?![a-z])" for island in islands) or "(?!)")
    return [mark for mark in marks if about.search(mark.who) or about.search(mark.text) or mark.who == "drill"]


def first(marks: Iterable[Mark], stage: Stage, since: float) -> Mark | None:
    """The first of a stage not before an instant."""
    return min((mark for mark in marks if mark.stage is stage and mark.at >= since), default=None)
