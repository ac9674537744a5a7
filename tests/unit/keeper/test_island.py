"""Should users be sent to this island? Stories of one second after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from titanicarus.keeper.island import LONGEST_HOLD_DOWN, Limits, Seen, State, begin, hold_down, step

LIMITS = Limits(isolation=3, reentry=30, hold_down=60)
GOOD = Seen(peers=True, witness=True, well=True)
ALONE = Seen(peers=False, witness=False, well=True)


def play(state: State, story: Iterable[tuple[int, Seen]]) -> Iterator[tuple[float, bool, str]]:
    """(second, held, why) for each second of a story of (seconds, what is seen)."""
    now = 1000.0
    for seconds, seen in story:
        for _ in range(seconds):
            state, verdict = step(state, seen, now, LIMITS)
            yield now - 1000.0, verdict.held, verdict.why
            now += 1


def held(state: State, *story: tuple[int, Seen]) -> list[float]:
    return [second for second, is_held, _ in play(state, story) if is_held]


def test_an_island_that_was_there_is_in_service_at_once() -> None:
    assert held(begin(peer_in_service=True), (100, GOOD)) == []


def test_an_island_that_comes_back_must_be_well_for_a_while() -> None:
    ill = Seen(peers=True, witness=True, well=False)
    assert held(begin(peer_in_service=False), (20, ill), (100, GOOD)) == [float(second) for second in range(50)]


def test_being_ill_again_begins_the_while_anew() -> None:
    ill = Seen(peers=True, witness=True, well=False)
    assert max(held(begin(peer_in_service=False), (20, GOOD), (1, ill), (60, GOOD))) == 50.0


def test_three_seconds_of_silence_count_and_two_do_not() -> None:
    here = begin(peer_in_service=True)
    assert held(here, (10, GOOD), (3, ALONE), (100, GOOD)) == []
    seconds = held(here, (10, GOOD), (5, ALONE), (100, GOOD))
    assert (min(seconds), max(seconds)) == (13.0, 74.0)  # from 3 s of silence to 60 s after its end


@pytest.mark.parametrize(
    "seen",
    [
        Seen(peers=True, witness=False, well=True),  # row 16: AWS is away
        Seen(peers=False, witness=True, well=True),  # row 14: the others are away
        Seen(peers=None, witness=None, well=True),  # nothing could be looked at
        Seen(peers=None, witness=True, well=True),  # a fleet of one island
        Seen(peers=True, witness=True, well=None),  # HAProxy did not answer
        Seen(peers=True, witness=True, well=False),  # its checks are red anyway
    ],
)
def test_what_is_not_being_cut_off(seen: Seen) -> None:
    assert held(begin(peer_in_service=True), (10, GOOD), (1000, seen)) == []


def test_not_knowing_is_no_sign_of_being_back() -> None:
    unknown = Seen(peers=None, witness=None, well=None)
    seconds = held(begin(peer_in_service=True), (10, ALONE), (50, unknown))
    assert max(seconds) == 59.0


def test_row_20_ten_flaps_in_two_minutes_move_users_once() -> None:
    """Ten times six seconds off and six seconds on: one change to held, none back for ten minutes."""
    flaps = [(6, ALONE), (6, GOOD)] * 10
    verdicts = [is_held for _, is_held, _ in play(begin(peer_in_service=True), [(10, GOOD), *flaps, (900, GOOD)])]
    changes = [second for second, (a, b) in enumerate(pairwise(verdicts)) if a != b]
    assert len(changes) == 2
    assert changes[1] - changes[0] >= 600


def test_hold_down_doubles_to_ten_minutes() -> None:
    assert [hold_down(cuts, LIMITS) for cuts in (0, 1, 2, 3, 4, 5, 9)] == [0, 60, 120, 240, 480, 600, 600]
    assert hold_down(1, Limits(3, 30, 3600)) == 3600


def test_cuts_are_forgotten() -> None:
    story = [(5, ALONE), (700, GOOD), (5, ALONE), (200, GOOD)]
    assert max(held(begin(peer_in_service=True), *story)) < 705 + 5 + 61


SEEN = st.builds(
    Seen, peers=st.sampled_from([True, False, None]), witness=st.sampled_from([True, False, None]), well=st.booleans()
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), SEEN), max_size=30), st.booleans())
def test_an_island_that_hears_and_is_well_comes_back(story: list[tuple[int, Seen]], there: bool) -> None:
    last = list(play(begin(peer_in_service=there), [*story, (int(LONGEST_HOLD_DOWN) + 32, GOOD)]))[-1]
    assert not last[1], last[2]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 10), SEEN), max_size=30))
def test_every_verdict_has_a_sentence_and_silence_is_needed_to_be_cut_off(story: list[tuple[int, Seen]]) -> None:
    heard = [(seconds, Seen(peers=True, witness=seen.witness, well=seen.well)) for seconds, seen in story]
    verdicts = list(play(begin(peer_in_service=True), heard))
    assert not any(is_held for _, is_held, _ in verdicts)
    assert all(why for *_, why in verdicts)


def test_the_only_island_is_never_held() -> None:
    limits = Limits(isolation=3, reentry=30, hold_down=60)
    state, verdict = step(
        begin(peer_in_service=False), Seen(peers=None, witness=False, well=False), 0, limits, alone=True
    )
    state, verdict = step(state, Seen(peers=None, witness=False, well=False), 100, limits, alone=True)
    assert not verdict.held
