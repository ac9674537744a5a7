"""Never more at once than the design promises to survive."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from fixtures.drill_world import calm, whole_fleet

from titanicarus.drill.fault import Fault, Kind, takes_away
from titanicarus.drill.limits import MOST_AT_ONCE, Limits, groups
from titanicarus.drill.rows import BRICKS
from titanicarus.drill.situation import Situation
from titanicarus.drill.storm import next_blow, sink
from titanicarus.fleet import Role
from titanicarus.fleet.shards import shards

FLEET = whole_fleet()
NOW = calm(FLEET)
too_much = Limits(FLEET).too_much
VPN, AWS, LOSE_SYD = Fault(Kind.CUT_VPN), Fault(Kind.AWS_API), Fault(Kind.LOSE_ISLAND, "syd")


def kill(host: str) -> Fault:
    return Fault(Kind.KILL, host)


ALLOWED = {
    "one load balancer": ((), kill("syd-lb1")),
    "one in each island": ((kill("syd-lb1"),), kill("mel-lb1")),
    "a load balancer and a web server": ((kill("syd-lb1"),), kill("syd-web2")),
    "the firewall and one that stands by for it": ((kill("syd-fw1"),), kill("syd-lb1")),
    "a database host in each of two islands": ((kill("syd-db1"),), kill("mel-db1")),
    "a filer, and a database host without the arbiter": ((kill("syd-filer1"),), kill("syd-db2")),
    "tunnels, and a load balancer": ((VPN,), kill("syd-lb1")),
    "AWS, and a web server": ((AWS,), kill("syd-web2")),
    "an island out of a whole fleet": ((), LOSE_SYD),
    "a load balancer elsewhere while an island is lost": ((LOSE_SYD,), kill("mel-lb1")),
}
REFUSED = {
    "both load balancers": ((kill("syd-lb1"),), kill("syd-lb2"), "lb of syd: of syd-lb1, syd-lb2 at most 1"),
    "both filers": ((kill("syd-filer1"),), kill("syd-filer2"), "at most 1 may be missing"),
    "a filer and the arbiter": ((kill("syd-filer2"),), kill("syd-db1"), "bricks of syd"),
    "a filer and the other's full disk": (
        (kill("syd-filer2"),), Fault(Kind.FILL_DISK, "syd-filer1", BRICKS), "at most 1 may be missing",
    ),
    "primary and standby": ((kill("syd-db1"),), kill("syd-db2"), "db of syd"),
    "a frozen primary and its standby": ((Fault(Kind.FREEZE, "syd-db1"),), kill("syd-db2"), "db of syd"),
    "a killed process and the standby": (
        (Fault(Kind.KILL_UNIT, "syd-db1", "titanicarus-mariadb@syd.service"),), kill("syd-db2"), "db of syd",
    ),
    "the same host twice": ((kill("syd-lb1"),), Fault(Kind.FREEZE, "syd-lb1"), "syd-lb1 is broken already"),
    "who measures": ((), kill("syd-web1"), "clients that measure run on syd-web1"),
    "two islands": ((LOSE_SYD,), Fault(Kind.LOSE_ISLAND, "mel"), "out of a whole fleet only"),
    "an island while something is broken": ((kill("mel-lb1"),), LOSE_SYD, "out of a whole fleet only"),
    "a database host while an island is lost": ((LOSE_SYD,), kill("mel-db1"), "every copy of a database counts"),
    "tunnels while an island is lost": ((LOSE_SYD,), VPN, "while an island is lost"),
    "tunnels and AWS": ((VPN,), AWS, "the AWS API is out of reach, while all tunnels are cut"),
    "tunnels twice": ((VPN,), VPN, "while all tunnels are cut"),
    "AWS and then a database host": ((AWS,), kill("mel-db2"), "may lose its writer"),
    "a database host and then AWS": ((kill("mel-db2"),), AWS, "may lose its writer"),
    "too many": (
        (kill("syd-lb1"), kill("mel-lb1"), kill("per-lb1")), kill("syd-web2"), "3 things are broken already",
    ),
}  # fmt: skip


def sinkable(now: Situation) -> Situation:
    """For losses of islands nobody may measure there."""
    return replace(now, rulers=frozenset())


@pytest.mark.parametrize("name", ALLOWED)
def test_it_may_be_broken(name: str) -> None:
    standing, new = ALLOWED[name]
    assert too_much(sinkable(NOW) if new == LOSE_SYD else NOW, standing, new) is None


@pytest.mark.parametrize("name", REFUSED)
def test_it_may_not_be_broken(name: str) -> None:
    standing, new, why = REFUSED[name]
    now = sinkable(NOW) if new.kind is Kind.LOSE_ISLAND else NOW
    assert why in str(too_much(now, standing, new))


def test_a_shard_that_is_not_whole_spares_all_its_hosts() -> None:
    """Also those of other islands: they may be the only ones that can take."""
    now = replace(NOW, not_whole={"sql/syd": "its standby is not in sync"})
    for host in next(shard for shard in shards(FLEET) if shard.name == "syd").hosts:
        assert "shard syd is not whole: its standby is not in sync" in str(too_much(now, (), kill(host.id)))
    assert too_much(now, (), kill("syd-lb1")) is None
    assert "may be needed" in str(too_much(sinkable(now), (), LOSE_SYD))


def test_what_is_alone_in_its_island_is_never_broken() -> None:
    assert {group.name for group in groups(FLEET) if group.spare == 0} == set()
    assert {group.spare for group in groups(FLEET) if group.name.startswith("bricks")} == {1}


def survivable(standing: list[Fault]) -> bool:
    """Said again in other words: each island that is there has one of each role, and two of three bricks; no more than
    one island is lost; each shard has a host of its writer's pair."""
    away = frozenset[str]().union(*(takes_away(FLEET, fault) for fault in standing))
    lost = [fault.place for fault in standing if fault.kind is Kind.LOSE_ISLAND]
    if len(lost) > 1 or len(standing) > MOST_AT_ONCE:
        return False
    for island in FLEET.islands.values():
        if island.name in lost:
            continue
        living = [host for host in island.hosts.values() if host.id not in away]
        roles = [role for host in living for role in host.roles]
        bricks = sum(host.has(Role.FILER) or host.has(Role.ARBITER) for host in living)
        if bricks < 2 or not {Role.LB, Role.WEB, Role.DB, Role.CONTROL, Role.DIRECTORY} <= set(roles):
            return False
    kinds = [fault.kind for fault in standing]
    databases = [host for host in away if FLEET.host(host).has(Role.DB)]
    return not (Kind.AWS_API in kinds and databases) and not (lost and Kind.CUT_VPN in kinds)


@pytest.mark.parametrize("sinking", ["", "per"])
def test_many_storms_stay_within_what_can_be_survived(sinking: str) -> None:
    seen = set()
    now = replace(NOW, rulers=frozenset(host for host in NOW.rulers if not host.startswith(sinking or "-")))
    for seed in range(20):
        chance, standing = Random(seed), list[Fault]()
        for _ in range(12):
            lose = sinking and chance.random() < 0.2
            blow = sink(chance, now, standing, sinking) if lose else next_blow(chance, now, standing)
            if blow is None or chance.random() < 0.3:
                standing = standing[1:]
                continue
            standing.append(blow.fault)
            seen.add(blow.row)
            assert survivable(standing), standing
    assert seen == {1, 2, 3, 4, 5, 6, 7, 9, 10, 14, 16, 21} | ({12} if sinking else set())
