"""Who copies what and when, what is kept for how long, and what a restore to a moment needs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from titanicarus.backup.store import Base, Generation

_HOUR = 3600.0
LATE_SECONDS = 48 * _HOUR
"""A base copy that is so late is taken even from a primary that has nobody else."""
ROOM = 1.2
"""A copy is given that much more room than it had when it was made: indexes and undo grow while logs are replayed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`why` is a sentence without a full stop."""

    yes: bool
    why: str


def may_copy(  # noqa: PLR0911 - a list of reasons
    host: str, facts: Mapping[str, object] | None, age: float | None
) -> Verdict:
    """Whether this host may take a base copy now, by what its keeper says of the shard. `age` is how many seconds old
    the newest base copy here is, None without any.

    A copy costs disk and processor: a primary with another copy in step leaves it to that one.
    """
    if facts is None:
        return Verdict(False, "its keeper says nothing, so nobody knows whether this copy is good")
    if facts.get("position") is None or facts.get("failed"):
        return Verdict(False, "its database is down or fails")
    if facts.get("rebuilding"):
        return Verdict(False, "its copy is just made anew")
    if facts.get("open"):
        if facts.get("standby"):
            return Verdict(False, f"it is the primary, and {facts['standby']} is in step: that one takes it")
        if age is not None and age < LATE_SECONDS:
            return Verdict(False, "it is the primary, and the newest copy is young enough to wait for a replica")
        return Verdict(True, "it is the primary, and nobody else took one")
    if facts.get("replicates"):
        return Verdict(True, "it is a replica")
    return Verdict(False, f"it follows nobody: {facts.get('why') or host}")


def is_due(now: float, newest: Base | None, hour: int) -> Verdict:
    """Whether a base copy is due: none in this generation yet, or none since `hour` o'clock (UTC) was last."""
    if newest is None:
        return Verdict(True, "there is none for these logs yet")
    moment = datetime.fromtimestamp(now, UTC)
    turn = moment.replace(hour=hour, minute=0, second=0, microsecond=0)
    turn -= timedelta(days=1) if turn > moment else timedelta()
    if newest.started < turn.timestamp():
        return Verdict(True, f"the newest is of {told(newest.started)}")
    return Verdict(False, f"there is one of {told(newest.started)}")


@dataclass(frozen=True, slots=True)
class Dropped:
    """What is no longer needed: whole generations, bases and logs, as (generation, name)."""

    generations: tuple[str, ...]
    bases: tuple[tuple[str, str], ...]
    logs: tuple[tuple[str, str], ...]


def no_longer_needed(generations: Sequence[Generation], now: float, days: int) -> Dropped:
    """What may go so that each moment of the last `days` days can still be restored, as far as it can now.

    Of each generation the last base from before that time stays, with everything after it; the newest generation
    always stays, and its newest base. Logs without a base before them are of no use, but in the newest generation one
    may just be made.
    """
    limit = now - days * 24 * _HOUR
    whole: list[str] = []
    bases: list[tuple[str, str]] = []
    logs: list[tuple[str, str]] = []
    for number, generation in enumerate(generations):
        last = number == len(generations) - 1
        if not last and (generation.until < limit or not generation.bases):
            whole.append(generation.name)
            continue
        before = [base for base in generation.bases if base.ended <= limit]
        first = before[-1] if before else (generation.bases[0] if generation.bases else None)
        if first is None:
            continue
        bases += [(generation.name, base.name) for base in before[:-1]]
        if first.file in generation.logs:
            logs += [(generation.name, name) for name in generation.logs[: generation.logs.index(first.file)]]
    return Dropped(tuple(whole), tuple(bases), tuple(logs))


@dataclass(frozen=True, slots=True)
class Archive:
    """What one host keeps of a shard. `primary`: it writes the shard now, so others are asked first."""

    host: str
    island: str
    generations: tuple[Generation, ...]
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Restore:
    """From which host, generation and base, by which logs. Whatever was committed before `time` is in it."""

    shard: str
    host: str
    generation: str
    base: Base
    logs: tuple[str, ...]
    time: float


class CannotRestore(Exception):
    """There is no way to that moment; the message says what there is."""


def plan_restore(shard: str, archives: Sequence[Archive], time: float, now: float) -> Restore:
    """The youngest base copy from before `time` whose logs reach there. Raises CannotRestore."""
    if time > now:
        raise CannotRestore(f"{told(time)} is not yet: it is {told(now)}")
    found: list[tuple[float, bool, str, Restore]] = []
    reasons: list[str] = []
    for archive in archives:
        for generation in archive.generations:
            for base in generation.bases:
                if base.ended > time or generation.until < time:
                    continue
                logs = _from(generation.logs, base.file)
                if gap := _gap(logs, base.file):
                    reasons.append(f"{archive.host}: the logs after the copy of {told(base.ended)} have a gap: {gap}")
                    continue
                plan = Restore(shard, archive.host, generation.name, base, logs, time)
                found.append((base.ended, not archive.primary, archive.host, plan))
    if found:
        return max(found, key=lambda one: one[:3])[3]
    raise CannotRestore("\n".join([f"{shard} cannot be restored to {told(time)}:", *_whys(archives, time), *reasons]))


def _whys(archives: Sequence[Archive], time: float) -> list[str]:
    said = []
    for archive in archives:
        spans = [
            f"{told(generation.bases[0].ended)} to {told(generation.until)}"
            for generation in archive.generations
            if generation.bases
        ]
        said.append(f"{archive.host} can restore {', and '.join(spans)}" if spans else f"{archive.host} has no copy")
        newest = archive.generations[-1] if archive.generations else None
        if newest and newest.bases and newest.until < time:
            said[-1] += "; its logs come in some seconds late, so try again in a moment, or look why they do not"
    return said or ["no host that keeps copies of it gives an answer"]


def _from(names: Sequence[str], first: str) -> tuple[str, ...]:
    return tuple(names[names.index(first) :]) if first in names else ()


def _gap(logs: Sequence[str], first: str) -> str | None:
    """What is missing; logs are numbered one by one."""
    if not logs:
        return f"{first} is missing"
    for before, after in pairwise(logs):
        if int(after.rpartition(".")[2]) != int(before.rpartition(".")[2]) + 1:
            return f"between {before} and {after}"
    return None


def room_needed(base: Base, log_bytes: int) -> int:
    """Bytes of disk that a restore needs: the data, what the logs add at worst, and the dump of one database."""
    return int(base.size * ROOM * 2) + 2 * log_bytes


def moment(text: str) -> float:
    """Seconds of the epoch from ISO 8601, UTC unless it says otherwise. Raises ValueError with what is expected."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(
            f"{text!r} is no moment: write it as 2026-11-24T23:59:00 (UTC) or 2026-11-24T23:59:00+11:00"
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def told(time: float) -> str:
    """A moment as an operator reads it, and may type it again."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
