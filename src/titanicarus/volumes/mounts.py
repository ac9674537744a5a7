"""Whether a mount works, and what to do when it does not: a pure function of what was seen.

A mount is repaired by ending its client: whoever waits for it gets an error at once, and a new client mounts again.
A filer that dies is no reason for that: its clients wait for it for a few seconds, and go on by themselves.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass

HANG_SECONDS = 15.0
"""A try that takes longer hangs: twice the time in which clients go on without a dead brick, and more."""
DEAD_SECONDS = 4.0
"""How long a mount may answer with errors that only a new client can end."""
PAUSES = (5.0, 10.0, 20.0, 40.0, 60.0)
"""Between one repair and the next, while they do not help."""

_DEAD = frozenset({errno.ENOTCONN, errno.ESTALE, errno.EIO, errno.ESHUTDOWN, errno.ECONNABORTED, errno.ENODEV})


class Unlike(OSError):
    """What was read back is not what was written."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a mount; times are seconds of one clock.

    `mounted`: the kernel has it. `trying_since`: a try that has not ended. `good_at`: when the last good try ended.
    `error` is that of the last try, None after a good one, and `failing_since` when the first of a row of bad tries
    ended. `repaired_at` and `repairs` are of the row of repairs that have not helped yet.
    """

    mounted: bool
    trying_since: float | None = None
    good_at: float | None = None
    error: OSError | None = None
    failing_since: float | None = None
    repaired_at: float | None = None
    repairs: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """`well`: files can be written and read. `repair`: begin with a new client. `why` is a sentence."""

    well: bool
    repair: bool
    why: str


def judge(now: float, seen: Seen) -> Verdict:
    """What a mount is like at `now`."""
    if seen.repaired_at is not None:
        pause = PAUSES[min(max(seen.repairs, 1), len(PAUSES)) - 1]
        patient = now - seen.repaired_at < pause
    else:
        patient = False
    if not seen.mounted:
        return Verdict(False, not patient, "is not mounted")
    if seen.trying_since is not None and now - seen.trying_since >= HANG_SECONDS:
        return Verdict(False, not patient, f"has given no answer for {now - seen.trying_since:.0f} s")
    if seen.error is not None:
        since = now if seen.failing_since is None else seen.failing_since
        dead = isinstance(seen.error, Unlike) or seen.error.errno in _DEAD
        return Verdict(False, dead and not patient and now - since >= DEAD_SECONDS, f"fails: {told(seen.error)}")
    if seen.good_at is None:
        return Verdict(False, False, "is being tried")
    return Verdict(True, False, "is written and read")


def told(error: OSError) -> str:
    """An error in words for an operator."""
    if error.errno == errno.ENOTCONN:
        return "no brick, or too few of them, can be reached"
    if error.errno == errno.ENOSPC:
        return "the disk of a brick is full"
    if error.errno == errno.EDQUOT:
        return "the quota is used up"
    return error.strerror or str(error)
