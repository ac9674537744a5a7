"""Sealed passwords: only the fleet reads them, only for whom they are, and what cannot be read says why."""

from __future__ import annotations

import pytest

from titanicarus.fleet.database_wording import SEALED_LEAST, sealed
from titanicarus.pki import CannotOpen, SealingKey, seal, unseal

KEY = SealingKey.make()
SHORTEST = "twelve-chars"


def test_what_was_sealed_is_read_again() -> None:
    text = seal(KEY.public, "database/shop", "grüße 1234567")
    assert unseal(KEY, "database/shop", text) == "grüße 1234567"
    assert seal(KEY.public, "database/shop", "grüße 1234567") != text
    assert "1234567" not in text


def test_the_loader_takes_the_shortest_and_knows_one_that_was_cut() -> None:
    text = seal(KEY.public, "database/shop", SHORTEST)
    assert sealed(text) == text
    assert len(text.partition(":")[2]) == SEALED_LEAST
    with pytest.raises(ValueError, match="cut off"):
        sealed(text[:-1])


def test_another_user_or_another_fleet_cannot_read_it() -> None:
    text = seal(KEY.public, "database/shop", SHORTEST)
    with pytest.raises(CannotOpen, match="another user"):
        unseal(KEY, "database/till", text)
    with pytest.raises(CannotOpen, match="another fleet's key"):
        unseal(SealingKey.make(), "database/shop", text)


@pytest.mark.parametrize("at", [20, 40, 60, 90])
def test_a_changed_letter_is_noticed(at: int) -> None:
    text = seal(KEY.public, "database/shop", SHORTEST)
    changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
    with pytest.raises(CannotOpen):
        unseal(KEY, "database/shop", changed)


@pytest.mark.parametrize("text", ["", "sealed1:", "sealed1:AAAA", "sealed1:%%%", "other:AAAA", "sealed1:" + "A" * 86])
def test_anything_else_is_a_sentence(text: str) -> None:
    with pytest.raises(CannotOpen, match="saguire encrypt"):
        unseal(KEY, "database/shop", text)


def test_the_key_does_not_show() -> None:
    assert KEY.private.hex() not in repr(KEY)
    assert repr(KEY.private) not in repr(KEY)
