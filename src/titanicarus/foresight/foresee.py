"""What a loss does to each service of the fleet as it is now: pure, by the rules that the daemons go by.

Spans of time are those of the contract (docs/faults.md): what is promised at most, not what is usual.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from titanicarus.fleet import Fleet, Role
from titanicarus.foresight.picture import Picture
from titanicarus.foresight.scenario import Scenario
from titanicarus.operations.files import VolumeView
from titanicarus.shards import CopyView, ShardView


class Effect(StrEnum):
    """What users notice: nothing; a wait that ends by itself; nothing yet, but the next loss may; that it is gone until
    a person or the lost host comes."""

    NOTHING = "nothing"
    WAIT = "wait"
    THINNER = "thinner"
    STOPS = "stops"


@dataclass(frozen=True, slots=True)
class Consequence:
    """For one service of one island, shard or volume."""

    service: str
    about: str
    effect: Effect
    sentence: str


@dataclass(frozen=True, slots=True)
class _After:
    """The fleet after the loss."""

    fleet: Fleet
    now: Picture
    scenario: Scenario
    max_lag: int

    def left(self, role: Role, island: str | None = None) -> list[str]:
        """Hosts with the role that are there afterwards."""
        return [host.id for host in self.fleet.with_role(role, island) if self.has(host.id)]

    def had(self, role: Role, island: str | None = None) -> list[str]:
        """Hosts with the role that are there now."""
        return [host.id for host in self.fleet.with_role(role, island) if host.id in self.now.running]

    def has(self, host: str) -> bool:
        return host in self.now.running and host not in self.scenario.lost

    @property
    def serving(self) -> list[str]:
        """Islands that users can be led to afterwards."""
        return [
            island
            for island in self.fleet.islands
            if island in self.now.green and self.left(Role.LB, island) and self.left(Role.WEB, island)
        ]


def foresee(fleet: Fleet, now: Picture, scenario: Scenario, max_lag: int) -> list[Consequence]:
    """All that follows, by service. `max_lag` is `lease_max_lag` of the policy: commits that may be missing when a copy
    elsewhere takes over."""
    after = _After(fleet, now, scenario, max_lag)
    found = [*_web(after), *_gateways(after)]
    found += [_database(after, shard) for shard in now.shards]
    found += [_files(after, volume) for volume in now.volumes]
    return [*found, *_people(after), *_control(after), *_names(after)]


def _web(after: _After) -> Iterator[Consequence]:
    for island in after.fleet.islands:
        if not after.fleet.with_role(Role.LB, island) or not after.fleet.with_role(Role.WEB, island):
            continue
        yield Consequence("web", island, *_web_of(after, island))


def _web_of(after: _After, island: str) -> tuple[Effect, str]:
    balancers, servers = after.left(Role.LB, island), after.left(Role.WEB, island)
    if island not in after.now.green:
        return Effect.NOTHING, "its health check is not green now: users are elsewhere already"
    if not balancers or not servers:
        return _led_away(after, island, "web server" if balancers else "load balancer")
    holder = after.now.vip.get(island)
    alone = _last(after, island)
    if holder and not after.has(holder):
        return Effect.WAIT, f"the public address moves from {holder} to {balancers[0]}, within 1.2 s{alone}"
    if not all(after.has(host) for host in (*after.had(Role.LB, island), *after.had(Role.WEB, island))):
        return Effect.THINNER if alone else Effect.NOTHING, f"{_all((*balancers, *servers))} go on{alone}"
    if after.scenario.tunnels:
        return Effect.NOTHING, "goes on; requests for sites at home elsewhere are passed on over the internet"
    return Effect.NOTHING, "goes on as it is"


def _led_away(after: _After, island: str, lacks: str) -> tuple[Effect, str]:
    others = [name for name in after.serving if name != island]
    if not others:
        return Effect.STOPS, f"it has no {lacks}, and no other island is there"
    words = f"its users are led to {_all(others)}, and its sites answered there, within 25 s"
    return Effect.WAIT, f"it has no {lacks}: {words}"


def _last(after: _After, island: str) -> str:
    alone = [hosts[0] for role in (Role.LB, Role.WEB) if len(hosts := after.left(role, island)) == 1]
    return f"; nobody stands by for {_all(alone)}" if alone else ""


def _gateways(after: _After) -> Iterator[Consequence]:
    for island, holder in sorted(after.now.gateway.items()):
        if after.has(holder) or island in after.scenario.islands:
            continue
        takers = [host for role in (Role.FIREWALL, Role.LB) for host in after.left(role, island)]
        if takers:
            words = f"moves from {holder} to {takers[0]}: NAT and tunnels stand still for up to 4 s"
            yield Consequence("gateway", island, Effect.WAIT, words)
        else:
            words = f"{holder} is lost and nobody can take its place: no way out, and no tunnels"
            yield Consequence("gateway", island, Effect.STOPS, words)


def _database(after: _After, shard: ShardView) -> Consequence:
    return Consequence("database", shard.name, *_database_of(after, shard))


def _database_of(after: _After, shard: ShardView) -> tuple[Effect, str]:
    writer = shard.writer
    if writer is None:
        return Effect.STOPS, "nobody may write now"
    reached = [copy for copy in shard.copies if after.has(copy.host) and copy.silence is None]
    if after.has(writer.host):
        return _goes_on(after, shard, writer, reached)
    if after.scenario.aws:
        return Effect.STOPS, (
            f"{writer.host} is lost, and without AWS nobody can prove that it has stopped: nobody takes;"
            " `saguire db override` is the last resort"
        )
    standby = next((copy for copy in reached if copy.host == shard.standby), None)
    if standby is not None and shard.in_sync:
        return Effect.WAIT, f"{standby.host} takes, within 10 s: it has every commit"
    usable = [(copy.behind(writer), copy) for copy in reached if not copy.failed and not copy.rebuilding]
    near = sorted(((lag, copy.host) for lag, copy in usable if lag is not None), key=lambda one: one[0])
    fit = [(lag, host) for lag, host in near if lag <= after.max_lag]
    if not fit:
        best = f"the nearest, {near[0][1]}, lacks {near[0][0]} commits" if near else "no copy is there"
        return (
            Effect.STOPS,
            f"{writer.host} is lost, and nobody may take: {best}; at most {after.max_lag} may be missing",
        )
    lag, host = fit[0]
    loss = (
        f"it lacks {lag} commits now, and those of the last moments" if lag else "what it had not received is missing"
    )
    return Effect.WAIT, f"{host} takes, within 20 s: {loss}, which is reported when {writer.host} returns"


def _goes_on(after: _After, shard: ShardView, writer: CopyView, reached: list[CopyView]) -> tuple[Effect, str]:
    lost = [copy.host for copy in shard.copies if copy.silence is None and not after.has(copy.host)]
    apart = after.scenario.tunnels and any(copy.island != writer.island for copy in shard.copies)
    if after.scenario.aws and (lost or apart):
        why = f"{_all(lost)} cannot" if lost else "the other islands are not heard"
        return Effect.STOPS, f"without AWS {writer.host} goes on only while every other host promises, and {why}"
    if after.scenario.aws:
        promising = [copy.host for copy in reached if copy is not writer]
        words = f"by the promises of {_all(promising)}" if promising else "alone: nobody else has a copy"
        return Effect.THINNER, f"{writer.host} goes on {words}"
    if shard.standby in lost:
        return Effect.WAIT, f"{writer.host} goes on alone after at most 5 s: {shard.standby} was its standby"
    if apart:
        return Effect.THINNER, f"{writer.host} goes on; copies in other islands fall behind until the tunnels are back"
    if not shard.in_sync and any(copy.island == writer.island and copy is not writer for copy in shard.copies):
        return Effect.THINNER, f"{writer.host} goes on, without a standby that has every commit"
    return Effect.NOTHING, f"{writer.host} goes on" + (f"; {_all(lost)} made {len(lost)} of its copies" if lost else "")


def _files(after: _After, volume: VolumeView) -> Consequence:
    bricks = [part for part in volume.parts if part.what == "brick"]
    there = [part.host for part in bricks if after.has(part.host) and part.serves]
    lost = [part.host for part in bricks if part.host not in there]
    filers = [host for host in there if after.fleet.host(host).has(Role.FILER)]
    if volume.name in after.scenario.islands:
        words = (
            "are lost with the island until it returns; sites that are pushed are answered from other islands' copies"
        )
        return Consequence("files", volume.name, Effect.STOPS, words)
    if not filers or 2 * len(there) <= len(bricks):
        words = (
            f"stop: of {len(bricks)} bricks only {_all(there) if there else 'none'} would be there, and most must be"
        )
        return Consequence("files", volume.name, Effect.STOPS, words)
    fresh = [host for host in lost if host in after.now.running and host in after.scenario.lost]
    if fresh:
        words = f"stand still for up to 6 s, then {_all(there)} go on; {_all(fresh)} is healed when it returns"
        return Consequence("files", volume.name, Effect.WAIT, words)
    if lost or volume.pending:
        words = f"go on with {_all(there)}" + (f"; {volume.pending} files wait to be healed" if volume.pending else "")
        return Consequence("files", volume.name, Effect.THINNER, words)
    return Consequence("files", volume.name, Effect.NOTHING, "go on")


def _people(after: _After) -> Iterator[Consequence]:
    every = after.had(Role.DIRECTORY)
    if not every:
        return
    left = after.left(Role.DIRECTORY)
    if len(left) == len(every):
        yield Consequence("logins", "fleet", Effect.NOTHING, "go on")
    elif left:
        yield Consequence("logins", "fleet", Effect.NOTHING, f"{_all(left)} know everybody")
    else:
        words = "no directory server is there: who has signed in on a host before can go on to do so"
        yield Consequence("logins", "fleet", Effect.STOPS, words)


def _control(after: _After) -> Iterator[Consequence]:
    left = after.left(Role.CONTROL)
    if not left:
        words = "no Salt master is there: nothing is changed or healed, and all that runs goes on"
        yield Consequence("control", "fleet", Effect.STOPS, words)
        return
    for island in after.fleet.islands:
        own = after.fleet.with_role(Role.CONTROL, island)
        if own and not after.left(Role.CONTROL, island) and island not in after.scenario.islands:
            words = (
                "its own masters are lost: those of other islands heal it, and nobody looks whether its hosts answer"
            )
            yield Consequence("control", island, Effect.THINNER, words)
    yield Consequence("control", "fleet", Effect.NOTHING, f"{_all(left)} go on")


def _names(after: _After) -> Iterator[Consequence]:
    if after.scenario.aws:
        words = "Route53 goes on to answer and to check; changes wait, and nobody is taken out or brought back"
        yield Consequence("names", "fleet", Effect.THINNER, words)


def _all(names: Iterable[str]) -> str:
    *most, last = list(names)
    return f"{', '.join(most)} and {last}" if most else last
