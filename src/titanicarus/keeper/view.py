"""What the lease protocol is told of a database, from what was seen of it. Pure: times come in as arguments.

A database that has not answered for a while, whose disk does not take a write, or has no room, still *runs*, but must
not be used (`failed`). One without a process is *down*. What was never seen is not guessed at.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from titanicarus.lease.messages import Database, Replica
from titanicarus.lease.record import Position
from titanicarus.mariadb.look import Look

ANSWER_SECONDS = 2.0
"""A database that did not answer for so long has failed."""
DISK_SECONDS = 2.0
"""A disk that did not finish a write for so long has failed."""
NEAR_SECONDS = 2.5
"""How old the commits are that a replica must have to be near. What it says of itself can be over a second old."""
LEAST_FREE = 64 * 1024 * 1024
"""Bytes. With less, the next commits may not fit, so it is given away before that."""


@dataclass(frozen=True, slots=True)
class Disk:
    """`written_at` is when a small write with fsync was last known to have ended; `free` is in bytes."""

    written_at: float
    free: int


@dataclass(frozen=True, slots=True)
class Mate:
    """What the keeper of the other host of the island said of its copy, and when that was heard."""

    host: str
    position: Position
    start_id: str


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of this run of the database.

    ready_for
        The epoch for which it was promoted, None while it is a replica.
    waits_from
        Commits that the primary had when commits began to wait.
    blocked_since, acknowledged
        Since when no acknowledgement came although a commit waits, and how many there were by then.
    marks
        When the primary was looked at of late, and how many commits it had: who has those of NEAR_SECONDS ago is near
        enough for commits to wait for it.
    """

    start_id: str = ""
    ready_for: int | None = None
    waits_from: int | None = None
    blocked_since: float | None = None
    acknowledged: int = -1
    marks: tuple[tuple[float, int], ...] = ()

    @property
    def near(self) -> int | None:
        """Commits that a replica must have for commits to wait for it; None when that cannot be told yet."""
        return self.marks[0][1] if self.marks and self.marks[-1][0] - self.marks[0][0] >= NEAR_SECONDS else None


def remember(memory: Memory, look: Look, at: float) -> Memory:
    """The memory after one more look, taken at `at`. Another run of the database has a memory of its own."""
    if look.start_id != memory.start_id:
        memory = Memory(start_id=look.start_id)
    if memory.ready_for is None:
        return memory
    waits_from = memory.waits_from
    if not look.waits:
        waits_from = None
    elif waits_from is None:
        waits_from = look.applied
    blocked: float | None = None
    if look.waits and look.waiting_sessions:
        moved = look.acked != memory.acknowledged or memory.blocked_since is None
        blocked = at if moved else memory.blocked_since
    return replace(
        memory,
        waits_from=waits_from,
        blocked_since=blocked,
        acknowledged=look.acked,
        marks=_marks(memory.marks, at, look.applied),
    )


def _marks(marks: tuple[tuple[float, int], ...], at: float, applied: int) -> tuple[tuple[float, int], ...]:
    """One mark more, and of the old ones only the youngest that is old enough."""
    marks = (*marks, (at, applied))
    while len(marks) > 2 and at - marks[1][0] >= NEAR_SECONDS:
        marks = marks[1:]
    return marks


def database(
    look: Look | None, looked_at: float, memory: Memory, *, disk: Disk | None, mate: Mate | None, now: float
) -> Database | None:
    """What the protocol goes by; None when nothing is known of a run of it.

    `look` is the last one that succeeded in the run that goes on now.
    """
    if look is None:
        return None
    sick = now - looked_at >= ANSWER_SECONDS or disk is None
    if disk is not None:
        sick = sick or now - disk.written_at >= DISK_SECONDS or disk.free < LEAST_FREE
    blocked = 0.0 if memory.blocked_since is None else now - memory.blocked_since
    primary = memory.ready_for is not None
    return Database(
        start_id=look.start_id,
        position=Position(look.epoch, look.owner, look.received),
        ready_for=memory.ready_for,
        waits=look.waits if primary else True,
        blocked_for=blocked,
        replica=_replica(look, memory, mate) if primary else None,
        failed=sick,
    )


def _replica(look: Look, memory: Memory, mate: Mate | None) -> Replica | None:
    """The other host of the island, if it follows: in the run that is connected, not the one that once was.

    While commits do not wait for it, one that is still far behind is none: they would wait until it has caught up.
    """
    if mate is None:
        return None
    for follower in look.followers:
        if follower.host == mate.host:
            there = follower.start_id == mate.start_id
            near = there and memory.near is not None and mate.position.commits >= memory.near
            if not look.waits and not near:
                return None
            enough = memory.waits_from is not None and mate.position.commits >= memory.waits_from
            return Replica(follower.host, follower.start_id, caught_up=there and enough and look.waits)
    return None
