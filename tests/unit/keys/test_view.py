"""Rows for a reader: what is the same is one row, and what is to be done is said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from titanicarus import pki
from titanicarus.keys.here import HOST, SITE, Found
from titanicarus.keys.view import authority_row, rows

DAY = 86400
ISLANDS = {"syd-lb1": "syd", "syd-lb2": "syd", "mel-lb1": "mel"}


def certificate(kind: str = SITE, name: str = "a.example", number: str = "1", ends: int = 90 * DAY) -> Found:
    return Found(kind, name, number, 0, ends)


FOUND = {
    "syd-lb1": [certificate(HOST, "syd-lb1", "h1"), certificate(), certificate(name="b.example", number="2")],
    "syd-lb2": [certificate(HOST, "syd-lb2", "h2"), certificate(), certificate(name="b.example", number="2")],
    "mel-lb1": [certificate(number="3", ends=80 * DAY)],
}


def test_sites_of_an_island_are_one_row_and_every_host_its_own() -> None:
    made = [(row.kind, row.name, row.where, row.ends) for row in rows(FOUND, ISLANDS, 0.0)]
    assert made == [
        (HOST, "syd-lb1", ("syd-lb1",), 90 * DAY),
        (HOST, "syd-lb2", ("syd-lb2",), 90 * DAY),
        (SITE, "1 site of mel", ("mel-lb1",), 80 * DAY),
        (SITE, "2 sites of syd", ("syd-lb1", "syd-lb2"), 90 * DAY),
    ]


def test_each_site_by_itself_with_all_hosts_that_have_the_same_certificate() -> None:
    made = [(row.name, row.where) for row in rows(FOUND, ISLANDS, 0.0, sites=True) if row.kind == SITE]
    assert made == [
        ("a.example", ("mel-lb1",)),
        ("a.example", ("syd-lb1", "syd-lb2")),
        ("b.example", ("syd-lb1", "syd-lb2")),
    ]


def test_hosts_with_different_certificates_of_a_site_are_two_rows() -> None:
    older = {"syd-lb1": [certificate(number="1")], "syd-lb2": [certificate(number="0", ends=40 * DAY)]}
    assert [row.where for row in rows(older, ISLANDS, 0.0, sites=True)] == [("syd-lb1",), ("syd-lb2",)]
    (row,) = rows(older, ISLANDS, 0.0)
    assert row.ends == 40 * DAY  # the one that ends first is what counts


@pytest.mark.parametrize(
    ("day", "state"),
    [(0, "well"), (59, "well"), (62, "is due: `saguire incidents` says why it is not renewed"), (91, "HAS ENDED")],
)
def test_what_is_to_be_done(day: int, state: str) -> None:
    (row,) = rows({"syd-lb1": [certificate()]}, ISLANDS, day * DAY)
    assert row.state.startswith(state)
    assert row.well == (state == "well")


def test_one_site_that_ended_makes_the_island_say_so() -> None:
    found = {"syd-lb1": [certificate(), certificate(name="b.example", number="2", ends=10 * DAY)]}
    (row,) = rows(found, ISLANDS, 20 * DAY)
    assert row.state.startswith("HAS ENDED")


def test_nothing_renews_an_authority() -> None:
    assert authority_row("island CA", "syd", ("secrets",), (0, 3650 * DAY), 100 * DAY).well
    assert "plan a new one" in authority_row("island CA", "syd", ("secrets",), (0, 3650 * DAY), 3000 * DAY).state
    assert "HAS ENDED" in authority_row("island CA", "syd", ("secrets",), (0, 3650 * DAY), 3651 * DAY).state


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
    st.integers(min_value=3, max_value=825),
)
def test_what_was_pushed_just_now_is_well_at_any_time(now: datetime, days: int) -> None:
    window = pki.window_at(now, days)
    new = Found(HOST, "syd-lb1", "1", int(window.not_before.timestamp()), int(window.not_after.timestamp()))
    assert rows({"syd-lb1": [new]}, ISLANDS, now.timestamp())[0].well
