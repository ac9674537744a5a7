"""What each row's drill does on this fleet: its victim chosen by the seed, its steps, and who watches. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from titanicarus.drill.contract import IN_SERVICE_SECONDS, ROWS, Promise, Ruler
from titanicarus.drill.fault import Fault, Kind
from titanicarus.drill.situation import Situation
from titanicarus.fleet import Role
from titanicarus.fleet.volumes import volume_of

BRICKS = "bricks"
KEEPER = "titanicarus-keeper.service"
KILLED_SECONDS, FROZEN_SECONDS, STILL_SECONDS, LOST_SECONDS = 6.0, 10.0, 15.0, 35.0
AWAY_SECONDS, STALE_SECONDS, FILES_SECONDS, FULL_SECONDS = 20.0, 20.0, 12.0, 5.0


class NoVictim(ValueError):
    """This fleet, as it is now, has nothing on which the row could be run; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who measures: `place` is an island (WEB, HOME, FILES, TALK), a shard (SQL) or nothing (NAMES); `clients` are the
    islands where a shard's applications run."""

    ruler: Ruler
    place: str = ""
    clients: tuple[str, ...] = ()

    def __str__(self) -> str:
        """A name for people."""
        said = {
            Ruler.WEB: f"web, asked of {self.place}",
            Ruler.HOME: f"sites at home in {self.place}",
            Ruler.NAMES: "web, by name",
            Ruler.SQL: f"writes to {self.place} from {', '.join(self.clients)}",
            Ruler.FILES: f"files of {self.place}",
            Ruler.TALK: f"NAT and tunnels of {self.place}",
        }
        return said[self.ruler]


class Expected(StrEnum):
    """What must be so after the fault, before it is mended; see `verdict.unmet`."""

    VIP_MOVED = "the public address is on the other load balancer"
    GATEWAY_MOVED = "a load balancer is the gateway"
    WRITER_MOVED = "another host writes"
    WRITER_STAYS = "the same host writes"
    SHUT_IN_TIME = "nothing was accepted after the lease"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing after another: `make` a fault, `alone`: wait until the shard goes on without a standby, let it `last`
    so many seconds (in which `never` may not come to write the shard), `mend` a fault."""

    make: Fault | None = None
    mend: Fault | None = None
    last: float = 0.0
    alone: str = ""
    never: str = ""


@dataclass(frozen=True, slots=True)
class Drill:
    """`subject` is the island or shard that it is about. Steps up to the first `mend` are the fault, the rest is the
    way back. `expected` is asked at the end of the fault. `in_service` bounds the way back, in seconds. `settles`:
    users are served again before anything is mended."""

    promise: Promise
    title: str
    subject: str
    steps: tuple[Step, ...]
    watches: tuple[Watch, ...]
    expected: tuple[Expected, ...] = ()
    in_service: float | None = None
    settles: bool = True

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All that it breaks, in order."""
        return tuple(step.make for step in self.steps if step.make)


def plan(number: int, now: Situation, seed: int, run: int = 0) -> Drill:
    """The drill of a row: the same for the same fleet, seed and run. Raises NoVictim."""
    chance = Random(f"row {number}, seed {seed}, run {run}")  # noqa: S311 - chance, and no secret
    return _PLANS[number](ROWS[number], now, chance)


def _once(fault: Fault, seconds: float) -> tuple[Step, ...]:
    """Broken, so for a while, and mended."""
    return Step(make=fault), Step(last=seconds), Step(mend=fault)


def _island(now: Situation, chance: Random, what: str, has: Callable[[str], object]) -> str:
    return _any(sorted(island for island in now.fleet.islands if has(island)), chance, f"no island has {what}")


def _any(found: list[str], chance: Random, otherwise: str) -> str:
    if not found:
        raise NoVictim(otherwise)
    return chance.choice(found)


def _hosts(now: Situation, role: Role, island: str) -> list[str]:
    return [host.id for host in now.fleet.with_role(role, island)]


def _several(now: Situation) -> None:
    if len(now.fleet.islands) < 2:
        raise NoVictim("this fleet has one island")


def _shard(now: Situation, chance: Random) -> str:
    return _any(sorted(now.writer), chance, "no shard with a tenant's database has a writer now")


def _home(now: Situation, shard: str) -> tuple[Watch, ...]:
    """Applications in the island of the shard's writer."""
    return (Watch(Ruler.SQL, shard, (now.island_of(now.writer[shard]),)),)


def _also_sql(now: Situation, island: str) -> tuple[Watch, ...]:
    """A shard that is written in the island, if there is one: nothing of it may be lost, whatever breaks."""
    found = [shard for shard, host in sorted(now.writer.items()) if now.island_of(host) == island]
    return _home(now, found[0]) if found else ()


def _row_1(promise: Promise, now: Situation, chance: Random) -> Drill:
    island = _island(
        now, chance, "two load balancers, one of which has its public address",
        lambda name: name in now.vip and len(_hosts(now, Role.LB, name)) > 1,
    )  # fmt: skip
    active = now.vip[island]
    victim = chance.choice(_hosts(now, Role.LB, island))
    which = "which has the public address" if victim == active else "which stands by"
    return Drill(
        promise, f"{victim}, {which}, is killed", island, _once(Fault(Kind.KILL, victim), KILLED_SECONDS),
        (Watch(Ruler.WEB, island), *_also_sql(now, island)), (Expected.VIP_MOVED,) if victim == active else (),
    )  # fmt: skip


def _web_server(now: Situation, chance: Random) -> tuple[str, str]:
    island = _island(now, chance, "two web servers", lambda name: len(_hosts(now, Role.WEB, name)) > 1)
    return island, chance.choice(_hosts(now, Role.WEB, island))


def _row_2(promise: Promise, now: Situation, chance: Random) -> Drill:
    island, victim = _web_server(now, chance)
    steps = _once(Fault(Kind.KILL, victim), KILLED_SECONDS)
    return Drill(promise, f"{victim} is killed", island, steps, (Watch(Ruler.WEB, island),))


def _row_3(promise: Promise, now: Situation, chance: Random) -> Drill:
    island, victim = _web_server(now, chance)
    steps = _once(Fault(Kind.FREEZE, victim), FROZEN_SECONDS)
    return Drill(promise, f"{victim} hangs", island, steps, (Watch(Ruler.WEB, island),))


def instance(shard: str) -> str:
    """The unit of a shard's database."""
    return f"titanicarus-mariadb@{shard}.service"


def _row_4(promise: Promise, now: Situation, chance: Random) -> Drill:
    shard = _shard(now, chance)
    victim = now.writer[shard]
    steps = (Step(make=Fault(Kind.KILL_UNIT, victim, instance(shard))), Step(last=KILLED_SECONDS))
    return Drill(promise, f"mariadbd of {shard} on {victim}, which writes, is killed", shard, steps, _home(now, shard))


def _row_5(promise: Promise, now: Situation, chance: Random) -> Drill:
    shard = _shard(now, chance)
    victim = now.writer[shard]
    steps = _once(Fault(Kind.KILL, victim), KILLED_SECONDS)
    title = f"{victim}, the primary of {shard}, is killed"
    return Drill(promise, title, shard, steps, _home(now, shard), (Expected.WRITER_MOVED,))


def _row_6(promise: Promise, now: Situation, chance: Random) -> Drill:
    shard = _shard(now, chance)
    victim = now.writer[shard]
    fault, seconds = chance.choice(
        (
            (Fault(Kind.FREEZE, victim), STILL_SECONDS),
            (Fault(Kind.FREEZE_DISK, victim), FILES_SECONDS),
            (Fault(Kind.FREEZE_UNIT, victim, instance(shard)), 3.0),
            (Fault(Kind.FREEZE_UNIT, victim, KEEPER), 3.0),
        )
    )
    title = f"{fault}; {victim} writes {shard}"
    return Drill(promise, title, shard, _once(fault, seconds), _home(now, shard), (Expected.SHUT_IN_TIME,))


def _standby(now: Situation, chance: Random) -> tuple[str, str]:
    shard = _any(sorted(set(now.writer) & set(now.standby)), chance, "no shard has a writer and a standby now")
    return shard, now.standby[shard]


def _row_7(promise: Promise, now: Situation, chance: Random) -> Drill:
    shard, victim = _standby(now, chance)
    steps = _once(Fault(Kind.KILL, victim), 4.0)
    title = f"{victim}, the standby of {shard}, is killed"
    return Drill(promise, title, shard, steps, _home(now, shard), (Expected.WRITER_STAYS,))


def _row_8(promise: Promise, now: Situation, chance: Random) -> Drill:
    """The stale standby never takes. Another island may, by the data-loss rule, or nobody writes until the primary
    is back."""
    _several(now)
    shard, stale = _standby(now, chance)
    victim = now.writer[shard]
    clients = _any([name for name in now.fleet.islands if name != now.island_of(victim)], chance, "no other island")
    kill_stale, kill_primary = Fault(Kind.KILL, stale), Fault(Kind.KILL, victim)
    steps = (
        Step(make=kill_stale),
        Step(alone=shard),
        Step(last=2.0),  # so that there is something that it lacks
        Step(make=kill_primary),
        Step(mend=kill_stale),
        Step(last=STALE_SECONDS, never=stale),
        Step(mend=kill_primary),
    )
    title = f"{stale} of {shard} is stale, and {victim}, the primary, is killed"
    watches = (Watch(Ruler.SQL, shard, (clients,)),)
    return Drill(promise, title, shard, steps, watches, settles=False)


def _volume(now: Situation, chance: Random) -> tuple[str, str]:
    """An island whose files somebody can write on one web server and read on another, and one of its filers."""
    island = _island(
        now, chance, "mirrored files and two web servers",
        lambda name: len(_hosts(now, Role.WEB, name)) > 1 and len(_hosts(now, Role.FILER, name)) > 1
        and volume_of(now.fleet, name),
    )  # fmt: skip
    return island, chance.choice(_hosts(now, Role.FILER, island))


def _row_9(promise: Promise, now: Situation, chance: Random) -> Drill:
    island, victim = _volume(now, chance)
    steps = _once(Fault(Kind.KILL, victim), FILES_SECONDS)
    return Drill(promise, f"{victim} is killed", island, steps, (Watch(Ruler.FILES, island),))


def _row_10(promise: Promise, now: Situation, chance: Random) -> Drill:
    _several(now)
    island = _island(
        now, chance, "a firewall that is its gateway, and a web server",
        lambda name: now.gateway.get(name) in _hosts(now, Role.FIREWALL, name) and _hosts(now, Role.WEB, name),
    )  # fmt: skip
    victim = now.gateway[island]
    watches = (Watch(Ruler.WEB, island), Watch(Ruler.TALK, island))
    steps = _once(Fault(Kind.KILL, victim), KILLED_SECONDS)
    return Drill(promise, f"{victim} is killed", island, steps, watches, (Expected.GATEWAY_MOVED,))


def _row_12(promise: Promise, now: Situation, chance: Random) -> Drill:
    _several(now)
    written = {now.island_of(host): shard for shard, host in sorted(now.writer.items(), reverse=True)}
    lost = _any(sorted(written) or sorted(now.fleet.islands), chance, "no island")
    asked = _any([name for name in now.fleet.islands if name != lost], chance, "no other island")
    watches = [Watch(Ruler.NAMES), Watch(Ruler.WEB, asked)]
    watches += [Watch(Ruler.SQL, written[lost], (asked,))] if lost in written else []
    steps = _once(Fault(Kind.LOSE_ISLAND, lost), LOST_SECONDS)
    expected = (Expected.WRITER_MOVED,) if lost in written else ()
    subject = written.get(lost, lost)
    return Drill(promise, f"{lost} is lost with all of its hosts", subject, steps, tuple(watches), expected)


def _row_14(promise: Promise, now: Situation, chance: Random) -> Drill:
    _several(now)
    asked = _any(sorted(now.fleet.islands), chance, "no island")
    home = (Watch(Ruler.HOME, asked),) if asked in now.sites.values() else ()
    watches = (Watch(Ruler.WEB, asked), *home, *_also_sql(now, asked))
    return Drill(promise, "all tunnels are cut", asked, _once(Fault(Kind.CUT_VPN), AWAY_SECONDS), watches)


def _row_16(promise: Promise, now: Situation, chance: Random) -> Drill:
    shard = chance.choice(sorted(now.writer)) if now.writer else ""
    watches = (Watch(Ruler.NAMES), *(_home(now, shard) if shard else ()))
    return Drill(promise, "the AWS API is out of reach", shard, _once(Fault(Kind.AWS_API), AWAY_SECONDS), watches)


def _row_19(promise: Promise, now: Situation, chance: Random) -> Drill:
    """A web server, or a database host that writes; users of the island and of the shard are watched."""
    shards = sorted(shard for shard in now.writer if shard in now.standby)
    if shards and chance.random() < 0.5:
        shard = chance.choice(shards)
        victim = now.writer[shard]
        subject, watches = shard, _home(now, shard)
    else:
        subject, victim = _web_server(now, chance)
        watches = (Watch(Ruler.WEB, subject),)
    steps = (
        Step(make=Fault(Kind.KILL, victim)),
        Step(last=KILLED_SECONDS),
        Step(mend=Fault(Kind.REPLACE, victim)),
    )
    title = f"{victim} is lost with its disks, a blank machine takes its place"
    return Drill(promise, title, subject, steps, watches, in_service=IN_SERVICE_SECONDS)


def _row_21(promise: Promise, now: Situation, chance: Random) -> Drill:
    if now.writer and chance.random() < 0.5:
        shard = _shard(now, chance)
        victim = now.writer[shard]
        steps = _once(Fault(Kind.FILL_DISK, victim), FULL_SECONDS)
        return Drill(promise, f"the disk of {victim}, the primary of {shard}, is full", shard, steps, _home(now, shard))
    island, victim = _volume(now, chance)
    steps = _once(Fault(Kind.FILL_DISK, victim, BRICKS), FILES_SECONDS)
    return Drill(promise, f"the disk for bricks of {victim} is full", island, steps, (Watch(Ruler.FILES, island),))


_PLANS: Mapping[int, Callable[[Promise, Situation, Random], Drill]] = {
    1: _row_1, 2: _row_2, 3: _row_3, 4: _row_4, 5: _row_5, 6: _row_6, 7: _row_7, 8: _row_8, 9: _row_9, 10: _row_10,
    12: _row_12, 14: _row_14, 16: _row_16, 19: _row_19, 21: _row_21,
}  # fmt: skip
