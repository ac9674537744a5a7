"""Was anything lost, and were there ever two writers? Pure: a history and what survived go in, violations come out.

The judge believes the clients' acknowledgements and the surviving primary's tables, and nobody else. A write whose
outcome is unknown may be there or not; one that was refused must not be there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from titanicarus.checker.history import BALANCE, Key, Kind, Outcome, Row, Survivor, Write

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Violation:
    """`kind` is one of a few words (the keys of `Verdict.counts`); `told` is a sentence for people."""

    kind: str
    told: str


@dataclass(frozen=True, slots=True)
class Tenure:
    """When writes of one epoch were certainly accepted: not after `first` (the end of the first acknowledgement), and
    not before `last` (the beginning of the last write that was accepted)."""

    epoch: int
    first: float
    last: float
    writes: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """`acknowledged`, `refused` and `unknown` count writes; `survived_unknown` those of unknown outcome that are there.

    `two_writers` is in seconds: for how long, at least, two epochs accepted writes.
    """

    violations: tuple[Violation, ...]
    tenures: tuple[Tenure, ...]
    acknowledged: int
    refused: int
    unknown: int
    survived_unknown: int
    lost: int
    two_writers: float

    @property
    def holds(self) -> bool:
        """Whether all that was promised was kept."""
        return not self.violations

    def summary(self) -> str:
        """The figures that matter most, in one line."""
        epochs = ", ".join(str(tenure.epoch) for tenure in self.tenures) or "none"
        return (
            f"{self.acknowledged} writes acknowledged in epoch(s) {epochs}, {self.lost} lost, "
            f"{self.refused} refused, {self.unknown} unknown of which {self.survived_unknown} are there, "
            f"{len(self.violations)} violation(s)"
        )

    def sentences(self) -> list[str]:
        """The first few violations of each kind."""
        by_kind: dict[str, list[str]] = defaultdict(list)
        for violation in self.violations:
            by_kind[violation.kind].append(violation.told)
        found = []
        for kind, told in by_kind.items():
            more = len(told) - _SHOWN
            found += [f"{kind}: {sentence}" for sentence in told[:_SHOWN]]
            found += [f"{kind}: and {more} more"] if more > 0 else []
        return found

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        return {**asdict(self), "holds": self.holds}


def judge(writes: Sequence[Write], survivor: Survivor) -> Verdict:
    """Hold a run's history against the primary that is left.

    Invariants that are checked: each acknowledged write is there as it was acknowledged; nothing is there that was
    refused or never asked for; balances and counters are what the rows that are there make of them; no two increments
    read the same value; and epochs follow each other: nothing of a lower epoch was accepted after something of a
    higher one.
    """
    asked = {write.key: write for write in writes}
    lost = list(_lost(writes, survivor.rows))
    tenures = _tenures(writes, survivor.rows)
    overlaps = list(_overlaps(tenures))
    violations = [
        *lost,
        *_strangers(asked, survivor.rows),
        *_balances(survivor),
        *_counters(survivor),
        *_lost_updates(writes),
        *(violation for violation, _ in overlaps),
        *_epochs(writes, survivor),
    ]
    outcomes = Counter(write.outcome for write in writes)
    return Verdict(
        violations=tuple(violations),
        tenures=tenures,
        acknowledged=outcomes[Outcome.OK],
        refused=outcomes[Outcome.FAILED],
        unknown=outcomes[Outcome.UNKNOWN],
        survived_unknown=sum(write.outcome is Outcome.UNKNOWN and write.key in survivor.rows for write in writes),
        lost=len(lost),
        two_writers=max((seconds for _, seconds in overlaps), default=0.0),
    )


def _name(key: Key) -> str:
    return f"write {key.number} of client {key.client}"


def _lost(writes: Iterable[Write], rows: Mapping[Key, Row]) -> Iterator[Violation]:
    for write in writes:
        if write.outcome is not Outcome.OK:
            continue
        there = rows.get(write.key)
        if there is None:
            epoch = f" in epoch {write.row.epoch}" if write.row else ""
            yield Violation("lost", f"{_name(write.key)}, acknowledged{epoch} at {write.ended}, is not there")
        elif there != write.row:
            yield Violation("changed", f"{_name(write.key)} is there as {there}, and was acknowledged as {write.row}")


def _strangers(asked: Mapping[Key, Write], rows: Mapping[Key, Row]) -> Iterator[Violation]:
    for key in rows:
        write = asked.get(key)
        if write is None:
            yield Violation("never asked for", f"{_name(key)} is there, and nobody sent it")
        elif write.outcome is Outcome.FAILED:
            yield Violation("refused and there", f"{_name(key)} was refused ({write.wrong}), and is there")


def _balances(survivor: Survivor) -> Iterator[Violation]:
    total, right = sum(survivor.balances.values()), BALANCE * len(survivor.balances)
    if total != right:
        yield Violation("total", f"all accounts together have {total} instead of {right}")
    due = dict.fromkeys(survivor.balances, BALANCE)
    for row in survivor.rows.values():
        if row.kind is Kind.TRANSFER:
            due[row.place] = due.get(row.place, 0) - row.amount
            due[row.other] = due.get(row.other, 0) + row.amount
    for account, balance in survivor.balances.items():
        if due[account] != balance:
            yield Violation("balance", f"account {account} has {balance}, and its transfers make {due[account]}")


def _counters(survivor: Survivor) -> Iterator[Violation]:
    seen: dict[int, list[int]] = {counter: [] for counter in survivor.counters}
    for row in survivor.rows.values():
        if row.kind is Kind.INCREMENT:
            seen.setdefault(row.place, []).append(row.seen)
    for counter, values in seen.items():
        there = survivor.counters.get(counter)
        if sorted(values) != list(range(len(values))) or there != len(values):
            yield Violation(
                "counter", f"counter {counter} is {there} after {len(values)} increments, which read {_short(values)}"
            )


def _short(values: Iterable[int]) -> str:
    counted = Counter(values)
    twice = sorted(value for value, times in counted.items() if times > 1)
    missing = sorted(set(range(max(counted, default=-1) + 1)) - set(counted))
    return f"{twice[:_SHOWN]} twice and left out {missing[:_SHOWN]}"


def _lost_updates(writes: Iterable[Write]) -> Iterator[Violation]:
    """Two acknowledged increments that read the same value: one of them is lost, whoever survives."""
    readers: dict[tuple[int, int], Key] = {}
    for write in writes:
        if write.kind is not Kind.INCREMENT or write.row is None:
            continue
        place = (write.row.place, write.row.seen)
        if place in readers:
            told = f"{_name(readers[place])} and {_name(write.key)} both read {place[1]} in counter {place[0]}"
            yield Violation("lost update", told)
        readers[place] = write.key


def _tenures(writes: Iterable[Write], rows: Mapping[Key, Row]) -> tuple[Tenure, ...]:
    """Of each epoch in which a write was acknowledged. Writes of unknown outcome that are there count for their
    beginning alone: when they were accepted nobody was told."""
    firsts: dict[int, float] = {}
    lasts: dict[int, float] = {}
    counts: Counter[int] = Counter()
    for write in writes:
        if write.outcome is Outcome.OK and write.row is not None and write.ended is not None:
            epoch = write.row.epoch
            firsts[epoch] = min(firsts.get(epoch, write.ended), write.ended)
            counts[epoch] += 1
        elif write.outcome is Outcome.UNKNOWN and write.key in rows:
            epoch = rows[write.key].epoch
        else:
            continue
        lasts[epoch] = max(lasts.get(epoch, write.began), write.began)
    return tuple(Tenure(epoch, firsts.get(epoch, float("inf")), lasts[epoch], counts[epoch]) for epoch in sorted(lasts))


def _overlaps(tenures: Sequence[Tenure]) -> Iterator[tuple[Violation, float]]:
    for place, earlier in enumerate(tenures):
        for later in tenures[place + 1 :]:
            seconds = earlier.last - later.first
            if seconds > 0:
                told = (
                    f"a write of epoch {earlier.epoch} began {seconds:.3f} s after one of epoch {later.epoch} had been"
                    " acknowledged, and was accepted"
                )
                yield Violation("two writers", told), seconds


def _epochs(writes: Iterable[Write], survivor: Survivor) -> Iterator[Violation]:
    stamped = {write.row.epoch for write in writes if write.row is not None}
    stamped |= {row.epoch for row in survivor.rows.values()}
    for epoch in sorted(stamped - set(survivor.epochs)):
        yield Violation("unknown epoch", f"writes were accepted in epoch {epoch}, of which the primary knows nothing")
