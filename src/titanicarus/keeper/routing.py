"""To which host does a load balancer send the clients of a shard? A pure decision, from what the keepers say.

What holds always, within one life of a load balancer's keeper:

1. the epoch of a route never goes back: no host is chosen that is open in a lower epoch than one that was seen open;
2. no host is chosen, or kept, whose last word was "not open";
3. a host that is kept was heard within `KEPT` seconds, one that is chosen within `FRESH`;
4. while exactly one host says "open", with the highest epoch yet, it is the route.

None of that keeps anybody from writing twice: the lease and the gate of the kernel do (docs/leases.md). A wrong route
costs its users errors, not data. Silence is not "closed": a writer whose keeper is not heard is kept until its lease
must have ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FRESH = 3.0
"""Seconds. Keepers speak each second; who was not heard for this long is silent."""
KEPT = 6.0
"""Seconds for which a silent writer keeps its route: its gate closes 5.5 s after its last renewal (docs/leases.md)."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The last word of one host's keeper about a shard. `at`: when, in seconds of a clock that runs in sleep, too."""

    at: float
    open: bool
    epoch: int


@dataclass(frozen=True, slots=True)
class Route:
    """`writer` is None when nobody is to be connected to. `epoch` is the highest that was seen open; 0 before any.
    `why` is a sentence for the log and for people, and changes only when something did."""

    writer: str | None
    epoch: int
    why: str


def begin(writer: str | None) -> Route:
    """Before anything was heard: the route of this keeper's life before, from the file."""
    return Route(writer, 0, f"{writer} was the writer before" if writer else "nobody was the writer before")


def decide(present: Route, heard: Mapping[str, Heard], now: float, awake_since: float) -> Route:
    """The route at `now`.

    heard
        By host id, of the hosts that carry the shard; who was never heard is not in it.
    awake_since
        Since when the streams have been listened to without a break: what could not have been heard is no silence.
    """
    speaking = {host: word for host, word in heard.items() if now - word.at <= FRESH}
    opened = {host: word for host, word in speaking.items() if word.open and word.epoch >= present.epoch}
    best = max(opened, key=lambda host: (opened[host].epoch, host == present.writer, host), default=None)
    kept = present.writer if _may_stay(present, heard, now, awake_since) else None
    if best is not None and (kept is None or opened[best].epoch > present.epoch):
        return Route(best, opened[best].epoch, f"{best} is the writer in epoch {opened[best].epoch}")
    if kept is None:
        return Route(None, present.epoch, _nobody(heard, speaking))
    if kept in speaking:
        return Route(kept, present.epoch, f"{kept} is the writer in epoch {present.epoch}")
    return Route(kept, present.epoch, f"{kept} is kept as the writer: its keeper is not heard, and nobody else is open")


def _may_stay(present: Route, heard: Mapping[str, Heard], now: float, awake_since: float) -> bool:
    if present.writer is None:
        return False
    word = heard.get(present.writer)
    if word is None:
        return now - awake_since <= KEPT
    return word.open and word.epoch >= present.epoch and now - max(word.at, awake_since) <= KEPT


def _nobody(heard: Mapping[str, Heard], speaking: Mapping[str, Heard]) -> str:
    silent = ", ".join(sorted(heard.keys() - speaking.keys()))
    why = "of those that are heard, none is open" if speaking else "no host is heard"
    return f"nobody is the writer: {why}{f' ({silent} fell silent)' if silent else ''}"
