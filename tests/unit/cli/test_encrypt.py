"""`saguire encrypt`: a password from standard input becomes a line for a tenant's file, and shows nowhere."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from fixtures.repository import Repository
from typer.testing import CliRunner, Result

from titanicarus.cli import declaration_commands
from titanicarus.cli.app import app
from titanicarus.control import secrets
from titanicarus.control.passwords import passwords_of

CLEAR = "correct-horse-battery"
HARBOUR = "pillar/tenants/harbour.yaml"


@pytest.fixture
def born(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> secrets.Secrets:
    lab = SimpleNamespace(secrets=tmp_path / "secrets")
    monkeypatch.setattr(declaration_commands, "resume", lambda _name: SimpleNamespace(lab=lab))
    monkeypatch.setattr(declaration_commands, "Lab", lambda *_: lab)
    monkeypatch.setattr(declaration_commands, "ROOT", tmp_path)
    return secrets.birth(Repository(tmp_path).load().fleet, lab.secrets)


def encrypt(user: str, password: str) -> Result:
    return CliRunner().invoke(app, ["encrypt", user], input=password)


def test_what_it_prints_goes_into_a_tenants_file(born: secrets.Secrets, tmp_path: Path) -> None:
    done = encrypt("shop", f"{CLEAR}\n")
    assert CLEAR not in done.output
    repository = Repository(tmp_path)
    repository.put(HARBOUR, ("databases", "shop", "users"), {"shop": {"password": done.stdout.strip()}})
    assert passwords_of(repository.load(), born.passwords, born.islands).clear["shop"] == CLEAR
    assert "not tried" not in CliRunner().invoke(app, ["check"]).output


def test_check_refuses_what_cannot_be_read(born: secrets.Secrets, tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    text = encrypt("till", CLEAR).stdout.strip()
    repository.put(HARBOUR, ("databases", "shop", "users"), {"shop": {"password": text}})
    repository.write()
    refused = CliRunner().invoke(app, ["check"])
    assert refused.exit_code != 0
    assert f"{HARBOUR}: databases.shop.users.shop.password: it was encrypted for another user" in str(refused.exception)


@pytest.mark.usefixtures("born")
@pytest.mark.parametrize(
    ("user", "password", "advice"),
    [
        ("shop", "short", "12 to 128 characters"),
        ("shop", "", "12 to 128 characters"),
        ("shop", "with spaces in it", "no spaces"),
        ("root", CLEAR, "choose another"),
        ("Shop", CLEAR, "small letters"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(user: str, password: str, advice: str) -> None:
    refused = encrypt(user, password)
    assert advice in str(refused.exception)
    assert refused.stdout == ""
