"""The lab as a world for drills and storms."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

from titanicarus.control import secrets
from titanicarus.control.passwords import Passwords, passwords_of
from titanicarus.drill import hands, looking
from titanicarus.drill.contract import Ruler
from titanicarus.drill.fault import Fault
from titanicarus.drill.journal import read_journals
from titanicarus.drill.rows import Watch
from titanicarus.drill.situation import (
    Situation,
    files_part,
    gateway_part,
    names_part,
    sql_part,
    web_part,
)
from titanicarus.drill.timeline import Line
from titanicarus.drill.waiting import until, until_nothing
from titanicarus.drill.watching import Files, Names, Talks, Writes
from titanicarus.drill.world import Watching
from titanicarus.fleet import Declaration, Fleet, Role
from titanicarus.fleet.shards import shards
from titanicarus.heal.incidents import Incident
from titanicarus.lab import Lab
from titanicarus.operations.files import look_at_files
from titanicarus.operations.healing import listen
from titanicarus.operations.probing import probe_targets
from titanicarus.operations.shards import look_at_shards
from titanicarus.operations.workload import place_of
from titanicarus.shards import ShardView

WHOLE_SECONDS = 360.0
TOLD_SECONDS = 20.0
"""How often it is said what is waited for."""
ALONE_SECONDS = 30.0
APPLIED_SECONDS = 600.0
GENTLE = 0.4
"""The part of a ruler's rate when everything is measured at once and for long."""
Say = Callable[[str], None]


class LabWorld:
    """A lab that is up. It is a `titanicarus.drill.world.World`."""

    def __init__(self, lab: Lab, declaration: Declaration, say: Say) -> None:
        self._lab = lab
        self._declaration = declaration
        self._say = say

    @property
    def fleet(self) -> Fleet:
        """Its declaration."""
        return self._lab.fleet

    @property
    def max_lag(self) -> int:
        """The policy's data-loss rule, in commits."""
        return self._declaration.policy.lease_max_lag

    @cached_property
    def homes(self) -> tuple[str, ...]:
        """Shards with a tenant's database."""
        homes = {tenant.home for tenant in self._declaration.tenants if tenant.databases}
        return tuple(shard.name for shard in shards(self.fleet) if shard.name in homes)

    @cached_property
    def _passwords(self) -> Passwords:
        keys = secrets.load(self.fleet, self._lab.secrets)
        return passwords_of(self._declaration, keys.passwords, keys.islands)

    def now(self) -> float:
        """The time."""
        return time.monotonic()

    def unix_offset(self) -> float:
        """How many seconds Unix time is ahead of that now."""
        return time.time() - time.monotonic()

    def last(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)

    # Looking

    def look(self, parts: Collection[str] | None = None) -> Situation:
        """Who has what now, and which of these parts (None: of all) are not whole. Takes a second or two."""
        fleet = self.fleet
        with ThreadPoolExecutor(4) as pool:
            vips = pool.map(lambda island: looking.vip_holder(self._lab, island), fleet.islands)
            gateways = pool.map(lambda island: looking.gateway_holder(self._lab, island), fleet.islands)
            every = look_at_shards(self._lab, fleet)
            vip = {island: host for island, host in zip(fleet.islands, vips, strict=True) if host}
            gateway = {island: host for island, host in zip(fleet.islands, gateways, strict=True) if host}
        views = {view.name: view for view in every if view.name in self.homes}
        wanted = None if parts is None else {*parts, *(sql_part(view.name) for view in every)}
        return Situation(
            fleet=fleet,
            vip=vip,
            gateway=gateway,
            writer={name: view.writer.host for name, view in views.items() if view.writer},
            standby={name: view.standby for name, view in views.items() if view.standby and view.in_sync},
            epoch={name: view.epoch for name, view in views.items()},
            sites={site.name: tenant.home for tenant, site in self._declaration.sites},
            rulers=self._rulers(),
            not_whole={part: "; ".join(lacks) for part, lacks in self._lacks(wanted, every) if lacks},
        )

    def _rulers(self) -> frozenset[str]:
        """The first web server of each island: clients of databases and writers of files run there."""
        found = (self.fleet.with_role(Role.WEB, island)[:1] for island in self.fleet.islands)
        return frozenset(host.id for hosts in found for host in hosts)

    def _lacks(
        self, wanted: Collection[str] | None, views: Iterable[ShardView] | None = None
    ) -> Iterator[tuple[str, list[str]]]:
        """Each of these parts (None: all) and what it lacks; what costs least to find out comes first, and nothing is
        asked before it is wanted: the fault is being measured on the same processors. `views`: of shards, if known."""
        fleet = self.fleet

        def asked(part: str) -> bool:
            return wanted is None or part in wanted

        balanced = [island for island in fleet.islands if fleet.with_role(Role.LB, island)]
        for island in filter(lambda island: asked(web_part(island)), balanced):
            yield web_part(island), looking.web_lacks(self._lab, island)
        for island in filter(lambda island: asked(gateway_part(island)), fleet.islands):
            firewalls = {host.id for host in fleet.with_role(Role.FIREWALL, island)}
            has = looking.gateway_holder(self._lab, island) if firewalls else None
            told = f"{has or 'nobody'} is the gateway of {island}, not its firewall"
            yield gateway_part(island), [told] if firewalls and has not in firewalls else []
        named = [island for island in balanced if asked(names_part(island))]
        green = looking.healthy(self._lab) if named else set()
        for island in named:
            yield names_part(island), [] if island in green else [f"Route53 does not find {island} healthy"]
        if any(asked(sql_part(shard.name)) for shard in shards(fleet)):
            for view in look_at_shards(self._lab, fleet) if views is None else views:
                if asked(sql_part(view.name)):
                    yield sql_part(view.name), [f"{view.name}: {lack}" for lack in looking.shard_lacks(view)]
        if any(asked(files_part(island)) for island in fleet.islands):
            for volume in look_at_files(self._lab, fleet):
                if asked(files_part(volume.name)):
                    yield files_part(volume.name), looking.volume_lacks(volume)

    def await_whole(self, parts: Collection[str] | None = None) -> None:
        """Return when these parts of the fleet (None: all) are whole. Raises TooLate with the first that is not."""

        told_at = time.monotonic()

        def lacks() -> list[str]:
            nonlocal told_at
            first = next((lacking for _, lacking in self._lacks(parts) if lacking), [])
            if first and time.monotonic() - told_at >= TOLD_SECONDS:
                told_at = time.monotonic()
                self._say(f"waiting for the fleet to be whole: {first[0]}")
            return first

        until_nothing("the fleet being whole", lacks, WHOLE_SECONDS, poll=1.0)

    def alone(self, shard: str) -> None:
        """Return when the shard's primary goes on without a standby. Raises TooLate."""
        until(f"{shard} going on alone", lambda: self._view(shard).standby is None, ALONE_SECONDS)

    def writer(self, shard: str) -> str | None:
        """Who writes a shard now."""
        found = self._view(shard).writer
        return found.host if found else None

    def _view(self, shard: str) -> ShardView:
        (found,) = look_at_shards(self._lab, self.fleet, shard)
        return found

    def applied(self, host: str) -> None:
        """Return when a host that was blank has all of its states. Raises TooLate."""
        until(f"{host} having all of its states", lambda: looking.applied(self._lab, host), APPLIED_SECONDS, poll=0.5)

    # Breaking

    def make(self, fault: Fault) -> None:
        """Break it."""
        hands.make(self._lab, fault)

    def mend(self, fault: Fault) -> None:
        """Undo it; nothing when it is not there any more."""
        hands.mend(self._lab, self._declaration, fault, self._say)

    def broken(self) -> Sequence[str]:
        """Everything that is broken on purpose now."""
        return looking.broken(self._lab)

    # Measuring

    def watch(self, watch: Watch, *, gently: bool = False) -> Watching:
        """Begin to measure."""
        share = GENTLE if gently else 1.0
        begun: Watching
        if watch.ruler in (Ruler.WEB, Ruler.HOME, Ruler.NAMES):
            sites = self._at_home(watch.place) if watch.ruler is Ruler.HOME else ()
            targets = probe_targets(self._declaration, sites, watch.place or None)
            begun = Names(watch, self._lab.probe(targets, rate=10.0 * share))
        elif watch.ruler is Ruler.SQL:
            place = place_of(self._lab, self._declaration, self._passwords, watch.place, watch.clients)
            begun = Writes(watch, self._lab, place, share)
        elif watch.ruler is Ruler.FILES:
            writer, reader = self.fleet.with_role(Role.WEB, watch.place)[:2]
            begun = Files(watch, self._lab, writer.id, reader.id, share)
        else:
            begun = Talks(watch, self._lab)
        return begun

    def _at_home(self, island: str) -> list[str]:
        """A site of each tenant whose home an island is."""
        return [
            next(iter(tenant.sites)) for tenant in self._declaration.tenants if tenant.home == island and tenant.sites
        ]

    def incidents(self) -> tuple[Sequence[Incident], Sequence[str]]:
        """What the healers did so far, and what is wrong with their ledgers."""
        told = listen(self._lab, self._declaration)
        return told.incidents, told.problems

    def logs(self, since: float) -> Iterable[Line]:
        """What daemons said since."""
        hosts = {host.id: self._lab.host(host.id).layout for host in self.fleet.hosts}
        return read_journals({host: (places.root, places.upper) for host, places in hosts.items()}, since)

    def reports(self, shard: str, since: float) -> Sequence[str]:
        """Reports, made since, of what the shard's history went on without."""
        at = since + self.unix_offset()
        found = []
        for host in self.fleet.with_role(Role.DB):
            argv = ("find", f"/var/lib/titanicarus/divergence/{shard}", "-type", "f", "-newermt", f"@{at:.0f}")
            found += [f"{host.id}: {line}" for line in looking.ask(self._lab, host.id, *argv).split()]
        return found
