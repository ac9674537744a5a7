"""Which record sets answer a question, among those with the same name and type. Pure but for the given dice.

Source: "How Amazon Route 53 chooses records when health checking is configured" in the Developer Guide.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from route53_emulator.records import RecordSet

MAX_MULTIVALUE = 8

Healthy = Callable[[RecordSet], bool]


def choose(
    sets: Sequence[RecordSet], healthy: Healthy, dice: random.Random, regions: Sequence[str] = ()
) -> list[RecordSet]:
    """The record sets that go into the answer: one, or up to eight multivalue ones.

    When none is healthy, all count as healthy. `regions` is the client's list of AWS regions, the nearest first;
    regions that it does not name come after it, by name.
    """
    policy = sets[0].policy
    if policy == "simple":
        return [sets[0]]
    well = [one for one in sets if healthy(one)] or list(sets)
    if policy == "weighted":
        return [_by_weight(well, dice)]
    if policy == "failover":
        return [_failover(sets, healthy)]
    if policy == "latency":
        rank = {region: place for place, region in enumerate(regions)}
        return [min(well, key=lambda one: (rank.get(one.region or "", len(rank)), one.region or ""))]
    return dice.sample(well, min(MAX_MULTIVALUE, len(well)))


def _by_weight(sets: Sequence[RecordSet], dice: random.Random) -> RecordSet:
    """Sets of weight 0 are used only when there are no others among the healthy; then each as likely as the next."""
    weights = [one.weight or 0 for one in sets]
    if not any(weights):
        return dice.choice(sets)
    return dice.choices(sets, weights)[0]


def _failover(sets: Sequence[RecordSet], healthy: Healthy) -> RecordSet:
    """The primary while it is healthy or the secondary is not."""
    by_role = {one.failover: one for one in sets}
    primary, secondary = by_role.get("PRIMARY"), by_role.get("SECONDARY")
    if primary and secondary:
        return secondary if healthy(secondary) and not healthy(primary) else primary
    return sets[0]
