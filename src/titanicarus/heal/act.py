"""What a master's order comes down to on the host: checked again, written down, done, and looked at for a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from titanicarus.drain.standing import host_is_drained
from titanicarus.heal import claims, here, holds, look
from titanicarus.heal.case import Action
from titanicarus.heal.claims import Act, Claim
from titanicarus.heal.here import Here
from titanicarus.heal.sight import State

CLAIM_SECONDS = {Action.START: 120.0, Action.APPLY: 660.0}
SETTLE_SECONDS = 2.0
"""A unit helps nobody that ends at once: it must have been running for so long."""
START_SECONDS = 20.0
POLL_SECONDS = 0.2

Run = Callable[[], tuple[bool, str]]
"""Does it; gives back whether it went well, and words for when it did not."""


class Refused(Exception):
    """The order is not carried out; the message says why."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a master wants done for one of its incidents."""

    unit: str
    action: Action
    by: str
    incident: str
    by_hand: bool = False


def carry_out(place: Here, order: Order, scopes: Collection[str], run: Run) -> tuple[bool, str]:
    """Do it under a claim that is this master's; gives back whether it helped, and words.

    `scopes` are the names under which this host may be on hold. Raises Refused, with nothing done, when the claim is
    not the master's (it looked too long ago, or never), or when the host was put on hold or drained since the look.
    """
    up = here.up()
    claim = Claim(order.unit, order.by, order.incident, here.boot(), round(up + CLAIM_SECONDS[order.action], 1))
    path, written = place.below(claims.CLAIMS), place.below(claims.ACTS)
    if not claims.held(claim, up, path):
        raise Refused(f"{order.by} has no claim on {order.unit} for {order.incident}: it has to look first")
    if not order.by_hand and (objection := on_hold(place, scopes)):
        raise Refused(objection)
    claims.take(claim, up, path)
    act = Act(order.unit, str(order.action), order.by, order.incident, round(time.time(), 1))
    claims.begin(act, written)
    helped, words = False, "the order was broken off"
    try:
        helped, words = run()
    finally:
        claims.end(act, helped, written)
        up = here.up()
        claims.take(replace(claim, until=round(up + claims.LOOK_SECONDS, 1)), up, path)
    return helped, words


def on_hold(place: Here, scopes: Collection[str]) -> str | None:
    """Why nothing is to be done here by itself now, as far as this host was told; None when it may be."""
    now = time.time()
    hold = holds.over(holds.read(place.below(holds.FILE)), scopes, now)
    if hold is not None:
        return f"left alone: {hold.sentence(now)}"
    return "left alone: the host is drained, so somebody works on it" if host_is_drained(place.root) else None


def may_start(place: Here, unit: str, declared: list[str]) -> str | None:
    """Why a unit must not be started here now, looked at once more just before it is; None when it may be."""
    if unit not in declared:
        return f"{unit} is no unit that this host should run"
    if not place.enabled([unit]):
        return f"{unit} is disabled: it was not put into service, or was taken out on purpose"
    return look.busy(place, unit, place.invocations())


def settled(unit: str, show: look.Show = look.show) -> bool:
    """Wait until the unit has been running for SETTLE_SECONDS without a break; False when it does not come to that."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        found = look.state_of(unit, show)
        if found.state is State.RUNNING and found.running_for >= SETTLE_SECONDS:
            return True
        if found.state is State.STOPPED:
            return False
        time.sleep(POLL_SECONDS)
    return False
