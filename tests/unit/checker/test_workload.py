"""How a run is started, collected, read back and told; the clients themselves are played here."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from titanicarus.checker.history import BALANCE, Key, Kind, Row, Survivor
from titanicarus.checker.plan import PARTS, Access, new_run, settings_from
from titanicarus.checker.tables import ACCOUNTS, COUNTERS, Tables
from titanicarus.control.passwords import Passwords
from titanicarus.fleet import load
from titanicarus.operations import OperationFailed
from titanicarus.operations.workload import Place, Workload, place_of, rows_of

ROOT = Path(__file__).resolve().parents[3]
ACCESS = Access("sql.example", 3311, "shop", "a secret word", "shop")
PLACE = Place(("syd-web1",), "syd", "laneway", ACCESS)
_CLIENTS = """
import json, sys, time
settings = json.loads(sys.stdin.readline())
assert settings["access"]["password"] == "a secret word"
now = lambda: time.clock_gettime(time.CLOCK_BOOTTIME)
say = lambda **facts: print(json.dumps(facts), flush=True)
say(begin=now())
for number in range(3):
    say(event="invoked", key=[0, number], kind="insert", due=now(), at=now())
    said = {"event": "ok", "row": ["insert", 7, 0, 0, 0, 0]} if number else {"event": "failed", "wrong": "1290: no"}
    say(key=[0, number], at=now(), **said)
sys.stdin.read()
say(end=now())
"""


class Played:
    """A web host whose programs are played by this machine's Python."""

    def __init__(self, clients: str, survivor: Survivor | None = None) -> None:
        self.clients = clients
        self.found = survivor

    def command(self, host_id: str, argv: Sequence[str]) -> list[str]:
        assert host_id == "syd-web1"
        assert "secret" not in " ".join(argv), "a password has no place in a process list"
        if argv[-1] == "titanicarus.checker.workload":
            return [sys.executable, "-c", self.clients]
        if self.found is None:
            return [sys.executable, "-c", "import sys; sys.exit('the database cannot be read back: 2013')"]
        return [sys.executable, "-c", f"print({json.dumps(self.found.to_json())!r})"]

    def reachable(self, host_id: str) -> bool:
        return host_id == "syd-web1"


def left(*numbers: int) -> Survivor:
    rows = {Key(0, number): Row(Kind.INSERT, 7) for number in numbers}
    counters, balances = dict.fromkeys(range(COUNTERS), 0), dict.fromkeys(range(ACCOUNTS), BALANCE)
    return Survivor("syd-db2", rows, counters, balances, {7: "syd-db2"})


def test_a_run_that_kept_its_promises() -> None:
    with Workload(Played(_CLIENTS, left(1, 2)), PLACE, clients=1) as running:
        running.wait_until_good(5)
        figures = running.stop()
    report = running.judged()
    assert (figures.requests, figures.failures) == (3, 1)
    assert report.verdict.holds, report.verdict.sentences()
    assert "2 writes acknowledged in epoch(s) 7, 0 lost" in report.summary()
    assert [row["epoch"] for row in rows_of(report)] == [7]
    document = json.loads(json.dumps(report.to_json()))
    assert document["survivor"] == "syd-db2"
    assert document["clock"] == "CLOCK_BOOTTIME"


def test_a_run_that_lost_a_write() -> None:
    with Workload(Played(_CLIENTS, left(2)), PLACE, clients=1) as running:
        running.wait_until_good(5)
    assert running.judged().verdict.lost == 1


def test_clients_on_two_hosts_have_one_history() -> None:
    joined = _CLIENTS.replace("key=[0, number]", "key=[settings['first'], number]")
    survivor = left(1, 2)
    both = Survivor(
        survivor.host,
        {**survivor.rows, **{Key(1, number): Row(Kind.INSERT, 7) for number in (1, 2)}},
        survivor.counters,
        survivor.balances,
        survivor.epochs,
    )
    place = Place(("syd-web1", "syd-web1"), "syd", "laneway", ACCESS)
    with Workload(Played(joined, both), place, clients=1) as running:
        running.wait_until_good(5)
    report = running.judged()
    assert report.verdict.holds, report.verdict.sentences()
    assert report.verdict.acknowledged == 4


def test_what_goes_wrong_is_told() -> None:
    with pytest.raises(OperationFailed, match="did not start: no tables"):
        Workload(Played("import sys; sys.stdin.readline(); sys.exit('no tables')"), PLACE).start()
    garbled = Workload(Played(_CLIENTS.replace("[0, number]", "[0, 0]")), PLACE, clients=1)
    garbled.start()
    with pytest.raises(OperationFailed, match="begun twice"):
        garbled.stop()
    with Workload(Played(_CLIENTS), PLACE, clients=1) as running:
        running.wait_until_good(5)
    with pytest.raises(OperationFailed, match="cannot be read back: 2013"):
        running.judged()
    with pytest.raises(OperationFailed, match="not started"):
        Workload(Played(_CLIENTS), PLACE).stop()


def test_where_the_clients_run_and_where_they_write() -> None:
    declaration = load(ROOT)
    users = {user.name for tenant in declaration.tenants for base in tenant.databases.values() for user in base.users}
    passwords = Passwords(dict.fromkeys(users, "a secret word"))
    tenant = next(tenant for tenant in declaration.tenants if tenant.home == "syd" and tenant.databases)
    by_shard = place_of(Played(""), declaration, passwords, "syd")
    assert by_shard == place_of(Played(""), declaration, passwords, tenant.name)
    assert (by_shard.hosts, by_shard.shard, by_shard.tenant) == (("syd-web1",), "syd", tenant.name)
    assert by_shard.access.host == f"sql.{declaration.fleet.domain}"
    with pytest.raises(OperationFailed, match="no web server of mel runs"):
        place_of(Played(""), declaration, passwords, "syd", ["syd", "mel"])
    with pytest.raises(OperationFailed, match="no island akl"):
        place_of(Played(""), declaration, passwords, "syd", ["akl"])
    with pytest.raises(OperationFailed, match="shards are mel, per, syd"):
        place_of(Played(""), declaration, passwords, "nobody")


def test_settings_come_as_they_are_sent_and_show_no_password() -> None:
    access = {name: getattr(ACCESS, name) for name in ACCESS.__slots__}
    document = {"access": access, "run": new_run(), "clients": 2}
    settings = settings_from(document)
    assert (settings.access, settings.clients, settings.rate) == (ACCESS, 2, 10.0)
    assert "secret" not in repr(settings)
    assert {part.kind for part in PARTS} == set(Kind)


def test_a_run_s_name_is_no_sql() -> None:
    assert Tables(new_run()) != Tables(new_run())
    for wrong in ("", "1234", "writes; DROP TABLE x", "DEADBEEF"):
        with pytest.raises(ValueError, match="eight hexadecimal digits"):
            Tables(wrong)
