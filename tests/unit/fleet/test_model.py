"""What a fleet knows of itself: worked out once, and anew for a fleet that is another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from titanicarus.fleet import Role, load
from titanicarus.fleet.model import Fleet, Host, once

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def fleet() -> Fleet:
    return load(ROOT).fleet


def test_an_answer_is_worked_out_once_for_each_question(fleet: Fleet) -> None:
    asked: list[tuple[str, str | None]] = []

    @once
    def question(fleet: Fleet, host: Host, word: str | None = None) -> str:
        asked.append((host.id, word))
        return f"{fleet.name} {host.id} {word}"

    one, other = fleet.hosts[:2]
    answers = [question(fleet, one), question(fleet, one), question(fleet, other), question(fleet, one, word="x")]
    assert answers == [
        f"{fleet.name} {host} {word}" for host, word in ((one.id, None),) * 2 + ((other.id, None), (one.id, "x"))
    ]
    assert asked == [(one.id, None), (other.id, None), (one.id, "x")]


def test_a_changed_copy_does_not_answer_for_the_fleet_that_it_was_made_from(fleet: Fleet) -> None:
    name, island = next(iter(fleet.islands.items()))
    before = fleet.with_role(Role.DB)
    bare = {key: host.model_copy(update={"roles": ()}) for key, host in island.hosts.items()}
    copy = fleet.model_copy(update={"islands": {**fleet.islands, name: island.model_copy(update={"hosts": bare})}})
    assert {host.island for host in copy.with_role(Role.DB)} == set(fleet.islands) - {name}
    assert fleet.with_role(Role.DB) == before
