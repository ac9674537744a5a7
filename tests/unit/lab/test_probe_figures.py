"""What the probe's figures mean, on answers that are written down here."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from titanicarus.lab.probe_figures import Answer, Target, figures, longest_gap

ONE = Target("one", "http://one/")
TWO = Target("two", "http://two/")


def good(began: float, took: float = 0.01, target: int = 0) -> Answer:
    return Answer(target, began, began, began + took, None)


def bad(began: float, took: float = 1.0, target: int = 0, wrong: str = "status 503") -> Answer:
    return Answer(target, began, began, began + took, wrong)


def test_the_gap_is_from_good_end_to_good_end() -> None:
    answers = [good(0.0), good(0.1), bad(0.2), bad(0.3), good(0.9, took=0.2), good(1.0)]
    result = figures([ONE], answers, 0.0, 1.2)
    assert result.targets[0].longest_gap == pytest.approx(1.01 - 0.11)
    assert result.targets[0].gap_began == pytest.approx(0.11)


def test_a_service_that_never_comes_back_has_a_gap_until_the_end() -> None:
    result = figures([ONE], [good(0.0), bad(0.1), bad(5.0)], 0.0, 6.0)
    assert result.longest_gap == pytest.approx(5.99)


def test_a_service_that_was_never_there_has_a_gap_as_long_as_the_run() -> None:
    assert figures([ONE], [bad(0.0)], 10.0, 14.0).longest_gap == 4.0
    assert figures([ONE], [], 10.0, 14.0).longest_gap == 4.0


def test_failures_are_counted_with_their_reasons_and_times() -> None:
    result = figures([ONE], [good(0.0), bad(0.5), bad(0.7, wrong="wrong content"), bad(0.9)], 0.0, 2.0)
    (one,) = result.targets
    assert (one.requests, one.failures, one.first_failure, one.last_failure) == (4, 3, 0.5, 0.9)
    assert one.reasons == {"status 503": 2, "wrong content": 1}
    assert one.slowest == pytest.approx(1.0)


def test_targets_are_judged_apart_and_the_worst_one_counts() -> None:
    answers = [*(good(n / 10) for n in range(20)), good(0.0, target=1), good(1.9, target=1)]
    result = figures([ONE, TWO], answers, 0.0, 2.0)
    assert result.target("one").longest_gap < 0.2
    assert result.longest_gap == result.target("two").longest_gap == pytest.approx(1.9)
    assert (result.requests, result.failures) == (22, 0)
    with pytest.raises(KeyError):
        result.target("three")


def test_a_part_of_a_run_has_figures_of_its_own() -> None:
    answers = [good(0.0), bad(1.0), good(3.0), good(3.5)]
    part = figures([ONE], answers, 0.0, 4.0).within(2.9, 4.0)
    assert (part.requests, part.failures) == (2, 0)
    assert part.longest_gap == pytest.approx(0.5)


def test_json_has_no_single_answers_and_the_table_has_a_row_for_each_target() -> None:
    result = figures([ONE, TWO], [good(0.0), bad(0.1, target=1)], 0.0, 1.0)
    assert json.loads(json.dumps(result.to_json()))["failures"] == 1
    table = result.table().splitlines()
    assert len(table) == 3
    assert "1 x status 503" in table[2]


def test_a_late_ruler_says_so() -> None:
    late = Answer(0, due=1.0, began=1.4, ended=1.5, wrong=None)
    assert figures([ONE], [late], 0.0, 2.0).latest == pytest.approx(0.4)


@given(st.lists(st.floats(0, 100)), st.floats(0, 50), st.floats(50, 100))
def test_a_gap_is_never_longer_than_the_run_nor_shorter_than_an_even_share(
    moments: list[float], begin: float, end: float
) -> None:
    gap, began = longest_gap(moments, begin, end)
    inside = [moment for moment in moments if begin <= moment <= end]
    assert 0 <= gap <= end - begin
    assert gap >= (end - begin) / (len(inside) + 1) - 1e-9
    assert not any(began < moment < began + gap - 1e-9 for moment in inside)
