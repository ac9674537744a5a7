"""The times of the protocol. All are policy, in seconds of CLOCK_BOOTTIME."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Safe as long as clocks' rates differ by less than `margin / lease`, and `arm` is shorter than `margin`."""

    renew: float = 1.5
    lease: float = 6.0
    margin: float = 0.5
    request: float = 1.0
    """A request to the witness or to another keeper that took so long has an unknown outcome."""
    watch: float = 1.0
    """How often a host that does not own the item reads it."""
    others: float = 4.0
    """How much later than the standby everybody else may take, and `rank` more for each fresher copy they know of."""
    rank: float = 2.0
    patience: float = 2.0
    """A standby that left a commit unacknowledged for so long is dropped."""
    catch_up: float = 2.5
    """How long commits wait, at most, for a replica that is about to be named as the standby."""
    retry: float = 10.0
    """Time between two attempts to name a standby, or to move the item."""
    idle: float = 30.0
    """An owner that could not open for so long lets its lease run out, for others to try."""
    heartbeat: float = 10.0
    prune: float = 60.0
    """A host whose heartbeat in the witness stood still for so long is no longer eligible."""
    tell: float = 1.0
    """How often replicas tell each other where they are."""
    arm: float = 0.3
    """An order to open the gate that is older than this is refused by the kernel."""
    max_lag: int = 1000
    """Commits. Only the standby may take over with more missing than this."""

    @property
    def hold(self) -> float:
        """For how long after it was sent a confirmed write, or a full round of promises, keeps an owner open."""
        return self.lease - self.margin

    @property
    def wait(self) -> float:
        """For how long a nonce must have stood still before others may act."""
        return self.lease + self.margin
