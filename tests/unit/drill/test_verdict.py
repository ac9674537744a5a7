"""What is said of a run, on what users felt that is written down here."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fixtures.drill_world import UNIX, calm, incident, whole_fleet

from titanicarus.checker.judge import Tenure as WriterTenure
from titanicarus.checker.judge import Verdict, Violation
from titanicarus.drill.contract import ROWS, Ruler
from titanicarus.drill.fault import Fault, Kind
from titanicarus.drill.felt import Felt, Lane, Tenure, of_probe, of_talk, of_writes
from titanicarus.drill.rows import Watch, plan
from titanicarus.drill.verdict import (
    Act,
    Injected,
    Moments,
    acts_of,
    beyond,
    judge_storm,
    kept,
    unexplained,
    unmet,
)
from titanicarus.lab.probe_figures import Answer, Target, figures

FLEET = whole_fleet()
NOW = calm(FLEET)
MOMENTS = Moments(broke=10.0, mended=20.0, whole=25.0)
WEB = Watch(Ruler.WEB, "syd")
SQL = Watch(Ruler.SQL, "syd", ("syd",))
KILL_LB = Fault(Kind.KILL, "syd-lb1")


def felt(*outages: tuple[float, float], watch: Watch = WEB, end: float = 30.0, **more: object) -> Felt:
    """Answers every tenth of a second from 0 on, but for these times, in which they fail."""
    at = [number / 10 for number in range(int(end * 10))]
    dead = [moment for moment in at if any(since <= moment < until for since, until in outages)]
    good = tuple(moment for moment in at if moment not in dead)
    lane = Lane("one", good, tuple((moment, "status 503") for moment in dead))
    return replace(Felt(watch, 0.0, end, (lane,)), **more)  # type: ignore[arg-type]


def told(number: int, *felts: Felt, max_lag: int = 1000) -> list[str]:
    return kept(plan(number, NOW, 1), felts, MOMENTS, NOW, max_lag)


def test_a_run_within_its_bounds_is_kept() -> None:
    assert told(1, felt((10.0, 11.0), (20.1, 21.0))) == []


def test_a_gap_belongs_to_the_fault_or_to_the_way_back_by_its_middle() -> None:
    (sentence,) = told(5, felt((10.0, 20.5), watch=SQL))
    assert "10.60 s without a good answer in the fault (bound 10 s)" in sentence
    (sentence,) = told(5, felt((19.9, 24.5), watch=SQL))
    assert "4.70 s without a good answer in the way back (bound 4 s)" in sentence


def test_failures_count_where_none_are_promised() -> None:
    (sentence,) = told(2, felt((10.0, 10.5)))
    assert sentence == "web, asked of syd: 5 requests failed in the fault (bound 0)"


def test_who_is_measured_without_a_bound_must_lose_nothing() -> None:
    assert told(1, felt((10.0, 18.0), watch=SQL)) == []
    assert told(1, felt(watch=SQL, lost=1)) == ["writes to syd from syd: 1 acknowledged and lost (at most 0)"]


def test_a_ruler_that_was_late_is_told() -> None:
    (sentence,) = told(2, felt((10.0, 10.5), late=0.4))
    assert sentence.endswith("the ruler itself was 0.40 s late")


def test_an_island_may_take_with_it_what_the_rule_allows() -> None:
    assert told(12, felt(watch=SQL, lost=1000)) == []
    assert "1001 acknowledged and lost (at most 1000)" in told(12, felt(watch=SQL, lost=1001))[0]


def test_two_writers_are_never_allowed() -> None:
    assert told(12, felt(watch=SQL, broken=("two epochs",))) == ["writes to syd from syd: two epochs"]


def test_nothing_may_be_accepted_after_the_lease() -> None:
    shard = plan(6, NOW, 1).subject
    late = felt(watch=Watch(Ruler.SQL, shard), tenures=(Tenure(1, 0.0, 16.5), Tenure(2, 17.0, 30.0)))
    assert "epoch 1 took writes for 6.50 s after the fault (lease: 6 s)" in told(6, late)[0]
    in_time = felt(watch=Watch(Ruler.SQL, shard), tenures=(Tenure(1, 0.0, 15.5), Tenure(2, 17.0, 30.0)))
    assert told(6, in_time) == []
    went_on = felt(watch=Watch(Ruler.SQL, shard), tenures=(Tenure(1, 0.0, 30.0),))
    assert told(6, went_on) == [], "a writer that was never replaced has renewed its lease"


def test_a_blank_machine_must_be_in_service_in_time() -> None:
    drill = plan(19, NOW, 1)
    assert kept(drill, (), Moments(0.0, 10.0, 180.0), NOW, 0) == []
    assert kept(drill, (), Moments(0.0, 10.0, 200.0), NOW, 0) == ["in service after 190 s (bound 180 s)"]


@pytest.mark.parametrize(
    ("number", "change", "words"),
    [
        (5, {}, "should"),
        (5, {"writer": {}}, "nobody writes"),
        (7, {"writer": {"syd": "syd-db2", "mel": "mel-db2", "per": "per-db2"}}, "should go on"),
        (10, {}, "the gateway's address of"),
        (10, {"gateway": {}}, "is on nobody"),
    ],
)
def test_what_is_expected_at_the_end_of_a_fault(number: int, change: dict[str, dict[str, str]], words: str) -> None:
    drill = plan(number, NOW, 1)
    (expected,) = drill.expected
    assert words in str(unmet(expected, drill, NOW, replace(NOW, **change)))


def test_what_came_about_as_expected() -> None:
    drill = plan(5, NOW, 1)
    moved = replace(NOW, writer={drill.subject: "per-db2"})
    assert unmet(drill.expected[0], drill, NOW, moved) is None
    drill = plan(7, NOW, 1)
    assert unmet(drill.expected[0], drill, NOW, NOW) is None


# Acts of the healers


def made(fault: Fault, row: int, began: float = 100.0, ended: float = 110.0, whole: float = 120.0) -> Injected:
    return Injected(fault, row, began, ended, whole)


def test_an_act_on_the_host_that_was_broken_is_explained() -> None:
    acts = acts_of([incident(105.0, "syd-lb1")], UNIX)
    assert [(act.where, act.what) for act in acts] == [("syd-lb1", "start nginx.service")]
    assert acts[0].at == pytest.approx(106.5)
    assert unexplained(acts, [made(KILL_LB, 1)], FLEET) == []


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (Act(105.0, "mel-web1", "start nginx.service", "i1"), "another island"),
        (Act(90.0, "syd-lb1", "start haproxy.service", "i2"), "before it"),
        (Act(500.0, "syd-lb1", "start haproxy.service", "i3"), "long after it"),
        (Act(105.0, "mel", "withdraw mel", "i4"), "another island as a whole"),
    ],
)
def test_an_act_that_nothing_explains(act: Act, why: str) -> None:
    (sentence,) = unexplained([act], [made(KILL_LB, 1)], FLEET)
    assert act.incident in sentence and "nothing that was broken explains it" in sentence, why


def test_a_fault_that_is_not_over_explains_what_comes_later() -> None:
    act = Act(5000.0, "syd-lb2", "start keepalived.service", "i5")
    assert unexplained([act], [Injected(KILL_LB, 1, 100.0)], FLEET) == []


def test_an_act_on_an_island_is_explained_by_a_host_of_it() -> None:
    assert unexplained([Act(105.0, "syd", "withdraw syd", "i")], [made(KILL_LB, 1)], FLEET) == []


# Storms


def test_what_is_felt_while_nothing_is_broken_is_beyond_the_contract() -> None:
    (failed,) = beyond(felt((5.0, 5.3)), [])
    assert "3 requests failed (status 503) with nothing broken" in failed
    gap, failed = beyond(felt((5.0, 8.0)), [])
    assert "3.10 s without a good answer, 1 s allowed (nothing broken)" in gap


def test_what_a_fault_may_be_felt_by_is_allowed_in_its_time_only() -> None:
    injected = [made(KILL_LB, 1, 10.0, 15.0, 18.0)]
    assert beyond(felt((10.0, 11.0)), injected) == []
    assert "1.2 s allowed (syd-lb1 is killed)" in beyond(felt((10.0, 13.0)), injected)[0]
    assert "nothing broken" in beyond(felt((22.0, 22.5)), injected)[0]


def test_faults_that_are_there_together_may_be_felt_together() -> None:
    both = [made(KILL_LB, 1, 10.0, 15.0, 18.0), made(Fault(Kind.FREEZE, "syd-web2"), 3, 10.0, 15.0, 18.0)]
    assert beyond(felt((10.0, 14.0)), both) == []
    assert "4.2 s allowed" in beyond(felt((10.0, 14.5)), both)[0]


def test_a_row_that_promises_no_failure_allows_none() -> None:
    (sentence,) = beyond(felt((10.0, 10.3)), [made(Fault(Kind.KILL, "syd-web2"), 2, 10.0, 15.0, 18.0)])
    assert "3 requests failed (status 503) with syd-web2 is killed" in sentence


def test_a_storm_is_clean_when_nothing_was_broken_that_is_promised() -> None:
    injected = [made(KILL_LB, 1, 10.0, 15.0, 18.0)]
    verdict = judge_storm([felt((10.0, 11.0)), felt(watch=SQL)], injected, [], FLEET)
    assert verdict.clean


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"lost": 1}, "acknowledged and lost"),
        ({"broken": ("two epochs",), "two_writers": 0.5}, "two writers, and what else must never be"),
    ],
)
def test_a_storm_in_which_something_was_lost_or_two_wrote(change: dict[str, object], part: str) -> None:
    verdict = judge_storm([felt(watch=SQL, **change)], [], [], FLEET)
    assert not verdict.clean
    assert [name for name, sentences in verdict.parts().items() if sentences] == [part]


def test_what_an_island_took_with_it_must_be_within_the_rule_and_reported() -> None:
    lost = [made(Fault(Kind.LOSE_ISLAND, "syd"), 12, 10.0, 20.0, 29.0)]
    some = [felt(watch=Watch(Ruler.SQL, "syd", ("mel",)), lost=7)]
    assert judge_storm(some, lost, [], FLEET, max_lag=1000, reports=["syd-db1: one"]).clean
    assert judge_storm(some, lost, [], FLEET, max_lag=1000).lost == ["7 writes were lost, and no report says which"]
    assert judge_storm(some, lost, [], FLEET, max_lag=5, reports=["syd-db1: one"]).lost
    elsewhere = [felt(watch=Watch(Ruler.SQL, "mel", ("mel",)), lost=1)]
    assert judge_storm(elsewhere, lost, [], FLEET, max_lag=1000, reports=["one"]).lost


def test_what_could_not_be_mended_is_not_clean() -> None:
    assert not judge_storm([], [], [], FLEET, ["syd-lb1 is off"]).clean


# From the rulers


def test_a_probe_as_what_was_felt() -> None:
    answers = [Answer(0, 0.0, 0.0, 0.1, None), Answer(0, 0.1, 0.1, 1.1, "status 503"), Answer(0, 1.2, 1.2, 1.3, None)]
    found = of_probe(WEB, figures([Target("a site", "http://one/")], answers, 0.0, 2.0), lost=[4])
    assert found.longest().seconds == pytest.approx(1.2)
    assert (found.requests, found.failures(), found.lost) == (3, 1, 1)
    assert found.reasons() == {"status 503": 1}


def test_only_inserts_make_the_gap_of_writes_and_their_clock_is_put_right() -> None:
    targets = [Target("syd-web1 0: inserts each with a new connection", ""), Target("syd-web1 2: increments with", "")]
    answers = [Answer(0, at, at, at + 0.01, None) for at in (100.0, 100.5, 101.0)]
    answers.append(Answer(1, 100.0, 100.0, 100.1, None))
    violations = (Violation("lost", "write 3 is not there"), Violation("two writers", "epochs overlap"))
    verdict = Verdict(violations, (WriterTenure(1, 100.0, 101.0, 3),), 4, 0, 0, 0, 1, 0.25)
    found = of_writes(SQL, figures(targets, answers, 100.0, 102.0), verdict, offset=90.0)
    assert found.begin == pytest.approx(10.0)
    assert found.longest().seconds == pytest.approx(0.99)
    assert found.tenures == (Tenure(1, 10.0, 11.0),)
    assert (found.lost, found.broken, found.two_writers) == (1, ("epochs overlap",), 0.25)


def test_a_connection_that_broke() -> None:
    found = of_talk(Watch(Ruler.TALK, "syd"), 0.0, 2.0, [("NAT", (0.5, 1.0), "the other side closed")])
    assert found.broken == ("NAT: the other side closed",)
    assert told(10, found) == ["NAT and tunnels of syd: NAT: the other side closed"]


def test_every_row_of_a_storm_has_bounds_for_every_ruler() -> None:
    for number in ROWS:
        for ruler in (Ruler.WEB, Ruler.NAMES, Ruler.SQL, Ruler.FILES):
            assert beyond(felt(watch=Watch(ruler)), [made(KILL_LB, number, 0.0, 1.0, 2.0)]) == []
