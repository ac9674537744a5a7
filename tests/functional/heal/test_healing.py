"""A stopped unit on a real minion: beacon, event, reactor, guard, failover state and ledger as Salt runs them.

Only systemd is played: by a program of its name on a disk of the test's own.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fixtures.control_plane import ControlPlane
from functional.conftest import minion_overrides, stand_in, use_keys, use_modules

from titanicarus.control import layout
from titanicarus.heal import holds
from titanicarus.heal.holds import Hold
from titanicarus.heal.incidents import Incident, fold
from titanicarus.heal.ledger import FOLDER, Ledger

HOST, NGINX = "syd-web1", "nginx.service"
SECONDS = 300.0
"""What stops again at once is said again after a minute; the rest is for machines that have other things to do."""


def until(what: str, condition: Callable[[], bool], seconds: float = SECONDS) -> float:
    """Poll until it holds; gives back how long that took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"{what} did not happen within {seconds:g} s"
        time.sleep(0.05)
    return time.monotonic() - began


class Machine:
    """The disk of the web server, and what masters know of it."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self.root = plane.transport.root(HOST)
        self.systemd = self.root / "run/systemd"

    def runs(self, unit: str = NGINX) -> bool:
        return (self.systemd / f"units/invocation:{unit}").is_symlink()

    def stop(self, unit: str = NGINX) -> None:
        (self.systemd / f"units/invocation:{unit}").unlink()

    def starts(self) -> list[str]:
        path = self.systemd / "started.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line)["unit"] for line in lines]

    def ledger(self, master: str) -> Ledger:
        return Ledger(master, layout.below(self.plane.transport.root(master), FOLDER))

    def incidents(self, master: str = "syd-store1") -> list[Incident]:
        return fold(self.ledger(master).everything())

    def forget(self) -> None:
        """The host's memory of what was done, so that one test's acts do not hold the next one's down."""
        for name in ("var/lib/titanicarus/heal/acts.json", "run/titanicarus/heal/claims.json"):
            (self.root / name).unlink(missing_ok=True)


@pytest.fixture(scope="module")
def machine(plane: ControlPlane, masters: list[Any], minions: dict[str, Any]) -> Iterator[Machine]:
    """The web server, up, as its beacon sees it; and the minion of the other island's control host, for copies."""
    store = masters[0].salt_minion_daemon("mel-store1", overrides=minion_overrides(plane, masters, "mel-store1"))
    use_keys(store, plane.transport.root("mel-store1") / "etc/salt/pki/minion")
    use_modules(store)
    store.start(start_timeout=240)
    yield Machine(plane)
    store.terminate()


@pytest.fixture
def well(machine: Machine) -> Iterator[Machine]:
    until("the web server being well", machine.runs)
    machine.forget()
    before = len(machine.starts())
    yield machine
    (machine.systemd / f"broken:{NGINX}").unlink(missing_ok=True)
    if machine.systemd.exists() and not machine.runs():
        (machine.systemd / f"units/invocation:{NGINX}").symlink_to("b" * 32)
    assert len(machine.starts()) - before <= 1, "a unit was started twice"


def test_a_stopped_unit_is_started_by_one_master_and_everybody_can_read_why(well: Machine) -> None:
    before = len(well.incidents())
    well.stop()
    seconds = until("the start of nginx", well.runs)
    until("the end of the incident", lambda: len(well.incidents()) > before and well.incidents()[-1].result != "open")
    incident = well.incidents()[-1]
    assert (incident.result, incident.subject) == ("healed", f"{HOST}/{NGINX}"), incident.document()
    copied = until("the copy in the other island", lambda: incident in well.incidents("mel-store1"))
    print(f"\nstopped to started {seconds:.1f} s, incident {incident.seconds} s, copied {copied:.1f} s after its end")
    assert well.starts().count(NGINX) >= 1
    # The other master may have come and got no answer in time, or not: that is a refusal, and no second act.
    others = [one for one in well.incidents("mel-store1") if one.master != "syd-store1"]
    assert all(one.result == "refused" for one in others), [one.document() for one in others]
    assert well.ledger("syd-store1").problems() == [] and well.ledger("mel-store1").problems() == []


def test_a_unit_that_does_not_start_is_a_persons_business(well: Machine) -> None:
    (well.systemd / f"broken:{NGINX}").touch()
    before = len(well.incidents())
    well.stop()
    until("the end of the incident", lambda: any(one.result == "escalated" for one in well.incidents()[before:]))
    incident = well.incidents()[-1]
    assert "exited with error code" in incident.sentence and "nothing is applied here" in incident.sentence
    assert not well.runs()


@pytest.fixture
def held(well: Machine) -> Iterator[Machine]:
    """The web server in maintenance, as both masters know."""
    paths = [layout.below(well.plane.transport.root(master), holds.FILE) for master in ("syd-store1", "mel-store1")]
    for path in paths:
        holds.write(Hold(HOST, time.time(), time.time() + 900, "anna"), path)
    yield well
    for path in paths:
        path.unlink()


def test_maintenance_keeps_the_guard_away_and_a_hand_does_not(held: Machine, masters: list[Any]) -> None:
    before = len(held.incidents())
    held.stop()
    until("a refusal", lambda: any(one.result == "refused" for one in held.incidents()[before:]))
    assert "maintenance of syd-web1 by anna" in held.incidents()[-1].sentence and not held.runs()
    run = masters[0].salt_run_cli()
    said = run.run("heal.by_hand", HOST, NGINX, "dry=True", _timeout=300).stdout
    assert f"would act: {HOST}: {NGINX} is stopped: start it" in said and not held.runs()
    assert f"{HOST}: {NGINX} runs after start" in run.run("heal.by_hand", HOST, NGINX, _timeout=300).stdout
    assert held.runs()


def test_a_host_that_gives_no_answer_is_told_and_is_over_when_it_is_back(machine: Machine) -> None:
    lost = stand_in(machine.plane, "mel-lb1")
    route = ["unreachable", lost, "table", "local"]

    def told() -> list[Incident]:
        found = [one for one in machine.incidents("mel-store1") if one.subject == "mel-lb1"]
        return [one for one in found if one.result == "escalated"]

    subprocess.run(["ip", "route", "add", *route], check=True)
    try:
        seconds = until("the incident", lambda: bool(told()))
    finally:
        subprocess.run(["ip", "route", "del", *route], check=True)
    (incident,) = told()
    assert "mel-lb1 gives no answer to mel-store1, for" in incident.sentence
    back = until("the end of it", lambda: told()[0].over)
    assert told()[0].entries[-1]["sentence"] == "mel-lb1 answers mel-store1"
    print(f"\nlost to told {seconds:.1f} s, back to over {back:.1f} s")
    assert len(told()) == 1


def test_what_one_minion_says_of_another_leads_to_nothing(well: Machine, minions: dict[str, Any]) -> None:
    data = {
        "id": HOST,
        "unit": NGINX,
        "boot": "0" * 8 + "-1111-4222-8333-" + "4" * 12,
        "up": 1.0,
        "seconds": 9.0,
        "looks": 5,
    }
    before = len(well.incidents())
    minions["mel-lb1"].salt_call_cli().run("event.fire_master", json.dumps(data), f"salt/beacon/{HOST}/units/stopped")
    until("it being looked into", lambda: len(well.incidents()) > before or forged(well), 60)
    assert [one.result for one in well.incidents()[before:]] in ([], ["refused"])


def forged(machine: Machine) -> bool:
    """Whether the ledger has an entry that names strangers."""
    entries = [entry for every in machine.ledger("syd-store1").everything().values() for entry in every]
    return any(entry["step"] == "forged" for entry in entries)


def test_the_failover_state_says_what_it_would_do(held: Machine, minions: dict[str, Any]) -> None:
    call = minions[HOST].salt_call_cli()
    pillar = json.dumps({"failover": {"unit": NGINX}})
    (ret,) = call.run("state.sls", "failover.unit", f"pillar={pillar}", "concurrent=True").data.values()
    assert (ret["result"], ret["changes"]) == (True, {})
    held.stop()
    (ret,) = call.run("state.sls", "failover.unit", f"pillar={pillar}", "concurrent=True", "test=True").data.values()
    assert ret["result"] is None and "would start" in ret["comment"]
    other = json.dumps({"failover": {"unit": "cron.service"}})
    (ret,) = call.run("state.sls", "failover.unit", f"pillar={other}", "concurrent=True").data.values()
    assert ret["result"] is False and "no unit that this host should run" in ret["comment"]
    (ret,) = call.run("state.sls", "failover.unit", f"pillar={pillar}", "concurrent=True").data.values()
    assert ret["result"] is True and ret["comment"] == f"{NGINX} was started" and held.runs()


def test_no_ledger_is_kept_on_a_host_without_masters(minions: dict[str, Any]) -> None:
    assert "keeps no ledger" in str(minions[HOST].salt_call_cli().run("ledger.heads").stderr)
