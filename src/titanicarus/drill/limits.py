"""How much may be broken at once: never more than the design promises to survive. Pure, over the fleet model.

A host that was mended counts as broken until what it is a part of is whole again: a copy that is still being made saves
nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from titanicarus.drill.fault import Fault, Kind, takes_away
from titanicarus.drill.situation import Situation, sql_part
from titanicarus.fleet import Fleet, Role
from titanicarus.fleet.shards import shards
from titanicarus.fleet.volumes import volume_of

MOST_AT_ONCE = 3
_ALONE = frozenset({Kind.CUT_VPN, Kind.AWS_API})
"""Faults of the network between islands. Beside each other, beside a lost island, or (AWS) beside a lost writer they
make a double fault under which nobody may take over, by design (docs/leases.md)."""


@dataclass(frozen=True, slots=True)
class Group:
    """Hosts that do one thing in one island, and how many of them may be missing."""

    name: str
    island: str
    hosts: frozenset[str]
    spare: int


def groups(fleet: Fleet) -> tuple[Group, ...]:
    """All groups of a fleet. One host must be left of each role; of the three bricks of a volume, the arbiter's
    included, two; of those that can be the gateway, one."""
    return tuple(group for island in fleet.islands for group in _groups(fleet, island))


def _groups(fleet: Fleet, island: str) -> Iterator[Group]:
    for role in (Role.LB, Role.WEB, Role.DB, Role.CONTROL, Role.DIRECTORY, Role.MAIL, Role.DNS):
        hosts = frozenset(host.id for host in fleet.with_role(role, island))
        if hosts:
            yield Group(f"{role} of {island}", island, hosts, len(hosts) - 1)
    volume = volume_of(fleet, island)
    if volume:
        bricks = frozenset(host.id for host in volume.bricks)
        yield Group(f"bricks of {island}", island, bricks, (len(bricks) - 1) // 2)
    ways = [host.id for role in (Role.FIREWALL, Role.LB) for host in fleet.with_role(role, island)]
    if ways:
        yield Group(f"gateway of {island}", island, frozenset(ways), len(set(ways)) - 1)


class Limits:
    """What a fleet can do without: worked out once."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._groups = groups(fleet)
        self._databases = frozenset(host.id for host in fleet.with_role(Role.DB))
        self._carrying = {shard.name: frozenset(host.id for host in shard.hosts) for shard in shards(fleet)}

    def too_much(self, now: Situation, standing: Collection[Fault], new: Fault) -> str | None:
        """Why a fault may not be added to those that stand (and those that are mended and not yet whole); None: it
        may. `now` is the living fleet before it is added."""
        return next(self._objections(now, standing, new), None)

    def _objections(self, now: Situation, standing: Collection[Fault], new: Fault) -> Iterator[str]:
        if len(standing) >= MOST_AT_ONCE:
            yield f"{len(standing)} things are broken already"
        away = takes_away(self._fleet, new)
        if away & now.rulers:
            yield f"clients that measure run on {', '.join(sorted(away & now.rulers))}"
        broken = frozenset[str]().union(*(takes_away(self._fleet, one) for one in standing))
        if away & broken:
            yield f"{', '.join(sorted(away & broken))} is broken already"
        lost = {one.place for one in standing if one.kind is Kind.LOSE_ISLAND}
        if new.kind is Kind.LOSE_ISLAND:
            yield from self._island(now, standing, new)
        else:
            yield from self._missing(away, broken | away, lost)
        yield from self._network(standing, new)
        if away & self._databases and new.kind is not Kind.LOSE_ISLAND:
            yield from self._copies(now, lost, away)

    def _island(self, now: Situation, standing: Collection[Fault], new: Fault) -> Iterator[str]:
        """An island is lost out of a whole fleet only: the others then have everything."""
        if len(self._fleet.islands) < 2:
            yield "it is the only island"
        if standing:
            yield f"{next(iter(standing))}: an island is lost out of a whole fleet only"
        if now.not_whole:
            name, why = next(iter(now.not_whole.items()))
            yield f"{name} is not whole ({why}): {new.place} may be needed"

    def _missing(self, away: frozenset[str], broken: frozenset[str], lost: Collection[str]) -> Iterator[str]:
        for group in self._groups:
            missing = group.hosts & broken
            if group.island not in lost and group.hosts & away and len(missing) > group.spare:
                yield f"{group.name}: of {', '.join(sorted(group.hosts))} at most {group.spare} may be missing"

    def _network(self, standing: Collection[Fault], new: Fault) -> Iterator[str]:
        wide = [one for one in standing if one.kind in _ALONE]
        if new.kind in _ALONE and any(one.kind is Kind.LOSE_ISLAND for one in standing):
            yield f"{new}, while an island is lost"
        if new.kind in _ALONE and wide:
            yield f"{new}, while {wide[0]}"
        every = (*standing, new)
        writers = any(takes_away(self._fleet, one) & self._databases for one in every)
        if writers and any(one.kind is Kind.AWS_API for one in every):
            yield "the AWS API is out of reach: who loses a database host then may lose its writer"

    def _copies(self, now: Situation, lost: Collection[str], away: frozenset[str]) -> Iterator[str]:
        """A copy may go only while all shards that it carries are whole: a standby that is behind saves nobody."""
        if lost:
            yield f"{', '.join(lost)} is lost: every copy of a database counts"
        for shard, carrying in self._carrying.items():
            why = now.not_whole.get(sql_part(shard))
            if why and away & carrying:
                yield f"shard {shard} is not whole: {why}"
