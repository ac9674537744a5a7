"""A table that was dropped comes back, beside the database that there is; and what an operator does with shards."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lab.running import Running, Show, until

from titanicarus.fleet.backups import archivists
from titanicarus.fleet.shards import shard_of


@pytest.fixture
def tenant(running: Running) -> tuple[str, str, str]:
    """A tenant, its first database, and its shard."""
    for one in running.declaration.tenants:
        shard = shard_of(running.lab.fleet, one.home)
        if one.databases and shard is not None:
            return one.name, sorted(one.databases)[0], shard.name
    pytest.skip("no tenant of this fleet has a database")


def view_of(running: Running, shard: str) -> dict[str, Any]:
    return dict(running.json("db", "status", shard)[0])


def sql(running: Running, tenant: str, database: str, statements: str) -> str:
    """What the tenant's own shell gives for these statements on its standard input."""
    done = subprocess.run(
        [*running.command("db", "shell", tenant, database, "--", "--skip-column-names")],
        cwd=running.checkout,
        env=running.environment,
        input=statements,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def next_second() -> datetime:
    """A moment with everything until now before it: commits carry whole seconds."""
    moment = (datetime.now(UTC) + timedelta(seconds=1)).replace(microsecond=0)
    until("the next second", lambda: datetime.now(UTC) > moment, 3, poll=0.05)
    return moment


@pytest.mark.exhaustive
def test_a_dropped_table_comes_back(whole: Running, tenant: tuple[str, str, str], show: Show) -> None:
    name, database, shard = tenant
    until("a writer", lambda: view_of(whole, shard)["primary"] is not None, 60, poll=1)
    until(f"a standby of {shard} in sync", lambda: view_of(whole, shard)["in_sync"], 90, poll=1)
    whole.saguire("db", "backup", shard)
    sql(whole, name, database, "DROP TABLE IF EXISTS accident; CREATE TABLE accident (id INT PRIMARY KEY, v TEXT);")
    rows = ", ".join(f"({number}, REPEAT('{number}', 100))" for number in range(500))
    sql(whole, name, database, f"INSERT INTO accident VALUES {rows};")
    before = sql(whole, name, database, "SELECT COUNT(*), SUM(CRC32(v)) FROM accident;")
    moment = next_second()
    sql(whole, name, database, "DROP TABLE accident;")

    def reached() -> bool:
        (kept,) = whole.json("db", "backups", shard)
        ends = [one["until"] for archive in kept["archives"] for one in archive["generations"] if one["bases"]]
        return max(ends, default=0.0) >= moment.timestamp()

    waited = until("the logs reaching the moment", reached, 60, poll=1)
    began = datetime.now(UTC)
    (done,) = whole.json("db", "restore", name, database, "--to", moment.isoformat())
    took = (datetime.now(UTC) - began).total_seconds()
    try:
        side = f"SELECT COUNT(*), SUM(CRC32(v)) FROM {done['side']}.accident;"
        assert sql(whole, name, database, side) == before
        assert "accident" not in sql(whole, name, database, "SHOW TABLES;").split()
        with pytest.raises(AssertionError, match="denied"):
            sql(whole, name, database, f"DELETE FROM {done['side']}.accident;")
        show(f"restore: the logs were {waited:.1f} s late; the database was back beside itself in {took:.1f} s")
    finally:
        _drop(whole, done["writer"], shard, done["side"])


@pytest.mark.exhaustive
def test_nothing_is_left_of_a_restore(running: Running, tenant: tuple[str, str, str]) -> None:
    shard = next(one for one in (shard_of(running.lab.fleet, tenant[2]),) if one is not None)
    for host in archivists(shard):
        listing = running.ask(host.id, "sh", "-c", "ls -A /srv/backup/restoring /run/titanicarus 2>/dev/null")
        assert f"{shard.name}-" not in listing and "shell." not in listing


@pytest.mark.exhaustive
def test_a_moment_without_a_copy_says_what_there_is(whole: Running, tenant: tuple[str, str, str]) -> None:
    done = whole.saguire("db", "restore", tenant[0], "--to", "2001-01-01T00:00:00", ok=False)
    assert done.returncode == 1
    assert f"{tenant[2]} cannot be restored to 2001-01-01T00:00:00Z" in done.stderr


@pytest.mark.exhaustive
def test_a_planned_move_and_back(whole: Running, tenant: tuple[str, str, str], show: Show) -> None:
    shard = tenant[2]
    until(f"a standby of {shard} in sync", lambda: view_of(whole, shard)["in_sync"], 90, poll=1)
    before = view_of(whole, shard)
    moved = whole.json("db", "move", shard, "--to", before["standby"])
    assert moved["writer"] == before["standby"] and moved["epoch"] > before["epoch"]
    again = whole.json("db", "move", shard, "--to", before["standby"])
    assert (again["writer"], again["epoch"]) == (moved["writer"], moved["epoch"])
    until(f"a standby of {shard} in sync", lambda: view_of(whole, shard)["in_sync"], 90, poll=1)
    back = whole.json("db", "move", shard, "--to", before["primary"])
    assert back["writer"] == before["primary"]
    for one in (moved, back):
        assert one["gap"] is not None and one["gap"] <= 3.0
    show(f"planned move: nobody could write for {moved['gap']:.2f} s, and {back['gap']:.2f} s on the way back")


@pytest.mark.exhaustive
def test_a_drained_host_hands_over_and_takes_nothing(whole: Running, tenant: tuple[str, str, str]) -> None:
    shard = tenant[2]
    until(f"a standby of {shard} in sync", lambda: view_of(whole, shard)["in_sync"], 90, poll=1)
    before = view_of(whole, shard)
    whole.saguire("drain", before["primary"], "--force")
    try:
        until("another writer", lambda: view_of(whole, shard)["primary"] not in (None, before["primary"]), 60, poll=1)
        remarks = view_of(whole, shard)["remarks"]
        assert f"{before['primary']}: drained: hands its lease over and takes none" in remarks
    finally:
        whole.saguire("restore", before["primary"])
    assert not any("drained" in remark for remark in view_of(whole, shard)["remarks"])


def _drop(running: Running, writer: str, shard: str, side: str) -> None:
    socket = f"/run/titanicarus-mariadb-{shard}/mariadbd.sock"
    running.ask(writer, "mariadb", "--no-defaults", "--skip-ssl", f"--socket={socket}", "-e", f"DROP DATABASE {side}")
