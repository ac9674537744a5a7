"""What can be wrong with a tenant's people: each is told with its path and advice, and no hash is ever shown."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.repository import PASSWORD_HASH, Repository

from titanicarus.fleet.model import derived_gid, derived_person_uid, derived_uid

HARBOUR = "pillar/tenants/harbour.yaml"
LANEWAY = "pillar/tenants/laneway.yaml"
ALICE = ("users", "alice")
YESCRYPT = "$y$j9T$abcdefghijklmnopqrstuv$" + "A" * 43

HASHES = [
    ("hunter2", "is no hash of a password"),
    ("", "should be a hash of a password in quotes"),
    (12345678, "should be a hash of a password in quotes"),
    ("rOPcCbDWxTtKM", "guessed in no time (DES)"),
    ("$1$abcdefgh$3bWkvzpbzRyA6L6CMz6SL1", "guessed in no time (MD5)"),
    ("5f4dcc3b5aa765d61d8327deb882cf99", "guessed in no time (MD5)"),
    ("$apr1$abcdefgh$3bWkvzpbzRyA6L6CMz6SL1", "guessed in no time (MD5)"),
    ("{SSHA}DkMTwBl+a/3DQTxCYEApdUtNXGgdUac3", "guessed in no time (SHA-1)"),
    ("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19", "guessed in no time (SHA-1)"),
    ("$2b$12$" + "a" * 53, "not taken here, only yescrypt ($y$) and SHA-512 ($6$)"),
    ("$5$abcdefgh$" + "a" * 43, "not taken here"),
    ("$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA", "not taken here"),
    ("$P$B12345678abcdefghijklmnopqrstu", "not taken here"),
    ("{ARGON2}$argon2id$v=19$x", "not taken here"),
    (PASSWORD_HASH[:-1], "is cut off or damaged"),
    (YESCRYPT[:-1], "is cut off or damaged"),
    ("$6$rounds=1000$abcdefgh$" + "A" * 86, "less than 5000 rounds"),
    (YESCRYPT.replace("j9T", "j75"), "costs too little"),
]


@pytest.mark.parametrize(("value", "advice"), HASHES)
def test_a_hash_that_is_weak_foreign_or_none_is_refused_and_not_shown(
    repository: Repository, value: Any, advice: str
) -> None:
    repository.put(HARBOUR, (*ALICE, "password"), value)
    (problem,) = repository.problems()
    assert (problem.path, problem.found) == ("users.alice.password", "")
    assert advice in problem.message
    assert problem.line is not None
    assert not str(value) or str(value) not in str(problem)


@pytest.mark.parametrize("value", [PASSWORD_HASH, YESCRYPT, PASSWORD_HASH.replace("$6$", "$6$rounds=200000$")])
def test_a_good_hash(repository: Repository, value: str) -> None:
    repository.put(HARBOUR, (*ALICE, "password"), value)
    (harbour, _) = repository.load().tenants
    assert harbour.users["alice"].password == value
    assert value not in repr(harbour)


@pytest.mark.parametrize(
    ("value", "path", "advice"),
    [
        (["sudo"], "users.alice.groups[0]", '"sudo" is a group of the system'),
        (["docker"], "users.alice.groups[0]", '"docker" is a group of the system'),
        (["www-data"], "users.alice.groups[0]", '"www-data" is a group of the system'),
        (["www-harbour"], "users.alice.groups[0]", "belong to web sites"),
        (["The Crew"], "users.alice.groups[0]", "small letters"),
        (["sailors", "sailors"], "users.alice.groups[1]", "is in this list twice"),
        (["bruno"], "users.alice.groups", "the group bruno is called like a user"),
        ("sailors", "users.alice.groups", "put it in [ ]"),
    ],
)
def test_groups(repository: Repository, value: Any, path: str, advice: str) -> None:
    repository.put(HARBOUR, (*ALICE, "groups"), value)
    (problem,) = repository.problems()
    assert problem.path == path
    assert advice in problem.message


def test_a_group_belongs_to_one_tenant(repository: Repository) -> None:
    repository.put(LANEWAY, ("users", "bruno", "groups"), ["sailors"])
    (problem,) = repository.problems()
    assert (problem.file, problem.path) == (LANEWAY, "users.bruno.groups")
    assert f"the group sailors is already at users.alice.groups ({HARBOUR}:" in problem.message


def test_a_uid_is_used_once_by_people_and_sites(repository: Repository) -> None:
    repository.put(HARBOUR, (*ALICE, "uid"), derived_uid("laneway.example"))
    repository.put(LANEWAY, ("users", "bruno", "uid"), 1_000_001)
    repository.put(LANEWAY, ("users", "chen"), {"full_name": "C", "email": "c@c.example", "uid": 1_000_001})
    alice, chen = sorted(repository.problems(), key=lambda problem: problem.path)
    assert (alice.file, alice.path) == (HARBOUR, "users.alice.uid")
    assert f'is already at sites["laneway.example"] ({LANEWAY}:' in alice.message
    assert (chen.file, chen.path) == (LANEWAY, "users.chen.uid")
    assert "write" not in chen.message
    assert "such as `uid: 1000002`" in chen.message


def test_the_id_of_a_group_is_no_other_id(repository: Repository) -> None:
    repository.put(LANEWAY, ("users", "bruno", "uid"), derived_gid("sailors"))
    (problem,) = repository.problems()
    assert (problem.file, problem.path) == (HARBOUR, "users.alice.groups")
    assert "call the group by another name" in problem.message


def test_a_uid_of_the_system_is_refused(repository: Repository) -> None:
    repository.put(HARBOUR, (*ALICE, "uid"), 0)
    (problem,) = repository.problems()
    assert "from 1000000 to 1999999999" in problem.message


def test_ids_come_from_names(repository: Repository) -> None:
    (harbour, _) = repository.load().tenants
    assert harbour.users["alice"].uid == derived_person_uid("alice") != derived_uid("alice")


def test_databases_and_the_directory_are_on_the_same_hosts(repository: Repository) -> None:
    hosts = ("islands", "mel", "hosts")
    repository.put("Saguirefile", (*hosts, "store2", "roles"), ["filer", "control", "db"])
    repository.put("Saguirefile", (*hosts, "web1", "roles"), ["web", "mail", "directory"])
    found = {problem.path: problem.message for problem in repository.problems()}
    assert set(found) == {"islands.mel.hosts.store2.roles", "islands.mel.hosts.web1.roles"}
    assert "has db and not directory" in found["islands.mel.hosts.store2.roles"]
    assert "has directory and not db" in found["islands.mel.hosts.web1.roles"]


def test_people_without_a_directory_are_worth_a_notice(repository: Repository) -> None:
    for island in repository.files["Saguirefile"]["islands"].values():
        for host in island["hosts"].values():
            host["roles"] = [role for role in host["roles"] if role != "directory"]
    notices = [str(notice) for notice in repository.load().notices]
    assert any("no host has the role directory, so people cannot sign in" in notice for notice in notices)
