"""The client is started with a password that nobody can see."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from fixtures.control_plane import ROOT

from titanicarus.control.passwords import Passwords
from titanicarus.fleet import Declaration, load
from titanicarus.operations import OperationFailed, database_shell
from titanicarus.operations.database_shell import shell_command, way_in

SECRET = 'to"p\\secret-of-the-shop'


class Here:
    """Every host is this machine."""

    def __init__(self) -> None:
        self.off: set[str] = set()
        self.seen: list[list[str]] = []

    def reachable(self, host_id: str) -> bool:
        return host_id not in self.off

    def command(self, host_id: str, argv: Sequence[str]) -> list[str]:
        self.seen.append([host_id, *argv])
        return list(argv)


@pytest.fixture(scope="module")
def declaration() -> Declaration:
    return load(ROOT)


@pytest.fixture
def passwords(declaration: Declaration) -> Passwords:
    users = (user for tenant in declaration.tenants for base in tenant.databases.values() for user in base.users)
    return Passwords({user.name: SECRET for user in users})


def test_the_way_is_that_of_an_application(declaration: Declaration, passwords: Passwords) -> None:
    here = Here()
    way = way_in(here, declaration, passwords, "laneway", "shop")
    home = next(tenant.home for tenant in declaration.tenants if tenant.name == "laneway")
    assert (way.host, way.address, way.user) == (f"{home}-web1", "sql.titanicarus.example", "shop")
    here.off.add(f"{home}-web1")
    assert way_in(here, declaration, passwords, "laneway", "shop").host == f"{home}-web2"


@pytest.mark.parametrize(
    ("tenant", "database", "why"),
    [("nobody", None, "is no tenant with a database"), ("laneway", "other", "other was named; tenant laneway has")],
)
def test_what_there_is_not(
    declaration: Declaration, passwords: Passwords, tenant: str, database: str | None, why: str
) -> None:
    with pytest.raises(OperationFailed, match=why):
        way_in(Here(), declaration, passwords, tenant, database)


def test_the_password_is_in_no_list_of_processes_and_on_no_disk_afterwards(
    declaration: Declaration, passwords: Passwords, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Here()
    client = tmp_path / "bin" / "mariadb"
    client.parent.mkdir()
    client.write_text('#!/bin/sh\ncat "${1#--defaults-file=}"; ls -A "$FOLDER"; shift; echo "$@"; cat\n')
    client.chmod(0o755)
    folder = tmp_path / "run"
    monkeypatch.setattr(database_shell, "FOLDER", str(folder))
    monkeypatch.setenv("FOLDER", str(folder))
    monkeypatch.setenv("PATH", f"{client.parent}:/usr/bin:/bin")
    way = way_in(here, declaration, passwords, "laneway", "shop")
    command = shell_command(here, way, ["--table"])
    (kept,) = folder.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    done = subprocess.run(command, input="SELECT 1;", capture_output=True, text=True, check=True)
    assert done.stdout == way.options() + "shop --table\nSELECT 1;"
    assert 'password="to\\"p\\\\secret-of-the-shop"' in done.stdout
    assert not list(folder.iterdir())
    assert not any(SECRET in word for argv in here.seen for word in argv)
