"""Whether a copy is used as it is: by what each server has heard of each, and by no clock."""

from __future__ import annotations

import pytest

from titanicarus.directory.versions import Vector, judge, vector

EMPTY: Vector = {}


def at(**times: int) -> Vector:
    """`s1=5`: from server 1 everything up to its time 5."""
    return {name: f"2026112607{time:04}.000000Z#000000#000000" for name, time in times.items()}


CASES = [
    # own, the others in order of preference, whether it is doubted, whose copy is taken, words
    (at(s1=5), {}, False, None, "no other server answers"),
    (at(s1=5), {"b": EMPTY}, False, None, "the other servers are empty"),
    (EMPTY, {"b": EMPTY, "c": at(s1=1)}, False, "c", "c has all that is here"),
    (at(s1=5), {"b": at(s1=5)}, False, None, "all that the others have"),
    (at(s1=5), {"b": at(s1=4)}, False, None, "all that the others have"),
    (at(s1=5), {"b": at(s1=6)}, False, "b", "and more"),
    (at(s1=5), {"b": at(s1=5, s2=1)}, False, "b", "and more"),
    (at(s1=5), {"b": at(s1=6), "c": at(s1=7)}, False, "c", "and more"),
    (at(s1=5), {"b": at(s1=7, s2=1), "c": at(s1=6, s2=2)}, False, "b", "and more"),
    (at(s1=5, s2=9), {"b": at(s1=6, s2=8)}, False, None, "changes that others lack"),
    (at(s1=5, s2=9), {"b": at(s1=6, s2=8), "c": at(s1=6, s2=9)}, False, "c", "and more"),
    (at(s1=5), {"b": at(s1=5)}, True, "b", "differs from others"),
    (at(s1=5), {"b": at(s1=4)}, True, None, "all that the others have"),
    (at(s1=5), {"b": at(s1=4), "c": at(s1=5)}, True, "c", "differs from others"),
    (at(s1=5), {}, True, None, "no other server answers"),
]


@pytest.mark.parametrize(("own", "others", "doubted", "take", "words"), CASES)
def test_verdicts(own: Vector, others: dict[str, Vector], doubted: bool, take: str | None, words: str) -> None:
    verdict = judge(own, others, doubted)
    assert verdict.take == take
    assert words in verdict.why


def test_a_vector_is_read_from_what_the_server_says() -> None:
    said = ("20261126072150.037867Z#000000#001#000000", "20261126072204.975963Z#000002#00a#000000")
    assert vector(said) == {
        "001": "20261126072150.037867Z#000000#000000",
        "00a": "20261126072204.975963Z#000002#000000",
    }
    with pytest.raises(ValueError, match="no version"):
        vector(["yesterday"])
