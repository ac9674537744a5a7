"""`tenant_databases.managed` through Salt's loaders, on a real mariadbd that has real clients."""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pymysql
import pytest
from functional.salt_in_image import Host, fresh_host

SHARD = "syd"
SOCKET = f"run/titanicarus-mariadb-{SHARD}/mariadbd.sock"
START_SECONDS = 30


def hashed(password: str) -> str:
    inner = hashlib.sha1(password.encode(), usedforsecurity=False).digest()
    return "*" + hashlib.sha1(inner, usedforsecurity=False).hexdigest().upper()


def tenant(quota: int = 100, password: str = "first-password", **more: Any) -> dict[str, Any]:
    return {
        "tenant": "harbour",
        "shard": SHARD,
        "databases": [{"name": "harbour_shop", "quota_mib": quota}],
        "users": [{"name": "clerk", "password_hash": hashed(password), "databases": ["harbour_shop"]}],
    } | more


@pytest.fixture(scope="module")
def disk() -> Iterator[Host]:
    """A host with an instance that runs: freshly installed, open for writes."""
    with fresh_host() as host:
        data, run = f"/srv/mariadb/{SHARD}", host.root / SOCKET
        install = ["mariadb-install-db", f"--datadir={data}", "--user=mysql", "--skip-test-db", "--skip-name-resolve"]
        assert host.run("mkdir", "-p", data).returncode == 0
        assert host.run(*install).returncode == 0
        run.parent.mkdir(parents=True)
        assert host.run("chown", "mysql:", f"/{run.parent.relative_to(host.root)}").returncode == 0
        argv = [f"--datadir={data}", f"--socket=/{SOCKET}", "--skip-networking", "--user=mysql", "--log-bin=bin"]
        with (host.root / "var/log/mariadbd.log").open("wb") as log:
            server = subprocess.Popen(
                ["chroot", str(host.root), "mariadbd", "--no-defaults", *argv], stdout=log, stderr=log
            )
        try:
            with root(host) as connection, connection.cursor() as cursor:
                cursor.execute("CREATE DATABASE titanicarus")
                cursor.execute("CREATE TABLE titanicarus.epochs (epoch BIGINT PRIMARY KEY, owner VARCHAR(64) NOT NULL)")
            yield host
        finally:
            server.kill()
            server.wait()


@pytest.fixture
def host(disk: Host) -> Host:
    """One tenant in place, with its database."""
    keeper(disk, open=True)
    sql(disk, "SET GLOBAL read_only = 0")
    ret = apply(disk, tenant())
    assert ret["result"] is True, ret
    return disk


def keeper(host: Host, **facts: Any) -> None:
    status = {"host": "test-host", "island": SHARD, "shards": {SHARD: {"open": False, "owner": "test-host"} | facts}}
    host.write("run/titanicarus/keeper/shards.json", json.dumps(status))


def apply(host: Host, *tenants: dict[str, Any], test: bool = False, patience: int = 0) -> dict[str, Any]:
    host.pillar({"db": {"tenants": list(tenants)}})
    return host.state("tenant_databases.managed", test=test, name="tenants", shards=[SHARD], patience=patience)


def root(host: Host) -> Any:
    """Waits for the server, when it has just been started."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return pymysql.connect(unix_socket=str(host.root / SOCKET), user="root", autocommit=True)
        except pymysql.OperationalError:
            assert time.monotonic() < deadline, (host.root / "var/log/mariadbd.log").read_text()[-2000:]
            time.sleep(0.1)


def sql(host: Host, statement: str) -> Any:
    with root(host) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def clerk(host: Host, password: str = "first-password", tls: bool = True) -> Any:
    return pymysql.connect(
        unix_socket=str(host.root / SOCKET),
        user="clerk",
        password=password,
        autocommit=True,
        ssl={"check_hostname": False, "verify_mode": "none"} if tls else None,
        ssl_disabled=not tls,
    )


def refused(act: Any) -> int:
    """MariaDB's number of the error."""
    with pytest.raises(pymysql.MySQLError) as raised:
        act()
    return int(raised.value.args[0])


ACCESS_DENIED, LOCKED, NO_RIGHT, NO_DATABASE_RIGHT = 1045, 4151, 1142, 1044


def test_a_user_works_in_its_database_over_tls_and_nowhere_else(host: Host) -> None:
    with clerk(host) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS harbour_shop.goods (name VARCHAR(20), picture LONGBLOB)")
        cursor.execute("INSERT INTO harbour_shop.goods VALUES ('towel', '')")
        sql(host, "CREATE DATABASE IF NOT EXISTS harbourXshop")
        assert refused(lambda: cursor.execute("CREATE TABLE harbourXshop.t (n INT)")) == NO_RIGHT
        assert refused(lambda: cursor.execute("SELECT * FROM titanicarus.tenant_users")) == NO_RIGHT
        assert refused(lambda: cursor.execute("CREATE DATABASE mine")) == NO_DATABASE_RIGHT
    assert refused(lambda: clerk(host, tls=False)) == ACCESS_DENIED


def test_a_second_run_changes_nothing(host: Host) -> None:
    ret = apply(host, tenant())
    assert (ret["result"], ret["changes"], ret["comment"]) == (True, {}, "syd: 1 databases as wanted")


def test_a_dry_run_says_what_would_be_done(host: Host) -> None:
    ret = apply(host, tenant(password="second-password"), test=True)
    assert ret["result"] is None
    assert ret["changes"] == {SHARD: {"user clerk": "password changed"}}
    clerk(host).close()


def test_a_new_password_counts_and_is_set_once(host: Host) -> None:
    assert apply(host, tenant(password="second-password"))["changes"] == {SHARD: {"user clerk": "password changed"}}
    clerk(host, "second-password").close()
    assert refused(lambda: clerk(host)) == ACCESS_DENIED


def test_what_leaves_the_file_is_locked_and_kept(host: Host) -> None:
    with clerk(host) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS harbour_shop.kept (n INT)")
        assert apply(host)["result"] is True
        with pytest.raises(pymysql.MySQLError):
            cursor.execute("SELECT 1")
    assert refused(lambda: clerk(host)) == LOCKED
    assert sql(host, "SHOW TABLES FROM harbour_shop LIKE 'kept'")
    assert host.call("tenant_databases.status", SHARD)["harbour_shop"]["removed"] is True
    assert apply(host)["changes"] == {}
    other = tenant(tenant="quokka", users=[])
    ret = apply(host, other)
    assert ret["result"] is False
    assert "is kept for tenant harbour: it is never given to quokka" in ret["comment"]
    assert apply(host, tenant())["result"] is True
    clerk(host).close()


def test_over_its_quota_a_database_can_be_read_and_emptied_and_then_filled_again(host: Host) -> None:
    with clerk(host) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS harbour_shop.goods (name VARCHAR(20), picture LONGBLOB)")
        cursor.execute("INSERT INTO harbour_shop.goods VALUES ('towel', REPEAT('x', 4000000))")
        cursor.execute("ANALYZE TABLE harbour_shop.goods")
    ret = apply(host, tenant(quota=1))
    assert ret["result"] is True, ret
    assert "its users may read and delete" in ret["warnings"][0]
    assert apply(host, tenant(quota=1))["changes"] == {}
    with clerk(host) as connection, connection.cursor() as cursor:
        insert = "INSERT INTO harbour_shop.goods VALUES ('soap', '')"
        assert refused(lambda: cursor.execute(insert)) == NO_RIGHT
        cursor.execute("SELECT name FROM harbour_shop.goods")
        cursor.execute("DELETE FROM harbour_shop.goods WHERE name = 'towel'")
        cursor.execute("DROP TABLE harbour_shop.goods")
    timer = host.run("/opt/salt/bin/python", "-m", "titanicarus.mariadb.tenants")
    assert timer.returncode != 0  # nobody told it yet which shards there are
    host.write("etc/titanicarus/tenant_databases/shards.json", json.dumps([SHARD]))
    timer = host.run("/opt/salt/bin/python", "-m", "titanicarus.mariadb.tenants")
    assert timer.returncode == 0, timer.stderr.decode()
    assert b"harbour_shop: within its quota again" in timer.stdout
    with clerk(host) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE harbour_shop.goods (name VARCHAR(20))")


def test_a_host_that_does_not_write_says_who_does_and_keeps_the_wish(host: Host) -> None:
    keeper(host, owner="syd-db2")
    ret = apply(host, tenant(password="third-password"))
    assert (ret["result"], ret["changes"]) == (True, {})
    assert ret["comment"] == "syd: syd-db2 has the lease on syd, not test-host"
    clerk(host).close()
    keeper(host, open=True)  # it takes over, and nobody applies anything
    host.write("etc/titanicarus/tenant_databases/shards.json", json.dumps([SHARD]))
    timer = host.run("/opt/salt/bin/python", "-m", "titanicarus.mariadb.tenants")
    assert timer.returncode == 0, timer.stderr.decode()
    assert b"user clerk: password changed" in timer.stdout
    clerk(host, "third-password").close()
    assert not host.run("/opt/salt/bin/python", "-m", "titanicarus.mariadb.tenants").stdout


def test_without_a_writer_the_state_waits_and_then_fails(host: Host) -> None:
    keeper(host, why="the witness does not answer")
    ret = apply(host, tenant(), patience=1)
    assert ret["result"] is False
    assert ret["comment"] == "syd: no host is open for writes to syd: the witness does not answer"


def test_an_instance_that_is_closed_is_not_written_to(host: Host) -> None:
    """The keeper's word may be a moment old; root could write all the same."""
    sql(host, "SET GLOBAL read_only = 1")
    ret = apply(host, tenant(password="fourth-password"))
    assert ret["result"] is False
    assert "accepts no writes any more" in ret["comment"]
    sql(host, "SET GLOBAL read_only = 0")
    clerk(host).close()
