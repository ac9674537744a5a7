"""Whether a plan may be done without somebody saying so: pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from titanicarus.gslb.desired import Desired
from titanicarus.gslb.plan import CREATE, DELETE, RECORD, Plan
from titanicarus.gslb.world import World

SHARE = 0.3
"""More than this part of a zone's records is never changed without force."""
FEWEST = 10
"""Zones with fewer records of ours than this are too small for a share to mean anything."""


class Unsafe(Exception):
    """The plan is refused; nothing was changed. Names every reason."""

    def __init__(self, reasons: list[str], checksum: str) -> None:
        super().__init__(f"{'; '.join(reasons)}. If that is what you want: saguire apply --plan {checksum} --force")
        self.reasons = reasons


def objections(plan: Plan, wanted: Desired, world: World, healthy: frozenset[str] | None = None) -> list[str]:
    """Why the plan should not be done without force; empty when it may.

    `healthy` are the islands whose health checks are green, None when that is not known.
    """
    return sorted([*_shares(plan, world), *_deserted(plan, wanted, healthy)])


def _shares(plan: Plan, world: World) -> Iterator[str]:
    owned = {zone.name: sum(map(world.owned, zone.record_sets)) for zone in world.zones.values()}
    touched = Counter(
        step.zone for step in plan.steps if step.what == RECORD and step.action != CREATE and not step.only_weight
    )
    for zone, count in touched.items():
        if owned[zone] >= FEWEST and count > SHARE * owned[zone]:
            yield f"{count} of the {owned[zone]} records in {zone} would be changed or deleted, more than {SHARE:.0%}"


def _deserted(plan: Plan, wanted: Desired, healthy: frozenset[str] | None) -> Iterator[str]:
    """Names that would be left without any island that is healthy and has a share."""
    touched = {step.name for step in plan.steps if step.what == RECORD and step.action != DELETE}
    sharing: defaultdict[str, set[str]] = defaultdict(set)
    for record in wanted.records.values():
        if record.name in touched:
            sharing[record.name] |= {record.island} if record.weight else set()
    nobody = sorted(name for name, islands in sharing.items() if not islands)
    if nobody:
        yield f"no island would have a share of {_some(nobody)}: every weight is 0"
    if healthy:
        sick = sorted(
            name
            for name, islands in sharing.items()
            if len(islands) > 0 and not islands & healthy and _moves(plan, name)
        )
        if sick:
            yield f"only islands that are not healthy would have a share of {_some(sick)}"


def _moves(plan: Plan, name: str) -> bool:
    """Whether the plan takes users of a name away from where they are."""
    return any(step.name == name and step.action != CREATE for step in plan.steps)


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
