"""Whether a plan may be done without somebody saying so: pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from titanicarus.gslb.desired import Desired
from titanicarus.gslb.plan import CREATE, DELETE, RECORD, Plan
from titanicarus.gslb.world import World

SHARE = 0.3
"""More than this part of a zone's names is never changed without force."""
FEWEST = 10
"""Zones with fewer names of ours are too small for a share to mean anything: one site more or less is much of them."""


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
    touched: defaultdict[str, set[str]] = defaultdict(set)
    for step in plan.steps:
        if step.what == RECORD and step.action != CREATE and not step.only_weight:
            touched[step.zone].add(step.name)
    for zone, names in touched.items():
        record_sets = world.zones[zone].record_sets
        owned = {record_set["Name"] for record_set in record_sets if world.owned(record_set)}
        if len(owned) >= FEWEST and len(names) > SHARE * len(owned):
            yield f"{len(names)} of the {len(owned)} names in {zone} would be changed or deleted, more than {SHARE:.0%}"


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
