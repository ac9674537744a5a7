"""Keys made anew and keys revoked, as the operator asks for it: what is written down, and what hosts would get then."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fixtures.repository import KEY, Repository

from titanicarus import pki
from titanicarus.control import operators, secrets
from titanicarus.control.errors import BrokenSecrets
from titanicarus.control.operators import make_pass, note
from titanicarus.control.pillars import Digests, compile_all
from titanicarus.control.trust import Trust
from titanicarus.fleet import Declaration
from titanicarus.operations.errors import OperationFailed
from titanicarus.operations.renewing import revoke, rotate
from titanicarus.operations.ssh import REGISTER

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def declaration(tmp_path_factory: pytest.TempPathFactory) -> Declaration:
    return Repository(tmp_path_factory.mktemp("repository")).load()


@pytest.fixture(scope="module")
def born(declaration: Declaration, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("born") / "secrets"
    secrets.birth(declaration.fleet, folder)
    return folder


@pytest.fixture
def lab(born: Path, tmp_path: Path) -> Any:
    import shutil

    shutil.copytree(born, tmp_path / "home/secrets")
    return SimpleNamespace(secrets=tmp_path / "home/secrets", layout=SimpleNamespace(home=tmp_path / "home"))


def pillars(lab: Any, declaration: Declaration) -> dict[str, dict[str, Any]]:
    """What every host would be told now."""
    trust = Trust.from_json(Trust.of(secrets.load(declaration.fleet, lab.secrets)).to_json())
    window = pki.window_at(NOW, declaration.policy.certificate_days)
    return {one.host: json.loads(one.text) for one in compile_all(declaration, trust, window, Digests("c", "l"))}


def secrets_of(pillar: dict[str, Any]) -> dict[str, Any]:
    return {
        "tls": pillar["trust"]["key"],
        "ssh": pillar["ssh"]["host_key"],
        "sites": pillar.get("lb", {}).get("certificates", {}),
    }


def ask_revoke(lab: Any, declaration: Declaration, what: str) -> list[str]:
    gone = revoke(lab, declaration, what, why="lost", by="alice@laptop", now=NOW)
    kept = secrets.load(declaration.fleet, lab.secrets).renewals.revoked
    assert set(gone) <= set(kept)
    return [one.fingerprint for one in gone]


def test_a_host_gets_new_keys_and_no_other_host_does(lab: Any, declaration: Declaration) -> None:
    before = pillars(lab, declaration)
    assert "syd-web1 has a new key" in rotate(lab, declaration, "syd-web1")
    after = pillars(lab, declaration)
    changed = {host for host in before if secrets_of(before[host]) != secrets_of(after[host])}
    assert changed == {"syd-web1"}
    for kind in ("tls", "ssh"):
        assert secrets_of(before["syd-web1"])[kind] != secrets_of(after["syd-web1"])[kind]
    rotate(lab, declaration, "syd-web1")
    assert secrets_of(pillars(lab, declaration)["syd-web1"])["ssh"] not in {
        secrets_of(before["syd-web1"])["ssh"], secrets_of(after["syd-web1"])["ssh"],
    }  # fmt: skip


def test_a_site_gets_a_new_key_on_every_load_balancer_and_nothing_else_changes(
    lab: Any, declaration: Declaration
) -> None:
    before = pillars(lab, declaration)
    rotate(lab, declaration, "harbour.example")
    after = pillars(lab, declaration)
    for host, pillar in before.items():
        one, other = secrets_of(pillar), secrets_of(after[host])
        assert (one["tls"], one["ssh"]) == (other["tls"], other["ssh"])
        assert {name for name in one["sites"] if one["sites"][name] != other["sites"][name]} == (
            {"harbour.example"} if "lb" in pillar else set()
        )


def test_an_islands_sftp_gets_a_new_key_on_all_of_its_servers(lab: Any, declaration: Declaration) -> None:
    before = pillars(lab, declaration)
    rotate(lab, declaration, "sftp.syd")
    after = pillars(lab, declaration)
    keys = {
        host: (before[host]["sftp"]["host_key"], after[host]["sftp"]["host_key"])
        for host in before
        if "sftp" in before[host]
    }
    assert {host for host, (one, other) in keys.items() if one != other} == {"syd-web1", "syd-web2"}
    assert len({other for host, (_, other) in keys.items() if host.startswith("syd-")}) == 1


def test_operators_get_another_signer(lab: Any, declaration: Declaration) -> None:
    before = pillars(lab, declaration)["syd-web1"]["ssh"]["operators_authority"]
    rotate(lab, declaration, "operators")
    assert pillars(lab, declaration)["syd-web1"]["ssh"]["operators_authority"] != before
    assert (lab.secrets / "operators/key").stat().st_mode & 0o777 == 0o600


def test_a_host_that_was_stolen_is_refused_and_has_a_new_key(lab: Any, declaration: Declaration) -> None:
    keys = secrets.load(declaration.fleet, lab.secrets)
    window = pki.window_at(NOW, declaration.policy.certificate_days)
    old = pki.host_fingerprint(keys.islands["syd"], "syd-web1", window)
    told = pillars(lab, declaration)["syd-lb1"]["ssh"]["revoked"]
    gone = ask_revoke(lab, declaration, "syd-web1")
    assert old in gone and len(gone) == 2
    new = secrets.load(declaration.fleet, lab.secrets).renewals.turn("host", "syd-web1")
    assert pki.host_fingerprint(keys.islands["syd"], "syd-web1", window, turn=new) not in gone
    assert pillars(lab, declaration)["syd-lb1"]["ssh"]["revoked"] != told


def test_operators_certificates_by_name_and_by_number(lab: Any, declaration: Declaration) -> None:
    authority = secrets.load(declaration.fleet, lab.secrets).operators
    made = [
        make_pass(authority, who, "syd-web1", "root", lasts=timedelta(hours=1), now=NOW - timedelta(hours=ago), by="b")
        for who, ago in (("alice", 0), ("alice", 0), ("bruno", 0), ("alice", 2))
    ]
    for one in made:
        note(lab.layout.home / REGISTER, one.entry)
    assert ask_revoke(lab, declaration, f"{made[2].entry.serial:x}") == [made[2].entry.fingerprint]
    assert ask_revoke(lab, declaration, "alice") == [one.entry.fingerprint for one in made[:2]]  # the last has ended
    kept = secrets.load(declaration.fleet, lab.secrets).renewals.revoked
    assert [one.what.rpartition(" ")[2] for one in kept] == ["bruno", "alice", "alice"]
    assert operators.noted(lab.layout.home / REGISTER)[0] == made[0].entry


def test_any_key_by_its_file_or_fingerprint_once(lab: Any, declaration: Declaration, tmp_path: Path) -> None:
    path = tmp_path / "alice.pub"
    path.write_text(KEY + "\n")
    (fingerprint,) = ask_revoke(lab, declaration, str(path))
    assert ask_revoke(lab, declaration, fingerprint) == [fingerprint]
    assert len(secrets.load(declaration.fleet, lab.secrets).renewals.revoked) == 1


@pytest.mark.parametrize("words", ["hello", "ssh-ed25519", "ssh-ed25519 !!!", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAA", ""])
def test_a_file_without_a_key_is_refused(words: str, lab: Any, declaration: Declaration, tmp_path: Path) -> None:
    path = tmp_path / "alice.pub"
    path.write_text(words)
    with pytest.raises(OperationFailed, match="holds no public key"):
        ask_revoke(lab, declaration, str(path))


@pytest.mark.parametrize("what", ["syd-web9", "SHA256:abc", "nobody", "ffff"])
def test_what_is_nothing_of_that_kind_is_refused_and_nothing_is_written(
    what: str, lab: Any, declaration: Declaration
) -> None:
    for ask in (lambda: rotate(lab, declaration, what), lambda: ask_revoke(lab, declaration, what)):
        with pytest.raises(OperationFailed, match=what):
            ask()
    assert not (lab.secrets / "renewals.json").exists()


def test_a_damaged_file_is_named(lab: Any, declaration: Declaration) -> None:
    rotate(lab, declaration, "syd-web1")
    path = lab.secrets / "renewals.json"
    for damage in ("", "[]", '{"revoked": [{"fingerprint": "x"}], "turns": {}}', '{"revoked": {}, "turns": {}}'):
        path.write_text(damage)
        with pytest.raises(BrokenSecrets, match=r"renewals\.json"):
            secrets.load(declaration.fleet, lab.secrets)
