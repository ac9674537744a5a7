"""What each row would break on the shipped fleet, and what is said of rows that there are not."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from fixtures.drill_world import ROOT, calm, whole_fleet

from titanicarus.drill.contract import ELSEWHERE, ROWS, Ruler, UnknownRow, chosen
from titanicarus.drill.fault import ENDS_BY_ITSELF, Kind, reaches, takes_away
from titanicarus.drill.rows import Drill, Expected, NoVictim, plan
from titanicarus.drill.situation import parts_of
from titanicarus.fleet import Role, load

FLEET = whole_fleet()
NOW = calm(FLEET)
SEEDS = range(40)


def plans(number: int) -> list[Drill]:
    return [plan(number, NOW, seed) for seed in SEEDS]


@pytest.mark.parametrize("number", ROWS)
def test_whatever_is_broken_is_mended_later(number: int) -> None:
    for drill in plans(number):
        left = set()
        for step in drill.steps:
            if step.make and step.make.kind not in ENDS_BY_ITSELF:
                left.add(step.make.place)
            if step.mend:
                left.remove(step.mend.place)
        assert not left
        assert drill.faults and drill.watches


@pytest.mark.parametrize("number", ROWS)
def test_nobody_measures_on_a_host_that_is_broken(number: int) -> None:
    for drill in plans(number):
        away = frozenset[str]().union(*(takes_away(FLEET, fault) for fault in drill.faults))
        for watch in drill.watches:
            bound = drill.promise.bound(watch.ruler)
            assert bound is not None or watch.ruler is Ruler.SQL, f"{watch} of row {number} has no bound"
            if watch.ruler is Ruler.SQL:
                assert not any(FLEET.with_role(Role.WEB, island)[0].id in away for island in watch.clients)
            if watch.ruler is Ruler.FILES:
                assert not away & {host.id for host in FLEET.with_role(Role.WEB, watch.place)}


@pytest.mark.parametrize("number", ROWS)
def test_the_same_seed_is_the_same_drill_and_others_differ(number: int) -> None:
    assert plan(number, NOW, 7, 2) == plan(number, NOW, 7, 2)
    assert len({drill.title for drill in plans(number)} | {str(drill.watches) for drill in plans(number)}) > 1


@pytest.mark.parametrize("number", ROWS)
def test_runs_of_one_seed_take_turns(number: int) -> None:
    runs = {str((drill.title, drill.watches)) for drill in (plan(number, NOW, 1, run) for run in range(20))}
    assert len(runs) > 1


def test_row_1_takes_the_one_with_the_address_and_the_other_one() -> None:
    moved = {Expected.VIP_MOVED in drill.expected: drill for drill in plans(1)}
    assert set(moved) == {True, False}
    assert moved[True].faults[0].place == NOW.vip[moved[True].subject]
    assert moved[False].faults[0].place != NOW.vip[moved[False].subject]


def test_row_5_follows_the_writer_wherever_it_is() -> None:
    moved = replace(NOW, writer={"syd": "per-db2"})
    (drill,) = {plan(5, moved, seed).title: plan(5, moved, seed) for seed in SEEDS}.values()
    assert drill.faults[0].place == "per-db2"
    assert drill.watches[0].clients == ("per",)


def test_row_6_has_several_ways_of_standing_still() -> None:
    assert {drill.faults[0].kind for drill in plans(6)} == {Kind.FREEZE, Kind.FREEZE_DISK, Kind.FREEZE_UNIT}


def test_row_8_kills_the_standby_first_and_lets_it_return_before_the_primary() -> None:
    drill = plan(8, NOW, 1)
    stale, primary = drill.faults
    order = [(step.make, step.mend) for step in drill.steps if step.make or step.mend]
    assert order == [(stale, None), (primary, None), (None, stale), (None, primary)]
    assert [step.never for step in drill.steps if step.never] == [stale.place]


def test_row_12_writes_from_an_island_that_stays() -> None:
    for drill in plans(12):
        (fault,) = drill.faults
        (sql,) = (watch for watch in drill.watches if watch.ruler is Ruler.SQL)
        assert fault.place not in sql.clients and FLEET.islands[fault.place]
        assert NOW.island_of(NOW.writer[sql.place]) == fault.place


def test_row_19_replaces_web_servers_and_database_hosts() -> None:
    victims = {drill.faults[0].place[4:6] for drill in plans(19)}
    assert victims == {"we", "db"}
    assert all(drill.in_service == 180 for drill in plans(19))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (99, "there is no row 99 in docs/faults.md; there are drills of rows 1, 2, 3"),
        (0, "there is no row 0"),
        (11, "row 11 has no drill: tests/lab/test_faults_web.py runs it"),
        (18, "the second half of row 12"),
    ],
)
def test_a_row_that_there_is_not(number: int, words: str) -> None:
    with pytest.raises(UnknownRow, match=re.escape(words)):
        chosen([1, number])


def test_rows_are_run_once_each_in_their_order() -> None:
    assert [promise.number for promise in chosen([9, 1, 9])] == [1, 9]
    assert [promise.number for promise in chosen([])] == list(ROWS)


def test_the_numbers_are_those_of_the_contract() -> None:
    """Every row of docs/faults.md has a drill or a test that is named."""
    told = {int(number) for number in re.findall(r"^\| (\d+) \|", (ROOT / "docs/faults.md").read_text(), re.MULTILINE)}
    assert told == set(ROWS) | set(ELSEWHERE)


def test_places_of_tests_are_there() -> None:
    for where in ELSEWHERE.values():
        for name in re.findall(r"test_\w+\.py", where):
            assert (ROOT / "tests/lab" / name).is_file()


@pytest.mark.parametrize(
    ("number", "change", "words"),
    [
        (1, {"vip": {}}, "no island has two load balancers, one of which has its public address"),
        (4, {"writer": {}}, "no shard with a tenant's database has a writer now"),
        (7, {"standby": {}}, "no shard has a writer and a standby now"),
        (10, {"gateway": {"syd": "syd-lb1"}}, "a firewall that is its gateway"),
    ],
)
def test_a_fleet_on_which_it_cannot_be_run_now(number: int, change: dict[str, dict[str, str]], words: str) -> None:
    with pytest.raises(NoVictim, match=words):
        plan(number, replace(NOW, **change), 1)


@pytest.mark.parametrize("number", [8, 10, 12, 14])
def test_a_fleet_of_one_island(number: int) -> None:
    small = load(ROOT, ROOT / "examples/small.saguirefile").fleet
    with pytest.raises(NoVictim, match="this fleet has one island"):
        plan(number, calm(small), 1)


def test_a_fault_reaches_those_who_share_something_with_its_host() -> None:
    (kill,) = (fault for fault in plan(9, NOW, 1).faults)
    island = kill.place[:3]
    assert reaches(FLEET, kill) == {f"{island}-{name}" for name in ("filer1", "filer2", "db1", "web1", "web2")}
    assert parts_of(FLEET, kill) == {f"files/{island}"}
