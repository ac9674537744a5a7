"""One look of the beacon: from this host to what Salt sends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from titanicarus.heal import here
from titanicarus.heal.here import Here
from titanicarus.heal.watch import Memory, News, step


def look_around(place: Here, memory: Memory, units: Sequence[str]) -> tuple[Memory, list[dict[str, Any]]]:
    """The next memory, and an event for each thing that is news. Units that are not enabled were not put into service:
    nothing is expected of them. A host that is booting says nothing yet."""
    up = here.up()
    why = ""
    try:
        runs = place.invocations()
        if place.booting(runs):
            return memory, []
        wanted = place.enabled(units)
    except OSError as error:
        runs, wanted, why = None, [], str(error)
    memory, news = step(memory, runs, wanted, up)
    boot = here.boot() if news else ""
    return memory, [_event(one, boot, up, why) for one in news]


def _event(news: News, boot: str, up: float, why: str) -> dict[str, Any]:
    data: dict[str, Any] = {"tag": str(news.kind), "unit": news.unit, "boot": boot, "up": round(up, 1)}
    data |= {"seconds": news.seconds, "looks": news.looks, "again": news.again}
    return data | {"why": why} if why else data
