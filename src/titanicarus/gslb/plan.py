"""The difference between what should be in Route53 and what is: pure, sorted, and with a checksum."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from titanicarus.gslb.desired import Check, Desired, Record
from titanicarus.gslb.world import Found, Raw, World, Zone, plain

FIXED = ("Type", "RequestInterval")
CREATE, UPDATE, DELETE = "create", "update", "delete"
CHECK, ZONE, RECORD = "health check", "zone", "record"
_ORDER = {CHECK: 0, ZONE: 1, RECORD: 2}
_TYPES_IN_THE_WAY = frozenset({"A", "CNAME"})


class NotOurs(Exception):
    """Names that we want are taken by records that somebody else owns; nothing may be changed. Names all of them."""

    def __init__(self, taken: list[str]) -> None:
        super().__init__(
            "records that are not ours are in the way: "
            + "; ".join(taken)
            + ". Take them out of Route53, or the names out of the tenants' files"
        )
        self.taken = taken


@dataclass(frozen=True, slots=True)
class Step:
    """One change. `before` and `after` are plain values, None where there is nothing.

    `what` is CHECK, ZONE or RECORD; `zone` and `name` are empty for health checks, `island` is empty for zones.
    """

    action: str
    what: str
    zone: str = ""
    name: str = ""
    island: str = ""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None

    @property
    def sentence(self) -> str:
        """The step as an operator reads it."""
        subject = " ".join(
            part for part in (self.what, self.name or self.zone, self.island and f"at {self.island}") if part
        )
        if self.action == UPDATE and self.before is not None and self.after is not None:
            changed = [
                f"{key} {self.before.get(key)} -> {self.after.get(key)}"
                for key in sorted({*self.before, *self.after})
                if self.before.get(key) != self.after.get(key)
            ]
            return f"~ {subject}: {', '.join(changed)}"
        facts = self.after if self.action == CREATE else self.before
        told = ", ".join(f"{key} {value}" for key, value in sorted((facts or {}).items()))
        return f"{'+' if self.action == CREATE else '-'} {subject}" + (f": {told}" if told else "")

    @property
    def only_weight(self) -> bool:
        """Whether the step shifts users and does nothing else."""
        if self.action != UPDATE or self.what != RECORD or self.before is None or self.after is None:
            return False
        return {**self.before, "weight": 0} == {**self.after, "weight": 0}


@dataclass(frozen=True)
class Plan:
    """All steps in the order in which they are shown. Two plans with one checksum do the same."""

    steps: tuple[Step, ...]

    @cached_property
    def checksum(self) -> str:
        """Twelve hexadecimal digits over what the steps say."""
        text = json.dumps([asdict(step) for step in self.steps], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def document(self) -> dict[str, Any]:
        """For --json."""
        return {"checksum": self.checksum, "steps": [asdict(step) for step in self.steps]}

    def lines(self) -> list[str]:
        """For people."""
        if not self.steps:
            return ["Route53 is as declared"]
        count = len(self.steps)
        return [
            *(step.sentence for step in self.steps),
            f"{count} change{'s' if count > 1 else ''}, plan {self.checksum}",
        ]


def make_plan(wanted: Desired, world: World) -> Plan:
    """The steps from `world` to `wanted`. Raises NotOurs."""
    taken = sorted(_taken(wanted, world))
    if taken:
        raise NotOurs(taken)
    steps = [*_check_steps(wanted, world), *_zone_steps(wanted, world), *_record_steps(wanted, world)]
    return Plan(
        tuple(sorted(steps, key=lambda step: (_ORDER[step.what], step.zone, step.name, step.island, step.action)))
    )


def check_of(wanted: Check, world: World) -> Found | None:
    """The health check that stands for a wanted one: of several, the one that is used, then the first by id.

    One with another type or interval cannot become it: Route53 changes neither.
    """
    used = {record_set.get("HealthCheckId") for zone in world.zones.values() for record_set in zone.record_sets}
    fitting = [
        found
        for found in world.checks.values()
        if found.mark == wanted.mark and all(found.config.get(key) == wanted.config[key] for key in FIXED)
    ]
    return min(fitting, key=lambda found: (found.id not in used, found.id), default=None)


def describe(record_set: Raw) -> dict[str, Any]:
    """What we compare of a record set of ours."""
    return {
        "address": ",".join(sorted(record["Value"] for record in record_set.get("ResourceRecords", ()))),
        "ttl": record_set.get("TTL"),
        "weight": record_set.get("Weight"),
        "check": record_set.get("HealthCheckId"),
    }


def _check_steps(wanted: Desired, world: World) -> Iterator[Step]:
    kept = set()
    for check in wanted.checks.values():
        found = check_of(check, world)
        if found is None:
            yield Step(CREATE, CHECK, island=check.island, after=dict(check.config))
            continue
        kept.add(found.id)
        before = {key: found.config.get(key) for key in check.config}
        if before != dict(check.config):
            yield Step(
                UPDATE,
                CHECK,
                island=check.island,
                before={**before, "id": found.id},
                after={**check.config, "id": found.id},
            )
    for found in world.checks.values():
        if found.id not in kept:
            yield Step(DELETE, CHECK, island=found.mark.split("/")[-2], before={"id": found.id})


def _zone_steps(wanted: Desired, world: World) -> Iterator[Step]:
    for zone in wanted.zones:
        if zone not in world.zones:
            yield Step(CREATE, ZONE, zone=zone)


def _record_steps(wanted: Desired, world: World) -> Iterator[Step]:
    there = dict(_ours(world))
    for key, record in wanted.records.items():
        after = _wanted(record, wanted, world)
        zone, record_set = there.pop(key, (None, None))
        if zone is None or record_set is None:
            yield Step(CREATE, RECORD, record.zone, record.name, record.island, after=after)
        elif zone.name != record.zone:
            yield Step(DELETE, RECORD, zone.name, record.name, record.island, before=describe(record_set))
            yield Step(CREATE, RECORD, record.zone, record.name, record.island, after=after)
        elif describe(record_set) != after:
            yield Step(
                UPDATE, RECORD, record.zone, record.name, record.island, before=describe(record_set), after=after
            )
    for (name, island), (zone, record_set) in there.items():
        yield Step(DELETE, RECORD, zone.name, name, island, before=describe(record_set))


def _wanted(record: Record, wanted: Desired, world: World) -> dict[str, Any]:
    found = check_of(wanted.checks[record.island], world)
    check = found.id if found else f"the new one of {record.island}"
    return {"address": record.address, "ttl": record.ttl, "weight": record.weight, "check": check}


def _ours(world: World) -> Iterator[tuple[tuple[str, str], tuple[Zone, Raw]]]:
    for zone in world.zones.values():
        for record_set in zone.record_sets:
            if world.owned(record_set):
                yield (plain(record_set["Name"]), str(record_set.get("SetIdentifier"))), (zone, record_set)


def _taken(wanted: Desired, world: World) -> Iterator[str]:
    names = {record.name for record in wanted.records.values()}
    for zone in world.zones.values():
        for record_set in zone.record_sets:
            if (
                plain(record_set["Name"]) in names
                and record_set["Type"] in _TYPES_IN_THE_WAY
                and not world.owned(record_set)
            ):
                which = record_set.get("SetIdentifier")
                yield (
                    f"{plain(record_set['Name'])} {record_set['Type']}"
                    + (f" ({which})" if which else "")
                    + f" in {zone.name}"
                )
