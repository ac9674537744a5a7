"""What an operator is told of incidents, and who is told of a pause."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from fixtures.repository import Repository

from titanicarus.control import layout
from titanicarus.fleet import Declaration
from titanicarus.heal import holds
from titanicarus.heal.holds import FLEET
from titanicarus.heal.ledger import FOLDER, Ledger
from titanicarus.operations import OperationFailed
from titanicarus.operations.healing import concerned, find, hold, listen, span
from titanicarus.transport import Unreachable

SOURCE = Path(__file__).parents[3] / "src"


class Hosts:
    """Each host is a folder; what runs on it is this checkout's code. Those in `down` cannot be reached."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.down: set[str] = set()

    def folder(self, host: str) -> Path:
        return self.root / host

    def reachable(self, host_id: str) -> bool:
        return host_id not in self.down

    def command(self, host_id: str, argv: Sequence[str]) -> list[str]:
        if host_id in self.down:
            raise Unreachable(host_id, "it is down")
        verb = argv[-1]
        program = [sys.executable, "-m", "titanicarus.heal", "--root", str(self.folder(host_id)), verb]
        return ["env", f"PYTHONPATH={SOURCE}", *program]

    def ledger(self, host: str) -> Ledger:
        return Ledger(host, layout.below(self.folder(host), FOLDER))

    def holds(self, host: str) -> tuple[holds.Hold, ...]:
        return holds.read(layout.below(self.folder(host), holds.FILE))


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    return Hosts(tmp_path / "hosts")


@pytest.fixture(scope="module")
def declaration(tmp_path_factory: pytest.TempPathFactory) -> Declaration:
    return Repository(tmp_path_factory.mktemp("repository")).load()


def write(ledger: Ledger, incident: str, result: str) -> None:
    common = {"incident": incident, "subject": "syd-web1/nginx.service", "master": "syd-store1"}
    ledger.add({**common, "at": 1.0, "step": "opened", "report": {}})
    ledger.add({**common, "at": 2.0, "step": "closed", "result": result, "seconds": 1.0, "sentence": "so it was"})


def test_each_incident_is_told_once_whoever_has_copies(hosts: Hosts, declaration: Declaration) -> None:
    write(hosts.ledger("syd-store1"), "20261126-100000-aaaa", "healed")
    (name,) = hosts.ledger("syd-store1").heads()
    hosts.ledger("mel-store1").keep(name, hosts.ledger("syd-store1").after(name, 0))
    write(hosts.ledger("syd-store1"), "20261126-100001-bbbb", "refused")
    write(hosts.ledger("mel-store2"), "20261126-100002-cccc", "escalated")
    hosts.down = {"syd-store2"}
    told = listen(hosts, declaration)
    assert [(one.id[-4:], one.result) for one in told.incidents] == [
        ("aaaa", "healed"),
        ("bbbb", "refused"),
        ("cccc", "escalated"),
    ]
    assert told.silent == {"syd-store2": "it is down"} and told.problems == ()
    assert find(told, "bbbb").id == "20261126-100001-bbbb"
    with pytest.raises(OperationFailed, match="may be any of"):
        find(told, "20261126")
    with pytest.raises(OperationFailed, match="no incident zzz"):
        find(told, "zzz")


def test_an_incident_outlives_the_master_that_kept_it(hosts: Hosts, declaration: Declaration) -> None:
    write(hosts.ledger("syd-store1"), "a", "healed")
    (name,) = hosts.ledger("syd-store1").heads()
    hosts.ledger("mel-store1").keep(name, hosts.ledger("syd-store1").after(name, 0))
    hosts.down = {"syd-store1", "syd-store2"}
    assert [one.id for one in listen(hosts, declaration).incidents] == ["a"]
    hosts.down = {"syd-store1", "syd-store2", "mel-store1", "mel-store2"}
    with pytest.raises(OperationFailed, match="no control host tells"):
        listen(hosts, declaration)


def test_a_ledger_that_was_changed_or_written_anew_is_told(hosts: Hosts, declaration: Declaration) -> None:
    write(hosts.ledger("syd-store1"), "a", "escalated")
    (name,) = hosts.ledger("syd-store1").heads()
    hosts.ledger("mel-store1").keep(name, hosts.ledger("syd-store1").after(name, 0))
    path = layout.below(hosts.folder("syd-store1"), FOLDER) / f"{name}.jsonl"
    path.write_text(path.read_text().replace("escalated", "healed"))
    (problem,) = listen(hosts, declaration).problems
    assert problem.startswith("on syd-store1: ") and "changed after it was written" in problem
    path.unlink()
    write(Ledger("syd-store1", path.parent), "a", "healed")
    (other,) = path.parent.glob("*.jsonl")
    other.rename(path)
    (problem,) = listen(hosts, declaration).problems
    assert "one of them was written anew" in problem


def test_a_pause_is_told_to_everybody(hosts: Hosts, declaration: Declaration) -> None:
    new, failed = hold(hosts, declaration, FLEET, None, by="anna", why="storage")
    assert failed == {}
    assert all(hosts.holds(host.id) == (new,) for host in declaration.fleet.hosts)
    assert listen(hosts, declaration).holds == (new,)
    hold(hosts, declaration, FLEET, 0.0, by="anna", why="")
    assert listen(hosts, declaration).holds == ()


def test_maintenance_is_told_to_whom_it_is_about_and_to_control_hosts(hosts: Hosts, declaration: Declaration) -> None:
    hosts.down = {"mel-store2"}
    new, failed = hold(hosts, declaration, "syd-web1", 7200.0, by="anna", why="new disk")
    assert failed == {"mel-store2": "it is down"} and new.until == new.at + 7200.0
    told = {host.id for host in declaration.fleet.hosts if hosts.holds(host.id)}
    assert told == {"syd-web1", "syd-store1", "syd-store2", "mel-store1"}


def test_a_host_that_cannot_write_it_down_is_named(hosts: Hosts, declaration: Declaration) -> None:
    layout.below(hosts.folder("syd-web1"), holds.FILE).parent.mkdir(parents=True)
    layout.below(hosts.folder("syd-web1"), holds.FILE).write_text("nonsense")
    _, failed = hold(hosts, declaration, "syd-web1", 60.0, by="anna", why="")
    assert "remove the file" in failed["syd-web1"] and set(failed) == {"syd-web1"}


@pytest.mark.parametrize(
    ("scope", "words"),
    [("syd-wbe1", 'did you mean "syd-web1"'), ("atlantis", "the islands are"), ("", "the islands are")],
)
def test_a_scope_that_is_none(scope: str, words: str, declaration: Declaration) -> None:
    with pytest.raises(OperationFailed, match=words):
        concerned(declaration.fleet, scope)


def test_spans_of_time() -> None:
    assert [span(words) for words in ("90s", "30min", "5m", "2h", "1.5 h", "1d")] == [90, 1800, 300, 7200, 5400, 86400]
    for words in ("", "2", "h", "-1h", "0s", "31d", "soon"):
        with pytest.raises(OperationFailed, match="no span of time"):
            span(words)
