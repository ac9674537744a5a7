"""What a drill or a storm needs of the world: the lab in earnest, a made-up one in unit tests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from titanicarus.drill.fault import Fault
from titanicarus.drill.felt import Felt
from titanicarus.drill.rows import Watch
from titanicarus.drill.situation import Situation
from titanicarus.drill.timeline import Line
from titanicarus.fleet import Fleet
from titanicarus.heal.incidents import Incident
from titanicarus.lab import LabError
from titanicarus.operations.errors import OperationFailed
from titanicarus.transport import CommandFailed, Unreachable

FAILURES = (LabError, OperationFailed, CommandFailed, Unreachable)
"""What the world raises when something in it does not work: told in the report, not a bug of the drill."""


class Watching(Protocol):
    """Clients that measure, from their beginning on."""

    @property
    def watch(self) -> Watch:
        """Who is watched."""
        ...

    def await_good(self, seconds: float) -> None:
        """Return when everything was answered well just now. Raises one of FAILURES after so many seconds."""
        ...

    def stop(self) -> Felt:
        """End it, read back what was acknowledged, and judge that. Raises one of FAILURES."""
        ...

    def kill(self) -> None:
        """Leave nothing running, after something else went wrong; no harm after `stop`."""
        ...


class World(Protocol):
    """A fleet that can be broken. Seconds are of CLOCK_MONOTONIC."""

    @property
    def fleet(self) -> Fleet:
        """Its declaration."""
        ...

    @property
    def max_lag(self) -> int:
        """The policy's data-loss rule, in commits."""
        ...

    def now(self) -> float:
        """The time."""
        ...

    def unix_offset(self) -> float:
        """How many seconds Unix time is ahead of that now."""
        ...

    def last(self, seconds: float) -> None:
        """Let time pass: the length of a fault, not a wait for something."""
        ...

    def look(self, parts: Collection[str] | None = None) -> Situation:
        """Who has what now, and which of these parts (None: of all) are not whole; of shards always all."""
        ...

    def make(self, fault: Fault) -> None:
        """Break it."""
        ...

    def mend(self, fault: Fault) -> None:
        """Undo it; nothing when it is not there any more."""
        ...

    def broken(self) -> Sequence[str]:
        """Everything that is broken on purpose now, whoever did it, as sentences."""
        ...

    def watch(self, watch: Watch, *, gently: bool = False) -> Watching:
        """Begin to measure; `gently`: for a long time. Raises one of FAILURES."""
        ...

    def await_whole(self, parts: Collection[str] | None = None) -> None:
        """Return when these parts of the fleet (None: all) are whole. Raises OperationFailed with what is missing."""
        ...

    def alone(self, shard: str) -> None:
        """Return when the shard's primary goes on without a standby. Raises OperationFailed."""
        ...

    def writer(self, shard: str) -> str | None:
        """Who writes a shard now."""
        ...

    def applied(self, host: str) -> None:
        """Return when a host that was blank has all of its states. Raises OperationFailed."""
        ...

    def incidents(self) -> tuple[Sequence[Incident], Sequence[str]]:
        """What the healers did so far, and what is wrong with their ledgers. Raises one of FAILURES."""
        ...

    def logs(self, since: float) -> Iterable[Line]:
        """What daemons said since."""
        ...

    def reports(self, shard: str, since: float) -> Sequence[str]:
        """Reports, made since, of what the shard's history went on without."""
        ...
