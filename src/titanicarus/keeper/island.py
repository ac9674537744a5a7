"""Should users be sent to this island? A pure decision, taken once a second on each load balancer.

An island that is cut off from everything, or that has just come back, is *held*: its health checks are red, so that
Route53 leaves it out. It still answers every request that arrives. Users who were moved stay where they are until the
island has been well for a while, so a link that flaps moves them once.

What holds always: an island that hears any other island or AWS, has been well for `reentry` seconds since it came
back, and was last cut off longer ago than its hold-down, is not held. No answer to a look is "unknown" and changes
nothing.

Doubling hold-downs are from BGP route flap damping (RFC 2439) in its simplest form.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

LONGEST_HOLD_DOWN = 600.0
"""Seconds. Users of a flapping island move at most once in so long; cut-offs that lie further back are forgotten."""


@dataclass(frozen=True, slots=True)
class Limits:
    """From the policy, in seconds: silence that means "cut off", time to be well before users come back, hold-down."""

    isolation: float
    reentry: float
    hold_down: float


@dataclass(frozen=True, slots=True)
class Seen:
    """One look. True, False, or None for what could not be found out or does not exist.

    peers
        Whether any other island answers, by VPN or over the internet; None in a fleet of one island.
    witness
        Whether AWS answers; None where no AWS is set up.
    well
        Whether this island's own services are good.
    """

    peers: bool | None
    witness: bool | None
    well: bool | None

    @property
    def silent(self) -> bool:
        """Somebody could have answered, and nobody did."""
        answers = (self.peers, self.witness)
        return True not in answers and False in answers


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered. Times are seconds of one clock that also runs while the machine sleeps (CLOCK_BOOTTIME).

    silent_since
        Since when nobody answers; None when somebody does.
    cut_off
        Whether the silence has lasted long enough to count.
    well_since
        Since when the services are good without a break; None when they are not.
    returning
        The island has just come back and has not been well for long enough yet.
    held_until
        End of the hold-down.
    cuts
        When the island was cut off, for as long as it matters.
    """

    silent_since: float | None = None
    cut_off: bool = False
    well_since: float | None = None
    returning: bool = False
    held_until: float = 0.0
    cuts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`held`: the island's checks are red. `why` is a sentence for the log and for people."""

    held: bool
    why: str


def begin(*, peer_in_service: bool) -> State:
    """The state of a keeper that has just started without one of its own.

    Another load balancer of the island that answers and is not held means that the island was here all the time.
    """
    return State(returning=not peer_in_service)


def step(state: State, seen: Seen, now: float, limits: Limits, *, alone: bool = False) -> tuple[State, Verdict]:
    """The next state, and the verdict at `now`. `alone`: the fleet has no other island."""
    state = _listen(state, seen, now, limits)
    state = _feel(state, seen, now, limits)
    if alone:
        return state, Verdict(False, "in service: there is no other island that users could go to")
    return state, _verdict(state, now, limits)


def hold_down(cuts: int, limits: Limits) -> float:
    """Seconds for which an island is held after its n-th cut-off in a row: doubled each time, up to ten minutes."""
    if cuts < 1:
        return 0.0
    return min(limits.hold_down * 2.0 ** (cuts - 1), max(LONGEST_HOLD_DOWN, limits.hold_down))


def _listen(state: State, seen: Seen, now: float, limits: Limits) -> State:
    if seen.silent:
        since = now if state.silent_since is None else state.silent_since
        newly_cut = not state.cut_off and now - since >= limits.isolation
        recent = tuple(cut for cut in state.cuts if now - cut < LONGEST_HOLD_DOWN)
        return replace(
            state,
            silent_since=since,
            cut_off=state.cut_off or newly_cut,
            cuts=(*recent, now) if newly_cut else recent,
        )
    if True not in (seen.peers, seen.witness) and state.cut_off:
        return state  # nothing could be found out: that is no sign of being back
    if state.cut_off:
        state = replace(state, held_until=now + hold_down(len(state.cuts), limits))
    return replace(state, silent_since=None, cut_off=False)


def _feel(state: State, seen: Seen, now: float, limits: Limits) -> State:
    if seen.well is None:
        return state
    if not seen.well:
        return replace(state, well_since=None)
    since = now if state.well_since is None else state.well_since
    return replace(state, well_since=since, returning=state.returning and now - since < limits.reentry)


def _verdict(state: State, now: float, limits: Limits) -> Verdict:
    if state.cut_off:
        return Verdict(True, f"held: neither another island nor AWS has answered for {limits.isolation:g} s or more")
    if now < state.held_until:
        times = "once" if len(state.cuts) == 1 else f"{len(state.cuts)} times"
        return Verdict(True, f"held down: the island was cut off {times} of late")
    if state.returning and state.well_since is None:
        return Verdict(True, "held: the island has just come back and its services are not all well")
    if state.returning:
        return Verdict(True, f"held: the island has just come back; it must be well for {limits.reentry:g} s")
    return Verdict(False, "in service")
