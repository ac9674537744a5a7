"""Who is at work on what on this host, and what was done here: where masters that cannot hear each other meet.

A claim is about one unit, belongs to one master and one incident, and has an end by a clock that nobody can set. A boot
ends all of them. Acts are written down before they are done, and their result
after: docs/adr/0081-claims-on-the-host.md.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from titanicarus.control import files

CLAIMS = Path("/run/titanicarus/heal/claims.json")
ACTS = Path("/var/lib/titanicarus/heal/acts.json")
LOOK_SECONDS = 30.0
"""For how long the master that looked first is left alone with what it found."""
REMEMBERED = 86400.0
MOST = 100


@dataclass(frozen=True, slots=True)
class Claim:
    """`until` is in seconds since the boot `boot`."""

    unit: str
    by: str
    incident: str
    boot: str
    until: float

    def stands(self, boot: str, up: float) -> bool:
        """Whether it counts."""
        return self.boot == boot and up < self.until


@dataclass(frozen=True, slots=True)
class Act:
    """Something that was done here at `at` (Unix time). `helped` is None until that is known."""

    unit: str
    action: str
    by: str
    incident: str
    at: float
    helped: bool | None = None


class Taken(Exception):
    """Another master is at work on it; `claim` is its claim."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(f"{claim.by} is at work on {claim.unit} (incident {claim.incident})")
        self.claim = claim


def take(claim: Claim, up: float, path: Path = CLAIMS) -> None:
    """Claim the unit, or renew the claim of the same incident. Raises Taken while another one stands."""
    with files.alone(path):
        standing = [one for one in _read(path, Claim) if one.stands(claim.boot, up)]
        for one in standing:
            if one.unit == claim.unit and (one.by, one.incident) != (claim.by, claim.incident):
                raise Taken(one)
        _write(path, [*(one for one in standing if one.unit != claim.unit), claim])


def held(claim: Claim, up: float, path: Path = CLAIMS) -> bool:
    """Whether the unit is claimed by this incident of this master, until whenever."""
    return any(replace(one, until=claim.until) == claim and one.stands(claim.boot, up) for one in _read(path, Claim))


def begin(act: Act, path: Path = ACTS) -> None:
    """Write down what is about to be done."""
    with files.alone(path):
        recent = [one for one in _read(path, Act) if act.at - one.at < REMEMBERED][-MOST + 1 :]
        _write(path, [*recent, act])


def end(act: Act, helped: bool, path: Path = ACTS) -> None:
    """Write down whether it helped."""
    with files.alone(path):
        _write(path, [replace(one, helped=helped) if one == act else one for one in _read(path, Act)])


def acts(path: Path = ACTS) -> list[Act]:
    """What was done here of late, oldest first."""
    return _read(path, Act)


def _read(path: Path, kind: Any) -> list[Any]:
    try:
        return [kind(**entry) for entry in json.loads(path.read_bytes())]
    except FileNotFoundError:
        return []


def _write(path: Path, entries: list[Any]) -> None:
    files.write(path, json.dumps([asdict(entry) for entry in entries]))
