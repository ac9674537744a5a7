"""Events are anybody's words: what is no report of ours is refused, whatever it is."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from titanicarus.heal.report import BadReport, Kind, Report, parse

BOOT = "0f2e7a30-1111-4222-8333-444455556666"
TAG = "salt/beacon/syd-web1/units/stopped"
DATA: dict[str, Any] = {
    "id": "syd-web1", "unit": "nginx.service", "boot": BOOT, "up": 100.5, "seconds": 8.0, "looks": 2, "again": False,
    "_stamp": "2026-11-26T10:00:00",
}  # fmt: skip


def test_a_report() -> None:
    assert parse(TAG, DATA) == Report("syd-web1", Kind.STOPPED, "nginx.service", BOOT, 100.5, 8.0, 2)
    assert parse(TAG, DATA).subject == "syd-web1/nginx.service"


@pytest.mark.parametrize(
    ("tag", "changes"),
    [
        ("salt/beacon/syd-web1/units/exploded", {}),
        ("salt/beacon/syd-web1/disks/stopped", {}),
        ("salt/beacon/../units/stopped", {}),
        ("salt/beacon/SYD-WEB1/units/stopped", {}),
        ("salt/beacon/syd-web1/units/stopped/more", {}),
        ("salt/beacon/syd-web1/units/stopped\n", {}),
        ("salt/beacon/syd-web2/units/stopped", {}),
        (None, {}),
        (["salt/beacon/syd-web1/units/stopped"], {}),
        (TAG, {"id": "syd-web2"}),
        (TAG, {"id": None}),
        (TAG, {"unit": "nginx.service; rm -rf /"}),
        (TAG, {"unit": "../../etc/passwd.service"}),
        (TAG, {"unit": "nginx"}),
        (TAG, {"unit": "a" * 200 + ".service"}),
        (TAG, {"unit": ["nginx.service"]}),
        (TAG, {"boot": "yesterday"}),
        (TAG, {"boot": None}),
        (TAG, {"up": -1}),
        (TAG, {"up": math.inf}),
        (TAG, {"up": math.nan}),
        (TAG, {"up": "100"}),
        (TAG, {"up": True}),
        (TAG, {"seconds": None}),
        (TAG, {"looks": "many"}),
    ],
)
def test_what_is_none_is_refused(tag: Any, changes: dict[str, Any]) -> None:
    with pytest.raises(BadReport):
        parse(tag, DATA | changes)


@pytest.mark.parametrize("key", ["id", "unit", "boot", "up", "seconds", "looks"])
def test_half_a_report_is_none(key: str) -> None:
    with pytest.raises(BadReport):
        parse(TAG, {name: value for name, value in DATA.items() if name != key})


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(tag=st.one_of(st.just(TAG), JSON), data=st.one_of(JSON, st.dictionaries(st.sampled_from(sorted(DATA)), JSON)))
def test_nothing_makes_it_stumble(tag: Any, data: Any) -> None:
    with suppress(BadReport):
        parse(tag, data)
