"""An id that was given once is never another's, and the hash of a password is for directory hosts alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fixtures.repository import OPERATORS, PASSWORD_HASH, Repository

from titanicarus import pki
from titanicarus.control.identities import problems_of, remembered
from titanicarus.control.pillars import Digests, compile_all
from titanicarus.control.trust import Trust
from titanicarus.fleet import Role, pillar_for

HARBOUR = "pillar/tenants/harbour.yaml"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_a_uid_change_is_refused_with_its_place(repository: Repository) -> None:
    before = remembered(repository.load(), {})
    assert problems_of(repository.load(), before) == []
    repository.put(HARBOUR, ("users", "alice", "uid"), 1_000_500)
    (problem,) = problems_of(repository.load(), before)
    assert problem.startswith(f"{HARBOUR}: users.alice.uid: alice had the id {before['alice']}")
    assert f"write `uid: {before['alice']}` (found 1000500)" in problem


def test_the_id_of_somebody_who_left_is_kept(repository: Repository) -> None:
    before = remembered(repository.load(), {})
    alice = repository.files[HARBOUR]["users"].pop("alice")
    repository.put(HARBOUR, ("users", "anna"), alice | {"uid": before["alice"]})
    after = repository.load()
    (problem,) = problems_of(after, before)
    assert "users.anna.uid: was the id of alice, whose files are kept" in problem
    assert set(remembered(after, before)) == {"alice", "anna", "bruno"}
    assert problems_of(after, {}) == []


def test_only_directory_hosts_are_told_a_hash(repository: Repository) -> None:
    declaration = repository.load()
    root = pki.make_root(declaration.fleet.name, NOW)
    islands = {name: pki.make_island(root, declaration.fleet.name, name, NOW) for name in declaration.fleet.islands}
    trust = Trust(root.certificate_pem, islands, {}, pki.SealingKey.make(), OPERATORS)
    for one in compile_all(declaration, trust, pki.window_at(NOW, 30), Digests("code", "library")):
        told = declaration.fleet.host(one.host).has(Role.DIRECTORY)
        assert (PASSWORD_HASH in one.text) == told
        assert PASSWORD_HASH not in json.dumps(pillar_for(declaration, one.host))
        if told:
            people = json.loads(one.text)["directory"]["people"]
            assert {person["name"]: person["password_hash"] for person in people} == {
                "alice": PASSWORD_HASH,
                "bruno": None,
            }
