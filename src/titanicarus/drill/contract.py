"""What is promised of each row of docs/faults.md, as numbers: the one place where drills and storms have them from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Ruler(StrEnum):
    """What is measured, and how.

    WEB asks one island's public address, HOME the same for sites only that are at home there, NAMES wherever the sites'
    names lead, each ten times a second. SQL is a
    tenant's application with the checker (docs/checker.md), FILES somebody who writes files on a mount, TALK an open
    connection through the island's NAT and pings through its tunnels.
    """

    WEB = "web"
    HOME = "home"
    NAMES = "names"
    SQL = "sql"
    FILES = "files"
    TALK = "talk"


@dataclass(frozen=True, slots=True)
class Bound:
    """`gap` in seconds; `failures`: how many requests may fail, None for as many as fall into the gap."""

    gap: float
    failures: int | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """`fault` and `back` are the bounds while it is broken and while it comes back. `may_lose`: an island may take
    with it what it had not shipped, at most `max_lag` commits, as far as a report says which (docs/leases.md)."""

    number: int
    title: str
    fault: Mapping[Ruler, Bound]
    back: Mapping[Ruler, Bound] = field(default_factory=dict)
    may_lose: bool = False

    def bound(self, ruler: Ruler, *, back: bool = False) -> Bound | None:
        """What is promised to those who are measured so; None: nothing but that nothing is lost."""
        return (self.back if back else self.fault).get(ruler)


_NOTHING = Bound(1.0, failures=0)
_RETURN_SQL = Bound(4.0)  # commits wait for a returning standby for at most `catch_up` before it is let be

ROWS: Mapping[int, Promise] = {
    promise.number: promise
    for promise in (
        Promise(1, "a load balancer is killed", {Ruler.WEB: Bound(1.2)}, {Ruler.WEB: Bound(1.2)}),
        Promise(2, "a web server is killed", {Ruler.WEB: _NOTHING}, {Ruler.WEB: _NOTHING}),
        Promise(3, "a web server hangs, then goes on", {Ruler.WEB: Bound(3.0)}, {Ruler.WEB: Bound(3.0)}),
        Promise(4, "the primary's process is killed", {Ruler.SQL: Bound(4.0)}),
        Promise(5, "the primary's host is killed", {Ruler.SQL: Bound(10.0)}, {Ruler.SQL: _RETURN_SQL}),
        Promise(6, "the primary stands still, then goes on", {Ruler.SQL: Bound(10.0)}, {Ruler.SQL: Bound(10.0)}),
        Promise(7, "the standby is killed", {Ruler.SQL: Bound(5.0)}, {Ruler.SQL: _RETURN_SQL}),
        Promise(8, "the standby is stale, and the primary is killed", {Ruler.SQL: Bound(90.0)}, may_lose=True),
        Promise(9, "a filer is killed", {Ruler.FILES: Bound(6.0, failures=0)}, {Ruler.FILES: Bound(3.0, failures=0)}),
        Promise(
            10, "a firewall is killed",
            {Ruler.WEB: Bound(1.0), Ruler.TALK: Bound(4.0)}, {Ruler.WEB: Bound(1.0), Ruler.TALK: Bound(4.0)},
        ),
        Promise(
            12, "an island is lost",
            {Ruler.NAMES: Bound(25.0), Ruler.WEB: _NOTHING, Ruler.SQL: Bound(20.0)},
            {Ruler.NAMES: Bound(1.0, failures=0), Ruler.WEB: _NOTHING, Ruler.SQL: Bound(1.5)}, may_lose=True,
        ),
        Promise(
            14, "the tunnels are cut",
            {Ruler.WEB: Bound(3.0), Ruler.HOME: _NOTHING, Ruler.SQL: _NOTHING},
            {Ruler.WEB: Bound(3.0), Ruler.HOME: _NOTHING, Ruler.SQL: _NOTHING},
        ),
        Promise(
            16, "the AWS API is out of reach",
            {Ruler.NAMES: _NOTHING, Ruler.SQL: _NOTHING}, {Ruler.NAMES: _NOTHING, Ruler.SQL: _NOTHING},
        ),
        Promise(
            19, "a blank machine takes a lost host's place",
            {Ruler.WEB: _NOTHING, Ruler.SQL: Bound(10.0)}, {Ruler.WEB: _NOTHING, Ruler.SQL: _RETURN_SQL},
        ),
        Promise(
            21, "a disk is full",
            {Ruler.SQL: Bound(20.0), Ruler.FILES: Bound(10.0, failures=0)},
            {Ruler.SQL: Bound(20.0), Ruler.FILES: Bound(10.0, failures=0)},
        ),
    )
}  # fmt: skip
"""By number. The figures are those of docs/faults.md and of the tests that it names."""

ELSEWHERE: Mapping[int, str] = {
    11: "tests/lab/test_faults_web.py",
    13: "tests/lab/test_world.py and test_islands_sql.py",
    15: "tests/lab/test_world.py and test_islands_sql.py",
    17: "tests/lab/test_faults_sql.py",
    18: "the second half of row 12",
    20: "tests/lab/test_world.py",
    22: "tests/lab/test_faults_sql.py",
    23: "tests/lab/test_faults_web.py",
    24: "tests/lab/test_islands_sql.py",
    25: "tests/lab/test_bad_input.py",
}
"""Rows of docs/faults.md without a drill, and what runs them."""
IN_SERVICE_SECONDS = 180.0
"""Row 19: a blank machine has all of its states and its data after so long."""
LEASE_SECONDS = 6.0
"""Row 6: nothing is accepted under a lease that was not renewed for so long."""


class UnknownRow(ValueError):
    """There is no drill for a row that was asked for; the message says which ones there are."""


def chosen(numbers: Iterable[int]) -> tuple[Promise, ...]:
    """The promises of these rows, each once, in the order of their numbers; of none: of all. Raises UnknownRow."""
    wanted = sorted(set(numbers)) or list(ROWS)
    there = f"there are drills of rows {', '.join(map(str, ROWS))}"
    for number in wanted:
        if number in ELSEWHERE:
            raise UnknownRow(f"row {number} has no drill: {ELSEWHERE[number]} runs it; {there}")
        if number not in ROWS:
            raise UnknownRow(f"there is no row {number} in docs/faults.md; {there}")
    return tuple(ROWS[number] for number in wanted)


NORMAL: Mapping[Ruler, Bound] = {
    Ruler.WEB: _NOTHING, Ruler.NAMES: _NOTHING, Ruler.SQL: _NOTHING, Ruler.FILES: Bound(1.5, failures=0),
}  # fmt: skip
"""When nothing is broken."""
ALSO: Mapping[int, Mapping[Ruler, Bound]] = {
    1: {Ruler.NAMES: Bound(1.2), Ruler.SQL: Bound(1.5)},
    2: {Ruler.NAMES: _NOTHING},
    3: {Ruler.NAMES: Bound(3.0)},
    5: {Ruler.FILES: Bound(6.0, failures=0)},
    6: {Ruler.FILES: Bound(6.0, failures=0)},
    7: {Ruler.FILES: Bound(6.0, failures=0)},
    9: {Ruler.WEB: Bound(6.0), Ruler.NAMES: Bound(6.0)},
    10: {Ruler.NAMES: Bound(1.0)},
    14: {Ruler.NAMES: Bound(3.0)},
}
"""What else a row may be felt by, for a storm, which measures everything at once: applications reach their databases by
the load balancers, and a database host may keep an arbiter's brick."""


def allowed(number: int, ruler: Ruler) -> Bound:
    """What users may feel of a row's fault or of its end in a storm."""
    promise = ROWS[number]
    found = [bound for bound in (promise.fault.get(ruler), promise.back.get(ruler)) if bound is not None]
    found += [ALSO[number][ruler]] if ruler in ALSO.get(number, {}) else []
    if not found:
        return NORMAL[ruler]
    failures = 0 if all(bound.failures == 0 for bound in found) else None
    return Bound(max(bound.gap for bound in found), failures)
