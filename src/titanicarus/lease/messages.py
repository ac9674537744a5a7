"""What goes into the protocol, and the actions that come out of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from titanicarus.lease.record import Position, Record


@dataclass(frozen=True, slots=True)
class Replica:
    """The replica in the owner's island that can be its standby, as the primary sees it.

    `caught_up`: it has acknowledged everything up to where the primary was when commits began to wait for it.
    """

    host: str
    start_id: str
    caught_up: bool


@dataclass(frozen=True, slots=True)
class Database:
    """The item's database on this host. A database that is down is None.

    start_id
        Names this run of mariadbd.
    ready_for
        The epoch for which it was promoted in this run, None while it is a replica.
    waits
        Whether commits wait for the acknowledgement of a replica. True in a new run.
    blocked_for
        Seconds for which the oldest commit has waited.
    failed
        Runs, but must not be used: its disk is full, or does not answer.
    looked_at
        When all this was asked, at the latest. It has gone on since.
    """

    start_id: str
    position: Position
    ready_for: int | None = None
    waits: bool = True
    blocked_for: float = 0.0
    replica: Replica | None = None
    failed: bool = False
    looked_at: float = inf


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the operator asks of this host's keeper, for this item.

    paused
        Take nothing. Owners go on.
    move_to
        The host that should own the item instead of this one.
    drained
        Do not take; hand over if there is a standby.
    override
        Open here although the protocol cannot prove that nobody else does, or although commits will be lost.
    """

    paused: bool = False
    move_to: str | None = None
    drained: bool = False
    override: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """Read the item from the witness, consistently."""

    request: int


@dataclass(frozen=True, slots=True)
class Write:
    """Write the item if its nonce is still `expect`; on a mismatch the answer has the item as it is."""

    request: int
    record: Record
    expect: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask a keeper to promise that it will not take the item for a lease time from its receipt."""

    to: str
    round: int
    item: str
    epoch: int
    nonce: str


@dataclass(frozen=True, slots=True)
class Promote:
    """Make the database of exactly this run ready to be opened: end replication, apply what was received."""

    epoch: int
    start_id: str


@dataclass(frozen=True, slots=True)
class Open:
    """Keep the gate open until then (own clock), for this epoch; write the epoch row before it opens first."""

    epoch: int
    start_id: str
    until: float


@dataclass(frozen=True, slots=True)
class Shut:
    """Shut the gate, and leave the database as it is."""


@dataclass(frozen=True, slots=True)
class Fence:
    """Shut the gate, then SIGKILL the database. It starts again read-only."""


@dataclass(frozen=True, slots=True)
class SetWaits:
    """Make commits wait for a replica's acknowledgement, or let them go on alone."""

    waits: bool


Action = Read | Write | Ask | Promote | Open | Shut | Fence | SetWaits
