"""The lines of all ledgers as incidents, and an incident as sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from titanicarus.heal import shares
from titanicarus.heal.holds import spell
from titanicarus.heal.ledger import Entry

OPEN, ENDED = "open", "ended"
QUESTIONS = {
    1: "is healing on here",
    2: "may this be believed",
    3: "do enough observers say so",
    4: "is it still so",
    5: "is there budget",
    6: "is it this master's to do",
    7: "what is done, and did it help",
}


@dataclass(slots=True)
class Incident:
    """`result` is how it ended, `open` until it has; `at` is when it began, by its master's clock (Unix time)."""

    id: str
    subject: str
    master: str
    at: float
    result: str = OPEN
    sentence: str = ""
    seconds: float | None = None
    entries: list[Entry] = field(default_factory=list)

    @property
    def closed_at(self) -> float:
        """When it was closed; of one that is open, its last step. What follows an end (who was told, that it is over)
        does not count."""
        return float(next((one["at"] for one in self.entries if one["step"] == "closed"), self.entries[-1]["at"]))

    @property
    def over(self) -> bool:
        """Whether what was refused or given up came right afterwards."""
        return any(entry["step"] == ENDED for entry in self.entries)

    def document(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "id": self.id, "subject": self.subject, "master": self.master, "at": self.at, "result": self.result,
            "sentence": self.sentence, "seconds": self.seconds, "entries": self.entries,
        }  # fmt: skip


def fold(ledgers: Mapping[str, Iterable[Entry]]) -> list[Incident]:
    """Every incident of these ledgers, the oldest first."""
    found: dict[str, Incident] = {}
    for entries in ledgers.values():
        for entry in entries:
            if "incident" in entry:
                _add(found, entry)
    return sorted(found.values(), key=lambda one: one.at)


def _add(found: dict[str, Incident], entry: Entry) -> None:
    name = str(entry["incident"])
    incident = found.setdefault(name, Incident(name, entry["subject"], entry["master"], entry["at"]))
    incident.entries.append(entry)
    incident.sentence = entry.get("sentence", incident.sentence)
    if entry["step"] == "closed":
        incident.result = entry["result"]
        incident.seconds = entry["seconds"]


def chosen(incidents: Iterable[Incident], name: str) -> list[Incident]:
    """Those with this id, or whose id begins or ends so."""
    listed = list(incidents)
    exact = [one for one in listed if one.id == name]
    return exact or [one for one in listed if one.id.startswith(name) or one.id.endswith(name)]


def moment(at: float) -> str:
    """A Unix time for people, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def explain(incident: Incident) -> list[str]:
    """What was seen by whom, which rule decided and why the others did not object, what was done, how long it took."""
    said = [f"{incident.id}: {incident.subject}, {incident.result}, kept by {incident.master}"]
    for entry in incident.entries:
        said += [f"{moment(entry['at'])}  {line}" for line in _lines(entry)]
    return said


def _lines(entry: Entry) -> list[str]:
    known = _STEPS.get(entry["step"])
    return known(entry) if known else [str(entry.get("sentence", entry["step"]))]


def _opened(entry: Entry) -> list[str]:
    report = entry["report"]
    if "state" in report:
        return [f'its health check says "{report["state"]}", for {spell(report["well_for"])}']
    if "part" in report:
        words = f": {report['why']}" if report["why"] else ""
        return [
            f"seen by {report['host']} itself: {report['part']} {report['kind']} for {spell(report['seconds'])}{words}"
        ]
    if "observer" in report:
        return [f"seen by {report['observer']}: no answer to {report['looks']} looks, for {spell(report['seconds'])}"]
    if entry.get("by_hand"):
        return [f"asked for by hand: {report['unit']} of {report['host']}"]
    found = f"{report['unit']} {report['kind']} for {spell(report['seconds'])}, {report['looks']} looks in a row"
    return [f"seen by {report['host']} itself: {found}"]


def _decided(entry: Entry) -> list[str]:
    number = entry["question"]
    before = [f"  {index}. {QUESTIONS[index]}? {words}" for index, words in enumerate(entry["passed"], 1)]
    return [f"{entry['verdict']}: {entry['sentence']}", *before, f"  {number}. {QUESTIONS[number]}? This decided."]


def _acting(entry: Entry) -> list[str]:
    return [f"told {entry['host']} to {entry['action']} {entry['unit']}"]


def _outcome(entry: Entry) -> list[str]:
    words = f": {entry['words']}" if entry.get("words") else ""
    return [f"{entry['outcome']} after {entry['seconds']:g} s{words}"]


def _share(entry: Entry) -> list[str]:
    return [f"{entry['island']} is {entry['step']}, and Route53 is to be told so"]


def _closed(entry: Entry) -> list[str]:
    down = entry.get("down")
    felt = f"; it was so for about {spell(down)}" if down is not None else ""
    return [f"{entry['result']} after {entry['seconds']:g} s{felt}: {entry['sentence']}"]


def _telling(entry: Entry) -> list[str]:
    return [f"{entry['master']} begins to tell people, by {entry['channel']}"]


def _told(entry: Entry) -> list[str]:
    words = f": {entry['words']}" if entry.get("words") else ""
    return [f"{entry['step']} by {entry['channel']}{words}"]


_STEPS: dict[str, Callable[[Entry], list[str]]] = {
    "opened": _opened,
    "decided": _decided,
    "acting": _acting,
    "outcome": _outcome,
    shares.TAKEN_OUT: _share,
    shares.BROUGHT_BACK: _share,
    "closed": _closed,
    "telling": _telling,
    "told": _told,
    "not told": _told,
}
