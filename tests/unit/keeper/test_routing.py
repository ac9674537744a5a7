"""Which host a load balancer leads a shard's clients to."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from titanicarus.keeper.routing import FRESH, KEPT, Heard, Route, begin, decide

NOW = 1000.0
A, B, C = "mel-db1", "syd-db1", "syd-db2"
NOBODY = Route(None, 7, "nobody")
AT_B = Route(B, 7, "b")


def said(*, open: bool = False, epoch: int = 7, ago: float = 0.5) -> Heard:
    return Heard(NOW - ago, open, epoch)


SHUT, OPEN = said(), said(open=True)


@pytest.mark.parametrize(
    ("present", "heard", "writer", "why"),
    [
        (NOBODY, {}, None, "nobody is the writer: no host is heard"),
        (NOBODY, {A: SHUT, B: OPEN, C: SHUT}, B, "syd-db1 is the writer in epoch 7"),
        (AT_B, {A: SHUT, B: OPEN, C: SHUT}, B, "syd-db1 is the writer in epoch 7"),
        # closed, and nobody else yet
        (AT_B, {A: SHUT, B: SHUT}, None, "nobody is the writer: of those that are heard, none is open"),
        # moved: the new one is heard before the old one, after it, and without it
        (AT_B, {B: OPEN, C: said(open=True, epoch=8)}, C, "syd-db2 is the writer in epoch 8"),
        (AT_B, {B: SHUT, C: said(open=True, epoch=8)}, C, "syd-db2 is the writer in epoch 8"),
        (AT_B, {C: said(open=True, epoch=8)}, C, "syd-db2 is the writer in epoch 8"),
        # an old owner that was frozen and does not know better
        (Route(C, 8, "c"), {B: OPEN, C: said(open=True, epoch=8)}, C, "syd-db2 is the writer in epoch 8"),
        (Route(C, 8, "c"), {B: OPEN, C: said(epoch=8)}, None, None),
        (Route(None, 8, ""), {B: OPEN}, None, None),
        # silent: kept for as long as a lease may last
        (AT_B, {B: said(open=True, ago=5.9)}, B, "syd-db1 is kept as the writer: its keeper is not heard, and nobody"),
        (
            AT_B,
            {A: SHUT, B: said(open=True, ago=6.1)},
            None,
            "of those that are heard, none is open (syd-db1 fell silent)",
        ),
        (AT_B, {B: said(open=True, ago=5), C: said(open=True, epoch=8)}, C, None),
        (AT_B, {B: said(open=True, ago=5), C: said(open=True, epoch=8, ago=4)}, B, None),
        # who was heard long ago is not chosen anew
        (NOBODY, {B: said(open=True, ago=3.1)}, None, None),
        # the same owner again, in an epoch of its own
        (AT_B, {B: said(open=True, epoch=9)}, B, "syd-db1 is the writer in epoch 9"),
        # an epoch has one owner; if two claim it, whoever has the clients keeps them
        (AT_B, {A: OPEN, B: OPEN, C: OPEN}, B, None),
        (NOBODY, {A: OPEN, B: OPEN}, B, None),
    ],
)
def test_the_rules(present: Route, heard: dict[str, Heard], writer: str | None, why: str | None) -> None:
    route = decide(present, heard, NOW, awake_since=0)
    assert route.writer == writer
    assert why is None or why in route.why


def test_a_keeper_that_begins_goes_by_its_file_until_it_should_have_heard() -> None:
    assert decide(begin(B), {}, NOW, awake_since=NOW - 5).writer == B
    assert decide(begin(B), {}, NOW, awake_since=NOW - 7).writer is None
    assert decide(begin(B), {B: said(epoch=1)}, NOW, awake_since=NOW).writer is None
    assert decide(begin(B), {C: said(open=True, epoch=1)}, NOW, awake_since=NOW).writer == C
    assert decide(begin(None), {}, NOW, awake_since=NOW).writer is None


def test_what_a_keeper_slept_through_is_no_silence() -> None:
    heard = {B: said(open=True, ago=60)}
    assert decide(AT_B, heard, NOW, awake_since=NOW - 1).writer == B
    assert decide(AT_B, heard, NOW, awake_since=NOW - 7).writer is None


hosts = st.sampled_from((A, B, C))
words = st.builds(Heard, at=st.floats(NOW - 10, NOW), open=st.booleans(), epoch=st.integers(min_value=1, max_value=4))
steps = st.lists(st.dictionaries(hosts, words), min_size=1, max_size=8)


@settings(max_examples=500)
@given(steps, st.one_of(st.none(), hosts))
def test_no_route_ever_breaks_what_holds_always(heard_in_turn: list[dict[str, Heard]], first: str | None) -> None:
    route = begin(first)
    for heard in heard_in_turn:
        before, route = route, decide(route, heard, NOW, awake_since=0)
        seen = [word.epoch for word in heard.values() if word.open and NOW - word.at <= FRESH]
        assert route.epoch >= max((before.epoch, *seen))
        if route.writer is not None:
            word = heard[route.writer]
            assert word.open
            assert word.epoch >= route.epoch
            assert NOW - word.at <= (KEPT if route.writer == before.writer else FRESH)
        only = [host for host, word in heard.items() if word.open]
        if len(only) == 1 and NOW - heard[only[0]].at <= FRESH and heard[only[0]].epoch >= before.epoch:
            assert route.writer == only[0]


@settings(max_examples=200)
@given(st.dictionaries(hosts, words), st.one_of(st.none(), hosts), st.integers(0, 4))
def test_deciding_again_or_in_another_order_changes_nothing(
    heard: dict[str, Heard], writer: str | None, epoch: int
) -> None:
    route = decide(Route(writer, epoch, ""), heard, NOW, awake_since=0)
    assert decide(route, heard, NOW, awake_since=0) == route
    backwards = dict(reversed(heard.items()))
    assert decide(Route(writer, epoch, ""), backwards, NOW, awake_since=0) == route
