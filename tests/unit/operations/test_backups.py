"""Restores from the operator's side, against hosts that a test plays; the real thing: tests/lab/test_backup.py."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from fixtures.control_plane import ROOT
from fixtures.keepers_at_hand import Hosts, facts, owner

from titanicarus.backup.plan import moment
from titanicarus.backup.store import Base, Generation
from titanicarus.fleet import Declaration, load
from titanicarus.fleet.backups import archivists
from titanicarus.fleet.shards import shard_of
from titanicarus.operations import OperationFailed
from titanicarus.operations.backups import list_copies, restore_databases, take_copy

MOMENT = moment("2026-11-24T09:00:00")


class Fleet(Hosts):
    """`answers`: for a host and a verb of titanicarus.backup, what a shell does there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.answers: dict[tuple[str, str], str] = {}
        self.asked: list[tuple[str, ...]] = []

    def command(self, host_id: str, argv: Sequence[str]) -> list[str]:
        if "titanicarus.keeper.at_hand" in argv:
            return super().command(host_id, argv)
        words = argv[3:] if "titanicarus.backup" in argv else argv
        super().command(host_id, ["", "", "", "look"])  # raises when the host is off
        self.asked.append((host_id, *words))
        return ["sh", "-c", self.answers[host_id, words[0]]]


@pytest.fixture(scope="module")
def declaration() -> Declaration:
    return load(ROOT)


@pytest.fixture
def keeping(declaration: Declaration) -> list[str]:
    shard = shard_of(declaration.fleet, "syd")
    assert shard is not None
    return [host.id for host in archivists(shard)]


@pytest.fixture
def fleet(tmp_path: Path, declaration: Declaration, keeping: list[str]) -> Fleet:
    """Shard syd is well; one host has a copy, of 08:00, the others have none."""
    found = Fleet(tmp_path)
    shard = shard_of(declaration.fleet, "syd")
    assert shard is not None
    for host in shard.hosts:
        found.say(host.id, syd=owner() if host.id == "syd-db1" else facts())
        found.answers[host.id, "list"] = says({"syd": []})
    at = moment("2026-11-24T08:00:00")
    base = Base("b", at - 5, at, "binlog.000002", 400, "0-1-5", 1 << 20, 1 << 18, "x", "11.8")
    generation = Generation("g", (base,), ("binlog.000002", "binlog.000003"), 5000, MOMENT + 60)
    found.answers[keeping[0], "list"] = says({"syd": [asdict(generation)]})
    return found


def says(document: Any) -> str:
    return f"echo {shlex.quote(json.dumps(document))}"


def tenant_of(declaration: Declaration) -> tuple[str, str]:
    tenant = next(one for one in declaration.tenants if one.home == "syd" and one.databases)
    return tenant.name, min(tenant.databases)


def test_what_is_kept(fleet: Fleet, declaration: Declaration, keeping: list[str]) -> None:
    fleet.off.add(keeping[-1])
    (kept,) = list_copies(fleet, declaration.fleet, "syd")
    assert [archive.host for archive in kept.archives] == keeping[:-1]
    assert kept.silent == {keeping[-1]: "it is off"}
    assert json.dumps(kept.to_json())


def test_a_restore(fleet: Fleet, declaration: Declaration, keeping: list[str], tmp_path: Path) -> None:
    host, (tenant, database) = keeping[0], tenant_of(declaration)
    dump = {"database": database, "path": "/srv/backup/restoring/syd-x/d.sql.gz", "size": 3, "last": "0-1-9"}
    order, loaded = tmp_path / "order", tmp_path / "loaded"
    fleet.answers[host, "restore"] = f"cat >{order}; echo unpacks >&2; {says([dump])}"
    fleet.answers[host, "cat"] = "printf dump"
    fleet.answers[host, "forget"] = "true"
    done = says({"database": "side", "tables": 4, "users": [database]})
    fleet.answers["syd-db1", "load"] = f"cat >{loaded}; {done}"
    said: list[str] = []
    (restored,) = restore_databases(fleet, declaration, tenant, database, moment=MOMENT, say=said.append)
    assert json.loads(order.read_text())["plan"]["logs"] == ["binlog.000002", "binlog.000003"]
    assert loaded.read_text() == "dump"
    assert restored.side == f"{database}_restored_20261124_090000" and restored.writer == "syd-db1"
    assert f"{host}: unpacks" in said
    assert "with 4 tables" in restored.sentence
    assert (host, "forget", "syd", dump["path"]) in fleet.asked


def test_what_fails_says_why_and_leaves_no_dump(
    fleet: Fleet, declaration: Declaration, keeping: list[str], tmp_path: Path
) -> None:
    host, (tenant, database) = keeping[0], tenant_of(declaration)
    dump = {"database": database, "path": "/srv/backup/restoring/syd-x/d.sql.gz", "size": 3, "last": ""}
    fleet.answers[host, "restore"] = f"cat >/dev/null; {says([dump])}"
    fleet.answers[host, "cat"] = "printf dump"
    fleet.answers[host, "forget"] = "true"
    fleet.answers["syd-db1", "load"] = "cat >/dev/null; echo there is a database side already >&2; exit 1"
    with pytest.raises(OperationFailed, match="syd-db1: there is a database side already"):
        restore_databases(fleet, declaration, tenant, database, moment=MOMENT, say=lambda _text: None)
    assert (host, "forget", "syd", dump["path"]) in fleet.asked


def test_what_cannot_be_restored(fleet: Fleet, declaration: Declaration, keeping: list[str]) -> None:
    tenant, _database = tenant_of(declaration)
    fleet.off.add(keeping[-1])
    with pytest.raises(OperationFailed) as early:
        restore_databases(fleet, declaration, tenant, None, moment=MOMENT - 86400, say=lambda _text: None)
    assert f"{keeping[0]} can restore 2026-11-24T08:00:00Z to 2026-11-24T09:01:00Z" in str(early.value)
    assert f"{keeping[-1]} was not asked: it is off" in str(early.value)
    with pytest.raises(OperationFailed, match="is not yet"):
        restore_databases(fleet, declaration, tenant, None, moment=time.time() + 99, say=lambda _text: None)
    with pytest.raises(OperationFailed, match="there is no tenant nobody"):
        restore_databases(fleet, declaration, "nobody", None, moment=MOMENT, say=lambda _text: None)


def test_a_copy_now_is_taken_by_the_first_that_may(fleet: Fleet, declaration: Declaration, keeping: list[str]) -> None:
    base = Base("b", 1.0, 2.0, "binlog.000001", 4, "0-1-5", 1, 1, "x", "11.8")
    order = sorted(keeping, key=lambda host: (host == "syd-db1", host))
    fleet.answers |= {(host, "base"): f"echo {host} may not >&2; exit 1" for host in keeping}
    with pytest.raises(OperationFailed) as nobody:
        take_copy(fleet, declaration.fleet, "syd", lambda _text: None)
    assert str(nobody.value).splitlines() == [f"{host}: {host} may not" for host in order]
    fleet.answers[order[1], "base"] = says(asdict(base))
    assert take_copy(fleet, declaration.fleet, "syd", lambda _text: None) == (order[1], base)
