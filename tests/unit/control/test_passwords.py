"""Who learns which password: web hosts those that their sites use, database hosts only hashes, others nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from fixtures.repository import OPERATORS, Repository

from titanicarus import pki
from titanicarus.control.passwords import Passwords, Unreadable, passwords_of, purpose
from titanicarus.control.pillars import Digests, compile_all
from titanicarus.control.trust import Trust
from titanicarus.fleet import Declaration, Role, load
from titanicarus.fleet.shards import carried

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 3, 1, tzinfo=UTC)
CLEAR = "correct-horse-battery"
HARBOUR = "pillar/tenants/harbour.yaml"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def trust_for(declaration: Declaration) -> Trust:
    root = pki.make_root(declaration.fleet.name, NOW)
    islands = {name: pki.make_island(root, declaration.fleet.name, name, NOW) for name in declaration.fleet.islands}
    return Trust(root.certificate_pem, islands, {}, pki.SealingKey.make(), OPERATORS)


def compiled(declaration: Declaration, trust: Trust) -> dict[str, Any]:
    window = pki.window_at(NOW, declaration.policy.certificate_days)
    return {
        one.host: json.loads(one.text) for one in compile_all(declaration, trust, window, Digests("code", "library"))
    }


def put_sealed(repository: Repository, trust: Trust, sealed_for: str = "shop") -> None:
    text = pki.seal(trust.passwords.public, purpose(sealed_for), CLEAR)
    repository.put(HARBOUR, ("databases", "shop", "users"), {"shop": {"password": text}})


@pytest.mark.parametrize("file", ["Saguirefile", "examples/small.saguirefile", "examples/two-islands.saguirefile"])
def test_no_host_gets_a_secret_of_a_role_that_it_does_not_have(file: str) -> None:
    declaration = load(ROOT, ROOT / file)
    trust = trust_for(declaration)
    passwords = passwords_of(declaration, trust.passwords, trust.islands)
    assert passwords.clear
    used = {
        tenant.databases[site.database].first_user.name
        for tenant, site in declaration.sites
        if site.database is not None
    }
    homes = {
        user.name: tenant.home
        for tenant in declaration.tenants
        for db in tenant.databases.values()
        for user in db.users
    }
    for name, pillar in compiled(declaration, trust).items():
        host = declaration.fleet.host(name)
        text = json.dumps(pillar)
        mine = {shard.name for shard in carried(declaration.fleet, host)}
        for user, clear in passwords.clear.items():
            assert (clear in text) == (host.has(Role.WEB) and user in used), (name, user)
            assert (passwords.hashed(user) in text) == (homes[user] in mine), (name, user)


def test_a_web_host_is_told_of_databases_that_its_sites_name(repository: Repository) -> None:
    declaration = repository.load()
    trust = trust_for(declaration)
    pillars = compiled(declaration, trust)
    clear = passwords_of(declaration, trust.passwords, trust.islands).clear
    assert pillars["mel-web1"]["web"]["databases"] == {
        "shop.harbour.example": {
            "host": "sql.sample.example",
            "port": 3372,
            "name": "shop",
            "user": "shop",
            "password": clear["shop"],
        }
    }
    assert clear["orders"] not in json.dumps(pillars["mel-web1"])


def test_derived_passwords_come_from_the_home_and_differ(repository: Repository) -> None:
    declaration = repository.load()
    trust = trust_for(declaration)
    clear = passwords_of(declaration, trust.passwords, trust.islands).clear
    assert set(clear) == {"shop", "orders", "till"}
    assert len(set(clear.values())) == 3
    assert clear["shop"] == pki.derive_password(trust.islands["syd"].seed, "database/shop")
    assert dict(passwords_of(declaration, trust.passwords, trust.islands).clear) == dict(clear)


def test_an_encrypted_password_is_the_one_that_is_used(repository: Repository) -> None:
    trust = trust_for(repository.load())
    put_sealed(repository, trust)
    declaration = repository.load()
    pillars = compiled(declaration, trust)
    assert pillars["syd-web1"]["web"]["databases"]["shop.harbour.example"]["password"] == CLEAR
    (tenant, _) = pillars["mel-store1"]["db"]["tenants"]
    # SELECT PASSWORD('correct-horse-battery')
    assert tenant["users"] == [
        {"name": "shop", "databases": ["shop"], "password_hash": Passwords({"shop": CLEAR}).hashed("shop")}
    ]
    assert CLEAR not in json.dumps(pillars["mel-store1"])


def test_the_hash_is_what_mariadb_makes() -> None:
    """`SELECT PASSWORD('password')`, as its manual shows it."""
    assert Passwords({"x": "password"}).hashed("x") == "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19"


def test_what_cannot_be_read_is_told_with_its_place(repository: Repository) -> None:
    trust = trust_for(repository.load())
    put_sealed(repository, trust, sealed_for="somebody")
    declaration = repository.load()
    with pytest.raises(Unreadable) as caught:
        passwords_of(declaration, trust.passwords, trust.islands)
    assert caught.value.problems == (
        f"{HARBOUR}: databases.shop.users.shop.password: it was encrypted for another user, or changed since; "
        "encrypt it again with `saguire encrypt USER`",
    )
    with pytest.raises(Unreadable, match="another fleet's key"):
        passwords_of(declaration, pki.SealingKey.make(), trust.islands)


def test_an_unfit_password_is_refused_without_being_shown(repository: Repository) -> None:
    trust = trust_for(repository.load())
    text = pki.seal(trust.passwords.public, purpose("shop"), "white space and short")
    repository.put(HARBOUR, ("databases", "shop", "users"), {"shop": {"password": text}})
    with pytest.raises(Unreadable, match="no spaces") as caught:
        passwords_of(repository.load(), trust.passwords, trust.islands)
    assert "white" not in str(caught.value)


def test_trust_travels_with_the_key() -> None:
    trust = trust_for(load(ROOT))
    again = Trust.from_json(trust.to_json())
    assert again.passwords == trust.passwords
    assert again.to_json() == trust.to_json()
    assert repr(trust.passwords.private) not in repr(trust)


def test_database_hosts_answer_by_the_name_that_applications_use(repository: Repository) -> None:
    declaration = repository.load()
    for name, pillar in compiled(declaration, trust_for(declaration)).items():
        certificate = x509.load_pem_x509_certificate(pillar["trust"]["certificate"].encode())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        offered = "sql.sample.example" in names.get_values_for_type(x509.DNSName)
        assert offered == declaration.fleet.host(name).has(Role.DB), name
