"""Plans for Route53: what is wanted, what differs, and what is refused. All pure."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.public_names import PILLAR
from hypothesis import given
from hypothesis import strategies as st

from titanicarus.gslb.desired import Desired, UnknownIsland, desired, mark
from titanicarus.gslb.plan import NotOurs, Plan, describe, make_plan
from titanicarus.gslb.safety import objections
from titanicarus.gslb.world import Found, World, Zone

NOTHING = World({}, {})


def done(wanted: Desired, before: World = NOTHING) -> World:
    """The world after a plan, with what nobody of ours may touch kept."""
    checks = {
        f"id-{island}": Found(f"id-{island}", f"{check.mark}/1", 1, dict(check.config))
        for island, check in wanted.checks.items()
    }
    zones = {}
    for name in {*wanted.zones, *before.zones}:
        foreign = [
            one for one in (before.zones[name].record_sets if name in before.zones else ()) if not before.owned(one)
        ]
        ours = [
            {
                "Name": f"{record.name}.",
                "Type": "A",
                "SetIdentifier": record.island,
                "Weight": record.weight,
                "TTL": record.ttl,
                "HealthCheckId": f"id-{record.island}",
                "ResourceRecords": [{"Value": record.address}],
            }
            for record in wanted.records.values()
            if record.zone == name
        ]
        zones[name] = Zone(f"Z-{name}", name, True, (*foreign, *ours))
    return World(zones, checks)


def changed(**changes: Any) -> dict[str, Any]:
    return {**PILLAR, **changes}


def sentences(plan: Plan) -> list[str]:
    return [step.sentence for step in plan.steps]


def test_from_nothing_everything_is_created_in_order() -> None:
    plan = make_plan(desired(PILLAR), NOTHING)
    assert [(step.action, step.what, step.zone or step.island) for step in plan.steps[:4]] == [
        ("create", "health check", "mel"),
        ("create", "health check", "syd"),
        ("create", "zone", "fleet.example"),
        ("create", "zone", "shop.example"),
    ]
    assert len(plan.steps) == 4 + 2 + 4
    assert (
        sentences(plan)[-1]
        == "+ record www.shop.example at syd: address 192.0.2.1, check the new one of syd, ttl 10, weight 100"
    )


def test_as_declared_there_is_nothing_to_do() -> None:
    plan = make_plan(desired(PILLAR), done(desired(PILLAR)))
    assert plan.steps == ()
    assert plan.lines() == ["Route53 is as declared"]


def test_a_weight_alone_is_a_change_of_weight() -> None:
    plan = make_plan(desired(PILLAR, {"syd": 0}), done(desired(PILLAR)))
    assert all(step.only_weight for step in plan.steps)
    assert sentences(plan)[0] == "~ record shop.example at syd: weight 100 -> 0"
    with pytest.raises(UnknownIsland, match="per"):
        desired(PILLAR, {"per": 0})


def test_an_island_that_is_gone_leaves_nothing_of_ours() -> None:
    fewer = changed(islands={"syd": PILLAR["islands"]["syd"]})
    plan = make_plan(desired(fewer), done(desired(PILLAR)))
    assert {(step.action, step.what) for step in plan.steps} == {("delete", "record"), ("delete", "health check")}
    assert {step.island for step in plan.steps} == {"mel"}


def test_what_is_not_ours_is_never_touched_and_never_overwritten() -> None:
    foreign = {"Name": "mail.shop.example.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.9"}]}
    world = World({"shop.example": Zone("Z", "shop.example", False, (foreign,))}, {})
    assert not any(step.name == "mail.shop.example" for step in make_plan(desired(PILLAR), world).steps)
    taken = {**foreign, "Name": "www.shop.example.", "Type": "CNAME"}
    with pytest.raises(NotOurs, match=r"www\.shop\.example CNAME in shop\.example"):
        make_plan(desired(PILLAR), World({"shop.example": Zone("Z", "shop.example", False, (taken,))}, {}))


def test_another_interval_needs_a_new_check() -> None:
    slower = changed(check={**PILLAR["check"], "interval": 30})
    plan = make_plan(desired(slower), done(desired(PILLAR)))
    actions = [(step.action, step.what) for step in plan.steps if step.island == "syd" and step.what == "health check"]
    assert actions == [("create", "health check"), ("delete", "health check")]
    assert objections(plan, desired(slower), done(desired(PILLAR))) == []  # small zones have no share limit


def test_a_large_part_of_a_zone_needs_force_and_weights_do_not() -> None:
    many = changed(zones={"shop.example": [f"w{n}.shop.example" for n in range(20)]})
    world = done(desired(many))
    fewer = changed(zones={"shop.example": [f"w{n}.shop.example" for n in range(10)]})
    (reason,) = objections(make_plan(desired(fewer), world), desired(fewer), world)
    assert "10 of the 20 names in shop.example" in reason
    one_less = changed(zones={"shop.example": [f"w{n}.shop.example" for n in range(19)]})
    assert objections(make_plan(desired(one_less), world), desired(one_less), world) == []
    weights = desired(many, {"syd": 1})
    assert objections(make_plan(weights, world), weights, world, frozenset({"syd", "mel"})) == []


def test_names_are_never_left_to_nobody() -> None:
    world = done(desired(PILLAR))
    nobody = desired(PILLAR, {"syd": 0, "mel": 0})
    assert "every weight is 0" in objections(make_plan(nobody, world), nobody, world)[0]
    sick = desired(PILLAR, {"syd": 0})
    assert "not healthy" in objections(make_plan(sick, world), sick, world, frozenset({"syd"}))[0]
    assert objections(make_plan(sick, world), sick, world, frozenset({"mel"})) == []


def test_the_checksum_says_what_would_be_done() -> None:
    world = done(desired(PILLAR))
    one, two = (make_plan(desired(PILLAR, {"syd": weight}), world).checksum for weight in (1, 2))
    assert one != two
    assert one == make_plan(desired(PILLAR, {"syd": 1}), world).checksum


def test_marks_fit_into_what_route53_takes() -> None:
    long = mark("f" * 40, "island" * 3, "web")
    assert len(long) + 9 <= 64
    assert mark("test", "syd", "web") == "titanicarus/test/syd/web"


NAMES = st.sets(st.sampled_from([f"{label}.shop.example" for label in "abcdefgh"]), min_size=1)
ISLANDS = st.dictionaries(
    st.sampled_from(["syd", "mel", "per"]),
    st.fixed_dictionaries({"address": st.ip_addresses(v=4).map(str), "weight": st.integers(0, 255)}),
    min_size=1,
)


@given(before=st.tuples(NAMES, ISLANDS), after=st.tuples(NAMES, ISLANDS))
def test_a_plan_that_was_done_leaves_nothing_to_do(before: Any, after: Any) -> None:
    first, second = (
        desired(changed(zones={"shop.example": sorted(names)}, islands=islands)) for names, islands in (before, after)
    )
    world = done(first)
    plan = make_plan(second, world)
    reached = {
        (zone.name, one["Name"], one["SetIdentifier"]): describe(one)
        for zone in done(second).zones.values()
        for one in zone.record_sets
    }
    there = {
        (zone.name, one["Name"], one["SetIdentifier"]): describe(one)
        for zone in world.zones.values()
        for one in zone.record_sets
    }
    for step in plan.steps:
        if step.what == "record":
            key = (step.zone, f"{step.name}.", step.island)
            if step.action == "delete":
                assert there.pop(key) == step.before
            else:
                there[key] = {**(step.after or {}), "check": f"id-{step.island}"}
    assert there == reached
    assert make_plan(second, done(second)).steps == ()
