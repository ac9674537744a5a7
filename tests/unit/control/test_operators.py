"""Operators' certificates: what is in them, who may have one, and what the register keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import SSHCertificate, SSHCertificateType, load_ssh_public_identity

from titanicarus.control.operators import (
    BrokenRegister,
    NoPass,
    Pass,
    choose_operator,
    make_pass,
    note,
    noted,
    standing,
)

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
AUTHORITY = Ed25519PrivateKey.generate()
HOUR = timedelta(hours=1)


def make(lasts: timedelta = HOUR, login: str = "root", now: datetime = NOW) -> Pass:
    return make_pass(AUTHORITY, "alice", "syd-web1", login, lasts=lasts, now=now, by="alice@laptop")


def test_a_certificate_names_the_operator_and_ends() -> None:
    made = make()
    certificate = load_ssh_public_identity(made.certificate.encode())
    assert isinstance(certificate, SSHCertificate)
    certificate.verify_cert_signature()
    assert certificate.signature_key() == AUTHORITY.public_key()
    assert certificate.type is SSHCertificateType.USER
    assert (certificate.key_id, certificate.valid_principals) == (b"alice", [b"alice"])
    assert certificate.valid_before == (NOW + HOUR).timestamp() == made.entry.ends
    assert NOW - timedelta(minutes=10) < datetime.fromtimestamp(certificate.valid_after, UTC) < NOW
    assert certificate.critical_options == {}
    assert certificate.extensions == {b"permit-port-forwarding": b"", b"permit-pty": b""}
    assert certificate.serial == made.entry.serial
    key = serialization.load_ssh_private_key(made.key.encode(), password=None)
    assert key.public_key() == certificate.public_key()


def test_each_time_there_is_another_key_and_none_of_them_shows() -> None:
    one, other = make(), make()
    assert one.key != other.key and one.entry.serial != other.entry.serial
    assert one.entry.fingerprint != other.entry.fingerprint
    assert one.key not in repr(one)


@pytest.mark.parametrize(
    "lasts", [timedelta(0), timedelta(seconds=59), timedelta(hours=12, seconds=1), timedelta(days=9)]
)
def test_neither_forever_nor_no_time_at_all(lasts: timedelta) -> None:
    with pytest.raises(NoPass, match="twelve hours"):
        make(lasts)


def test_nobody_signs_in_as_somebody_else() -> None:
    assert make(login="alice").entry.login == "alice"
    with pytest.raises(NoPass, match="root or under the own name, alice"):
        make(login="bruno")


@pytest.mark.parametrize(
    ("operators", "wanted", "environment", "found"),
    [
        (("alice",), None, {}, "alice"),
        (("alice", "bruno"), "bruno", {}, "bruno"),
        (("alice", "bruno"), None, {"SAGUIRE_OPERATOR": "alice"}, "alice"),
        (("alice", "bruno"), "bruno", {"SAGUIRE_OPERATOR": "alice"}, "bruno"),
    ],
)
def test_who_asks(operators: tuple[str, ...], wanted: str | None, environment: dict[str, str], found: str) -> None:
    assert choose_operator(operators, wanted, environment) == found


@pytest.mark.parametrize(
    ("operators", "wanted", "words"),
    [
        ((), None, "names no operator"),
        ((), "alice", "names no operator"),
        (("alice", "bruno"), None, "say which operator you are"),
        (("alice", "bruno"), "chen", "chen is no operator .*alice, bruno"),
    ],
)
def test_who_does_not_get_one(operators: tuple[str, ...], wanted: str | None, words: str) -> None:
    with pytest.raises(NoPass, match=words):
        choose_operator(operators, wanted, {})


def test_the_register_keeps_every_one_and_no_key(tmp_path: Path) -> None:
    register = tmp_path / "lab/operators.jsonl"
    assert noted(register) == ()
    first, second = make(), make(now=NOW + HOUR)
    for made in (first, second):
        note(register, made.entry)
    assert noted(register) == (first.entry, second.entry)
    assert standing(noted(register), NOW + HOUR) == (second.entry,)
    assert register.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in register.read_text()


def test_a_damaged_register_is_named_with_its_line(tmp_path: Path) -> None:
    register = tmp_path / "operators.jsonl"
    note(register, make().entry)
    with register.open("a") as stream:
        stream.write('{"serial": 1}\n')
    with pytest.raises(BrokenRegister, match=r"operators.jsonl, line 2"):
        noted(register)
