"""Was what is promised kept? Pure: what was done, what was felt and what the ledger says go in, sentences come out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from titanicarus.drill.contract import LEASE_SECONDS, NORMAL, Bound, allowed
from titanicarus.drill.fault import Fault, Kind, reaches
from titanicarus.drill.felt import LATE_SECONDS, Felt
from titanicarus.drill.rows import Drill, Expected
from titanicarus.drill.situation import Situation
from titanicarus.fleet import Fleet
from titanicarus.heal import shares
from titanicarus.heal.incidents import Incident

SHOWN = 5
HEALING_SECONDS = 300.0
"""After a fault is over the healers may still put right what it left: a boot, an apply and the hold-downs."""
EDGE_SECONDS = 1.5
"""A request that began before a fault may fail by it: one second for everything, and the ruler's own half."""


@dataclass(frozen=True, slots=True)
class Moments:
    """When (CLOCK_MONOTONIC): the first fault, the first mend (or the end of the fault), and when all was whole."""

    broke: float
    mended: float
    whole: float


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault that was made, of which row; `ended` is None while it could not be mended, `whole` until what it hit was
    whole again."""

    fault: Fault
    row: int
    began: float
    ended: float | None = None
    whole: float | None = None

    def covers(self, since: float, until: float, after: float = EDGE_SECONDS) -> bool:
        """Whether something that lasted so may come of it, up to `after` seconds after all was whole."""
        last = self.whole if self.whole is not None else float("inf")
        return self.began - EDGE_SECONDS <= until and since <= last + after


@dataclass(frozen=True, slots=True)
class Act:
    """Something that the healers did. `where` is a host or an island, `at` CLOCK_MONOTONIC."""

    at: float
    where: str
    what: str
    incident: str


def acts_of(incidents: Iterable[Incident], offset: float) -> list[Act]:
    """Everything that was done according to the ledger; its clock is `offset` seconds ahead."""
    found = []
    for incident in incidents:
        for entry in incident.entries:
            if entry["step"] == "acting":
                where = str(entry.get("host") or incident.subject.partition("/")[0])
                what = f"{entry.get('action', 'act')} {entry.get('unit') or incident.subject}"
                found.append(Act(float(entry["at"]) - offset, where, what, incident.id))
            elif entry["step"] in shares.STEPS:
                found.append(Act(float(entry["at"]) - offset, str(entry["island"]), str(entry["step"]), incident.id))
    return found


def unexplained(acts: Iterable[Act], injected: Sequence[Injected], fleet: Fleet) -> list[str]:
    """Acts that no fault of ours can be the reason of: another host, or another time."""
    found: list[str] = []
    for act in acts:
        reasons = [
            one
            for one in injected
            if one.covers(act.at, act.at, HEALING_SECONDS) and _concerns(act.where, reaches(fleet, one.fault), fleet)
        ]
        if not reasons:
            found.append(f"{act.what} on {act.where} (incident {act.incident}): nothing that was broken explains it")
    return found


def _concerns(where: str, hosts: frozenset[str], fleet: Fleet) -> bool:
    if where in fleet.islands:
        return any(fleet.host(host).island == where for host in hosts)
    return where in hosts


def unmet(expected: Expected, drill: Drill, before: Situation, now: Situation) -> str | None:
    """What is not as it must be at the end of a fault; None when it is, or is judged from what was felt."""
    subject = drill.subject
    if expected is Expected.VIP_MOVED and now.vip.get(subject) in (None, before.vip[subject]):
        return f"the public address of {subject} is on {now.vip.get(subject) or 'nobody'}"
    if expected is Expected.GATEWAY_MOVED and now.gateway.get(subject) in (None, before.gateway[subject]):
        return f"the gateway's address of {subject} is on {now.gateway.get(subject) or 'nobody'}"
    writer = now.writer.get(subject)
    if expected is Expected.WRITER_MOVED and writer in (None, before.writer[subject]):
        return f"{writer or 'nobody'} writes {subject}: another host than {before.writer[subject]} should"
    if expected is Expected.WRITER_STAYS and writer != before.writer[subject]:
        return f"{writer or 'nobody'} writes {subject}: {before.writer[subject]} should go on"
    return None


def kept(drill: Drill, felts: Iterable[Felt], moments: Moments, before: Situation, max_lag: int) -> list[str]:
    """Every promise of the row that was not kept, as sentences. `max_lag` in commits."""
    found: list[str] = []
    for felt in felts:
        name = str(felt.watch)
        fault = drill.promise.bound(felt.watch.ruler)
        back = drill.promise.bound(felt.watch.ruler, back=True)
        found += _within("the fault", felt, fault, float("-inf"), moments.mended)
        found += _within("the way back", felt, back or fault, moments.mended, float("inf"))
        found += safety(felt, max_lag if drill.promise.may_lose else 0)
        if Expected.SHUT_IN_TIME in drill.expected and felt.tenures:
            epoch = before.epoch.get(drill.subject)
            last = next((one.last - moments.broke for one in felt.tenures if one.epoch == epoch), 0.0)
            moved = any(one.epoch != epoch for one in felt.tenures)
            if moved and last > LEASE_SECONDS:
                bound = f"(lease: {LEASE_SECONDS:g} s)"
                found.append(f"{name}: epoch {epoch} took writes for {last:.2f} s after the fault {bound}")
    if drill.in_service is not None and moments.whole - moments.mended > drill.in_service:
        seconds = moments.whole - moments.mended
        found.append(f"in service after {seconds:.0f} s (bound {drill.in_service:g} s)")
    return found


def _within(phase: str, felt: Felt, bound: Bound | None, since: float, until: float) -> Iterator[str]:
    if bound is None:
        return
    name = str(felt.watch)
    busy = f"; the ruler itself was {felt.late:.2f} s late" if felt.late > LATE_SECONDS else ""
    gap = felt.longest(since, until)
    if gap.seconds > bound.gap:
        yield f"{name}: {gap.seconds:.2f} s without a good answer in {phase} (bound {bound.gap:g} s){busy}"
    failures = felt.failures(since, until)
    if bound.failures is not None and failures > bound.failures:
        yield f"{name}: {failures} requests failed in {phase} (bound {bound.failures}){busy}"


def safety(felt: Felt, may_lose: int = 0) -> Iterator[str]:
    """What is never allowed: two writers, and more lost than an island may take with it."""
    yield from strange(felt)
    if felt.lost > may_lose:
        yield f"{felt.watch}: {felt.lost} acknowledged and lost (at most {may_lose})"


def strange(felt: Felt) -> Iterator[str]:
    """Two writers, and whatever else a database or a connection must never do."""
    yield from (f"{felt.watch}: {sentence}" for sentence in felt.broken[:SHOWN])
    if len(felt.broken) > SHOWN:
        yield f"{felt.watch}: and {len(felt.broken) - SHOWN} more"


def unreported(lost: int, reports: Sequence[str]) -> list[str]:
    """What an island took with it must stand in a report when it is back."""
    return [f"{lost} writes were lost, and no report says which"] if lost and not reports else []


def beyond(felt: Felt, injected: Sequence[Injected]) -> list[str]:
    """What users felt in a storm beyond what is promised of the faults that were there at that time.

    Faults that are there together may be felt together: the bounds on a gap add up. A failed request is allowed when
    any of them allows one.
    """
    ruler, name = felt.watch.ruler, str(felt.watch)
    found = []
    for lane in felt.lanes:
        if lane.counts:
            for gap in lane.gaps(felt.begin, felt.end):
                if gap.seconds <= NORMAL[ruler].gap:
                    continue
                there = _there(injected, gap.began, gap.began + gap.seconds)
                most = max(NORMAL[ruler].gap, sum(allowed(one.row, ruler).gap for one in there))
                if gap.seconds > most:
                    felt_so = f"{gap.seconds:.2f} s without a good answer, {most:g} s allowed"
                    found.append(f"{name}: {lane.name}: {felt_so} ({_of(there)})")
        strange: dict[str, list[str]] = {}
        for began, why in lane.bad:
            there = _there(injected, began, began)
            if not any(allowed(one.row, ruler).failures is None for one in there):
                strange.setdefault(_of(there), []).append(why)
        found += [
            f"{name}: {lane.name}: {len(why)} requests failed ({why[0]}) with {at}" for at, why in strange.items()
        ]
    return found


def _there(injected: Sequence[Injected], since: float, until: float) -> list[Injected]:
    return [one for one in injected if one.covers(since, until)]


def _of(there: Sequence[Injected]) -> str:
    return "; ".join(str(one.fault) for one in there) or "nothing broken"


@dataclass(frozen=True)
class StormVerdict:
    """How a storm ended; every list must be empty. `figures` are for people."""

    lost: Sequence[str]
    two_writers: Sequence[str]
    unexplained: Sequence[str]
    beyond: Sequence[str]
    not_mended: Sequence[str]
    other: Sequence[str] = ()

    @property
    def clean(self) -> bool:
        """Whether all that is promised was kept."""
        return not any(self.parts().values())

    def parts(self) -> Mapping[str, Sequence[str]]:
        """By heading."""
        return {
            "acknowledged and lost": self.lost,
            "two writers, and what else must never be": self.two_writers,
            "acts that nothing explains": self.unexplained,
            "beyond the contract": self.beyond,
            "not mended": self.not_mended,
            "other": self.other,
        }


def judge_storm(
    felts: Sequence[Felt],
    injected: Sequence[Injected],
    acts: Iterable[Act],
    fleet: Fleet,
    not_mended: Sequence[str] = (),
    *,
    max_lag: int = 0,
    reports: Sequence[str] = (),
    other: Sequence[str] = (),
) -> StormVerdict:
    """`max_lag`: how many commits a shard may lose whose island was lost, if `reports` say which."""
    lost = []
    islands = {one.fault.place for one in injected if one.fault.kind is Kind.LOSE_ISLAND}
    for felt in felts:
        may_lose = max_lag if felt.watch.place in islands else 0
        if felt.lost > may_lose:
            lost.append(f"{felt.watch}: {felt.lost} (at most {may_lose})")
        else:
            lost += unreported(felt.lost, reports)
    return StormVerdict(
        lost=lost,
        two_writers=[sentence for felt in felts for sentence in strange(felt)],
        unexplained=unexplained(acts, injected, fleet),
        beyond=[sentence for felt in felts for sentence in beyond(felt, injected)],
        not_mended=list(not_mended),
        other=list(other),
    )
