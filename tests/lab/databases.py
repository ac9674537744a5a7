"""Shards under test: who writes, when one is whole again, and what a tenant's application felt of a fault."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lab.running import Running, Show

from titanicarus.checker.judge import Violation
from titanicarus.checker.plan import now
from titanicarus.control import secrets
from titanicarus.control.passwords import passwords_of
from titanicarus.drill.looking import shard_lacks
from titanicarus.drill.waiting import until_nothing
from titanicarus.drill.watching import await_tables
from titanicarus.operations.shards import look_at_shards
from titanicarus.operations.workload import Report, Workload, place_of
from titanicarus.shards import ShardView

WHOLE_SECONDS = 240.0
RULER_SECONDS = 0.25
LEASE_SECONDS = 6.0
REST_SECONDS = 4.0
KEEPER = "titanicarus-keeper"
LOST_WITH_AN_ISLAND = frozenset({"lost", "lost update"})
"""Violations that the loss of an island may bring, as far as a report says which writes."""


def mariadb(shard: str) -> str:
    """The unit of a shard's instance."""
    return f"titanicarus-mariadb@{shard}"


def view(fleet: Running, shard: str) -> ShardView:
    """What the keepers say of a shard now."""
    (found,) = look_at_shards(fleet.lab, fleet.lab.fleet, shard)
    return found


def writer(fleet: Running, shard: str) -> str:
    """Who writes. Fails the test when nobody does."""
    found = view(fleet, shard).writer
    assert found is not None, f"nobody writes {shard}"
    return found.host


def island_of(fleet: Running, host: str) -> str:
    return fleet.lab.fleet.host(host).island


def shard_for(fleet: Running, run: int) -> str:
    """Another shard for each run, of those with a tenant's database."""
    return fleet.shards[run % len(fleet.shards)]


def other_island(fleet: Running, *lost: str) -> str:
    """An island that is none of these."""
    return next(name for name in fleet.islands if name not in lost)


def whole(fleet: Running, shard: str) -> bool:
    """Whether a shard has a writer, a standby that keeps up, and copies that all follow closely."""
    return not shard_lacks(view(fleet, shard))


def await_whole(fleet: Running, shard: str, seconds: float = WHOLE_SECONDS) -> float:
    """Wait for it; gives back how long that took. Fails the test with what the keepers say."""
    return until_nothing(f"shard {shard} being whole", lambda: shard_lacks(view(fleet, shard)), seconds)


@dataclass
class Felt:
    """A fault as the application felt it. `moment` is when it began (CLOCK_BOOTTIME), `report` is there at the end."""

    workload: Workload
    moment: float = 0.0
    report: Report | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def done(self) -> Report:
        """The report of a run that has ended."""
        assert self.report is not None
        return self.report

    def gap(self, host: str | None = None, since: float | None = None) -> float:
        """The longest time without an acknowledged insert, of clients on all hosts or one; since the beginning or
        since a moment."""
        figures = self.done.figures
        part = figures if since is None else figures.within(since, figures.end)
        return max(
            target.longest_gap
            for target in part.targets
            if "inserts" in target.name and (host is None or target.name.startswith(f"{host} "))
        )


def start(fleet: Running, shard: str, islands: Sequence[str]) -> Felt:
    """Clients in these islands that write to a shard, until everything is good."""
    keys = secrets.load(fleet.lab.fleet, fleet.lab.secrets)
    declaration = fleet.declaration
    place = place_of(fleet.lab, declaration, passwords_of(declaration, keys.passwords, keys.islands), shard, islands)
    felt = Felt(Workload(fleet.lab, place))
    felt.workload.start()
    try:
        felt.workload.wait_until_good(30)
        await_tables(fleet.lab, shard)  # the tables of the run: a writer that takes before would have none
    except BaseException:
        felt.workload.stop()  # clients that nobody ends would disturb every later test
        raise
    return felt


def measure(
    fleet: Running,
    shard: str,
    during: Callable[[], object],
    *,
    islands: Sequence[str] = (),
    last: float = 6.0,
    after: Callable[[], object] | None = None,
    settle: float = 60.0,
) -> Felt:
    """Write while `during` breaks something; it lasts `last` seconds, then `after` mends it; then all must be good.

    `islands` are where clients run; default: the writer's.
    """
    felt = start(fleet, shard, islands or (island_of(fleet, writer(fleet, shard)),))
    try:
        felt.moment = now()
        during()
        time.sleep(last)  # the length of the fault itself
        felt.workload.wait_until_good(settle)
        if after is not None:
            after()
            time.sleep(REST_SECONDS)  # what was hung or away has time to do harm
            felt.workload.wait_until_good(settle)
        felt.report = felt.workload.judged()
    finally:
        felt.workload.kill()
    return felt


def verdict(
    show: Show,
    row: str,
    felt: Felt,
    *,
    gap: float,
    failures: int | None = None,
    allowed: frozenset[str] = frozenset(),
) -> None:
    """Print what was measured and hold it against the bounds. `gap` in seconds; `allowed` kinds of violations."""
    report = felt.done
    figures, found = report.figures, report.verdict
    longest = felt.gap()
    show(
        f"{row}: longest gap {longest:.2f} s (bound {gap:g} s), {figures.failures} of {figures.requests} writes failed;"
        f" {found.summary()}, two writers {found.two_writers:.2f} s; now {report.survivor},"
        f" ruler late {figures.latest:.2f} s"
    )
    broken: list[Violation] = [one for one in found.violations if one.kind not in allowed]
    assert not broken, f"{row}\n" + "\n".join(found.sentences())
    busy = "\nthe ruler itself was late: this machine was too busy" if figures.latest > RULER_SECONDS else ""
    assert longest <= gap, f"{row}\n{figures.table()}{busy}"
    if failures is not None:
        assert figures.failures <= failures, f"{row}\n{figures.table()}{busy}"


def shut_by(felt: Felt, epoch: int) -> float:
    """How many seconds after the fault the last write of that epoch began that was accepted."""
    return next((one.last - felt.moment for one in felt.done.verdict.tenures if one.epoch == epoch), 0.0)


def divergence(fleet: Running, hosts: list[str], shard: str) -> list[str]:
    """Reports on these hosts of what the shard's history went on without."""
    found = []
    for host in hosts:
        listing = fleet.ask(host, "ls", f"/var/lib/titanicarus/divergence/{shard}")
        found += [f"{host}: {line}" for line in listing.split()]
    return found
