"""A second look: what a host answers when a master asks it about one of its units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from titanicarus.heal import holds
from titanicarus.heal.claims import Act, Claim
from titanicarus.heal.holds import Hold


class State(StrEnum):
    """A unit as systemd has it. `starting`: or stopping; a job is at it. `trying`: it ended, and systemd starts it
    again in a moment."""

    RUNNING = "running"
    STARTING = "starting"
    TRYING = "trying"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


class BadSight(ValueError):
    """The answer is none that this version gives."""


@dataclass(frozen=True, slots=True)
class PastAct:
    """An act on this host, `age` seconds ago by its own clock."""

    unit: str
    action: str
    age: float
    helped: bool | None


@dataclass(frozen=True, slots=True)
class Sight:
    """One host and one of its units, now. Times are seconds.

    boot, up
        The host's boot, and for how long it has been up: the clock of its reports.
    running_for, stopped_for
        For how long the unit has been running, or stopped, without a break; 0 when it is not.
    restarts
        How often systemd has started it again by itself since somebody last started it.
    enabled
        Whether it is started at every boot. One that nobody enabled was not put into service, or was taken out.
    booting, drained
        Whether the host is still starting; whether an operator has taken it out of service.
    busy
        Why the unit may be stopped on purpose, None when nobody is at work on it.
    revision
        Of the declared state that was applied here with success, "" when a run failed or none was made.
    holds
        What the host itself was told of maintenance.
    acts
        What was done here within a day.
    claim
        Of the master that looks first, or is at work: ours if `claimed`.
    """

    host: str
    unit: str
    boot: str
    up: float
    state: State
    running_for: float
    enabled: bool
    stopped_for: float = 0.0
    restarts: int = 0
    booting: bool = False
    drained: bool = False
    busy: str | None = None
    revision: str = ""
    holds: tuple[Hold, ...] = ()
    acts: tuple[PastAct, ...] = ()
    claimed: bool = True
    claim: Claim | None = None

    def document(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class NoSight:
    """The host gave no answer, or none that can be used. Nothing is known of it."""

    why: str


def parse(document: Any) -> Sight:
    """Raises BadSight."""
    if not isinstance(document, Mapping):
        raise BadSight(f"found {document!r}")
    try:
        values = dict(document)
        values["state"] = State(values["state"])
        values["holds"] = tuple(holds.parse(entry) for entry in values["holds"])
        values["acts"] = tuple(PastAct(**entry) for entry in values["acts"])
        values["claim"] = Claim(**values["claim"]) if values["claim"] else None
        sight = Sight(**values)
        numbers = (sight.up, sight.running_for, sight.stopped_for, sight.restarts, *(act.age for act in sight.acts))
        if not all(isinstance(number, int | float) for number in numbers):
            raise BadSight(f"numbers expected, found {numbers}")
    except (KeyError, TypeError, ValueError) as error:
        raise BadSight(f"the answer cannot be used: {error!r}") from error
    return sight


def past(acts: list[Act], now: float) -> tuple[PastAct, ...]:
    """Acts with their ages; a clock that was set back makes none of them an act of the future."""
    return tuple(PastAct(act.unit, act.action, round(max(0.0, now - act.at), 1), act.helped) for act in acts)
