"""Makes and does plans. Nothing is changed before every zone was read and the whole plan was found good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from titanicarus.gslb.desired import Desired
from titanicarus.gslb.plan import CHECK, CREATE, DELETE, RECORD, UPDATE, ZONE, Plan, Step, check_of, make_plan
from titanicarus.gslb.route53 import Route53
from titanicarus.gslb.safety import Unsafe, objections
from titanicarus.gslb.world import Found, World, plain

# A batch takes 1,000 values, and UPSERT counts twice.
BATCH = 400
HEALTHY = "Success"
UNTOUCHED = ("Broken:", "NotOurs:", "NotSetUp:", "UnknownIsland:", "Unsafe:")
"""How errors begin, as `gslb` in Salt tells them, after which Route53 is as it was."""


class Changed(Exception):
    """The plan that was asked for is not the plan any more; nothing was changed."""

    def __init__(self, asked: str, now: str) -> None:
        super().__init__(
            f"plan {asked} is not what would be done now, that is plan {now}: look at `saguire plan` again"
        )


@dataclass(frozen=True)
class Prepared:
    """A plan with what it was made from. `objections` say why it needs force."""

    wanted: Desired
    world: World
    plan: Plan
    objections: tuple[str, ...]


def prepare(api: Route53, wanted: Desired, *, only_shares: bool = False) -> Prepared:
    """Read everything and make the plan; with `only_shares` without all that does more than shift users. Raises
    AWSError and NotOurs."""
    world = api.read(wanted)
    plan = make_plan(wanted, world)
    if only_shares:
        plan = Plan(tuple(step for step in plan.steps if step.only_weight))
    healthy = None
    if any(step.what == RECORD and step.action != CREATE for step in plan.steps):
        healthy = frozenset(island for island, well in health(api, wanted, world).items() if well)
    return Prepared(wanted, world, plan, tuple(objections(plan, wanted, world, healthy)))


def apply(
    api: Route53, wanted: Desired, checksum: str | None = None, *, force: bool = False, only_shares: bool = False
) -> Plan:
    """Do the plan, which must have this checksum (None: whatever it is). Gives it back.

    Raises AWSError, NotOurs, Changed and Unsafe; the last two and NotOurs with nothing changed.
    """
    prepared = prepare(api, wanted, only_shares=only_shares)
    plan = prepared.plan
    if checksum is not None and checksum != plan.checksum:
        raise Changed(checksum, plan.checksum)
    if prepared.objections and not force:
        raise Unsafe(list(prepared.objections), plan.checksum)
    _Doing(api, prepared).run()
    return plan


def health(api: Route53, wanted: Desired, world: World) -> dict[str, bool]:
    """Whether each island's health check is green: more than 18 % of the checkers say so. One without check is not."""
    green = {}
    for island, check in wanted.checks.items():
        found = check_of(check, world)
        said = [status.startswith(HEALTHY) for _, status in api.statuses(found)] if found else []
        green[island] = bool(said) and sum(said) > 0.18 * len(said)
    return green


def status(api: Route53, wanted: Desired) -> dict[str, dict[str, Any]]:
    """For each island: `healthy`, `weight`, and its `share` of new users, from 0 to 1.

    As Route53 has it: islands that are not healthy have no share, unless none is, and then all have theirs.
    """
    shared = _first_name(wanted)
    world = api.read(replace(wanted, zones=tuple(zone for zone, _ in shared)), more=False)
    green = health(api, wanted, world)
    weights = {
        str(record_set["SetIdentifier"]): int(record_set["Weight"])
        for zone in world.zones.values()
        for record_set in zone.record_sets
        if world.owned(record_set) and (zone.name, plain(record_set["Name"])) in shared
    }
    counted = {island: weight for island, weight in weights.items() if green.get(island)} or weights
    total = sum(counted.values())
    return {
        island: {
            "healthy": green[island],
            "weight": weights.get(island, 0),
            "share": round(counted.get(island, 0) / total, 4) if total else 0.0,
        }
        for island in wanted.checks
    }


def _first_name(wanted: Desired) -> set[tuple[str, str]]:
    """A name that every island has a share of; all such names have the same shares."""
    shared = [record for record in wanted.records.values() if not record.name.startswith(f"{record.island}.")]
    return {(record.zone, record.name) for record in shared[:1]}


class _Doing:
    """One plan under way: first what others build on, last what nothing needs any more."""

    def __init__(self, api: Route53, prepared: Prepared) -> None:
        self._api = api
        self._prepared = prepared
        self._checks: dict[str, Found] = {}
        for island, check in prepared.wanted.checks.items():
            if found := check_of(check, prepared.world):
                self._checks[island] = found
        self._zones = {zone.name: zone.id for zone in prepared.world.zones.values()}

    def run(self) -> None:
        for step in self._steps(CHECK, CREATE):
            self._checks[step.island] = self._api.create_check(self._prepared.wanted.checks[step.island])
        for step in self._steps(CHECK, UPDATE):
            self._api.update_check(self._checks[step.island], self._prepared.wanted.checks[step.island].config)
        for step in self._steps(ZONE, CREATE):
            self._zones[step.zone] = self._api.create_zone(step.zone, self._prepared.wanted.comment)
        by_zone: dict[str, list[Mapping[str, Any]]] = {}
        for action in (DELETE, UPDATE, CREATE):
            for step in self._steps(RECORD, action):
                by_zone.setdefault(step.zone, []).append(self._change(step))
        changes = [
            self._api.change(self._zones[zone], batch) for zone, all_of in by_zone.items() for batch in _batches(all_of)
        ]
        self._api.wait(changes)
        for step in self._steps(CHECK, DELETE):
            self._api.delete_check(str((step.before or {})["id"]))

    def _steps(self, what: str, action: str) -> Iterator[Step]:
        return (step for step in self._prepared.plan.steps if (step.what, step.action) == (what, action))

    def _change(self, step: Step) -> Mapping[str, Any]:
        facts = step.before if step.action == DELETE else step.after
        assert facts is not None
        action = {CREATE: "CREATE", UPDATE: "UPSERT", DELETE: "DELETE"}[step.action]
        # The check of a record that is to be deleted is the one that it has, not the one that a new one would get.
        check = facts["check"] if step.action == DELETE else self._checks[step.island].id
        record_set = {
            "Name": step.name,
            "Type": "A",
            "SetIdentifier": step.island,
            "Weight": facts["weight"],
            "TTL": facts["ttl"],
            "HealthCheckId": check,
            "ResourceRecords": [{"Value": value} for value in str(facts["address"]).split(",")],
        }
        return {"Action": action, "ResourceRecordSet": record_set}


def _batches(changes: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    return (changes[start : start + BATCH] for start in range(0, len(changes), BATCH))
