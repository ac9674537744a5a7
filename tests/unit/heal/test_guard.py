"""The loop around the decision, with hosts that a test plays: what is asked, done and written down, and only once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from titanicarus.control import layout
from titanicarus.heal import facts as reading
from titanicarus.heal import holds
from titanicarus.heal.answers import Answer
from titanicarus.heal.case import Declared
from titanicarus.heal.facts import Facts, NoFacts
from titanicarus.heal.guard import Guard
from titanicarus.heal.holds import Hold
from titanicarus.heal.incidents import Incident, explain, fold
from titanicarus.heal.ledger import FOLDER, Ledger

BOOT = "0f2e7a30-1111-4222-8333-444455556666"
NGINX = "nginx.service"
UNITS = (NGINX, "titanicarus-mariadb@syd.service")
ORDER = {"syd": ("syd-store1", "syd-store2", "mel-store1"), "mel": ("mel-store1", "mel-store2", "syd-store1")}
HOSTS = {
    name: Declared(name[:3], UNITS, "r1")
    for name in ("syd-web1", "syd-web2", "mel-web1", "syd-store1", "syd-store2", "mel-store1", "mel-store2")
}
SIGHT: dict[str, Any] = {
    "host": "syd-web1", "unit": NGINX, "boot": BOOT, "up": 1005.0, "state": "stopped", "running_for": 0.0,
    "enabled": True, "stopped_for": 12.0, "restarts": 0, "booting": False, "drained": False, "busy": None,
    "revision": "r1", "holds": [], "acts": [], "claimed": True, "claim": None,
}  # fmt: skip
RUNNING = {"state": "running", "running_for": 2.5}


@dataclass
class Fleet:
    """Hosts that answer as a test says, and the time that their answers take."""

    root: Path
    me: str = "syd-store1"
    looks: list[Any] = field(default_factory=list)
    acts: list[Any] = field(default_factory=list)
    asked: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)
    time: float = 1_800_000_000.0
    peers: dict[str, Ledger] = field(default_factory=dict)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.me, layout.below(self.root, FOLDER))

    @property
    def guard(self) -> Guard:
        facts = Facts(self.me, HOSTS, ORDER)
        return Guard(facts, self.ledger, self.ask, self.root, lambda _: None, lambda: self.time, self.wait)

    def wait(self, seconds: float) -> None:
        self.time += seconds

    def ask(self, hosts: Sequence[str], function: str, order: Mapping[str, Any], seconds: float) -> dict[str, Answer]:
        self.time += 0.5
        found = {}
        for host in hosts:
            self.asked.append((host, function, order))
            if function.startswith("ledger."):
                if host in self.peers:
                    peer = self.peers[host]
                    found[host] = Answer(
                        True, peer.heads() if function == "ledger.heads" else peer.keep(order["name"], order["entries"])
                    )
                continue
            answer = (self.looks if function == "heal.look" else self.acts).pop(0)
            if isinstance(answer, BaseException):
                raise answer
            if answer is not None:
                found[host] = (
                    answer
                    if isinstance(answer, Answer)
                    else Answer(True, SIGHT | answer if function == "heal.look" else answer)
                )
        return found

    def hear(
        self, kind: str = "stopped", host: str = "syd-web1", unit: str = NGINX, waited: float = 0.0, **more: Any
    ) -> str:
        data = {"id": host, "unit": unit, "boot": BOOT, "up": 1000.0, "seconds": 8.0, "looks": 3, "again": False}
        return self.guard.hear(f"salt/beacon/{host}/units/{kind}", data | more, waited)

    @property
    def incidents(self) -> list[Incident]:
        return fold(self.ledger.everything())

    def functions(self) -> list[str]:
        return [function for _, function, _ in self.asked if function.startswith("heal.")]


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


def test_a_stopped_unit_is_started_and_looked_at_and_all_of_it_is_written_down(fleet: Fleet) -> None:
    fleet.looks, fleet.acts = [{}, RUNNING], [{"helped": True, "words": ""}]
    assert fleet.hear() == "syd-web1: nginx.service runs after start"
    assert fleet.functions() == ["heal.look", "heal.act", "heal.look"]
    _, _, order = fleet.asked[1]
    assert {key: order[key] for key in ("unit", "action", "by", "revision")} == {
        "unit": NGINX,
        "action": "start",
        "by": "syd-store1",
        "revision": "r1",
    }
    (incident,) = fleet.incidents
    assert incident.result == "healed" and incident.seconds == 1.5
    assert [entry["step"] for entry in incident.entries] == [
        "opened",
        "decided",
        "acting",
        "outcome",
        "decided",
        "closed",
    ]
    assert incident.entries[-1]["down"] == 9.5
    assert fleet.ledger.problems() == []
    assert {one["incident"] for _, function, one in fleet.asked if function.startswith("heal.")} == {incident.id}


def test_an_incident_can_be_explained(fleet: Fleet) -> None:
    fleet.looks = [{}, {}, RUNNING]
    fleet.acts = [{"helped": False, "words": "exit code 1"}, {"helped": True}]
    fleet.hear()
    text = "\n".join(explain(fleet.incidents[0]))
    for words in (
        "seen by syd-web1 itself: nginx.service stopped for 8 s, 3 looks in a row",
        "4. is it still so? a second look found it stopped",
        "told syd-web1 to start nginx.service",
        "failed after 0.5 s: exit code 1",
        "told syd-web1 to apply nginx.service",
        "healed after 2.5 s; it was so for about 10 s: syd-web1: nginx.service runs after start and apply",
    ):
        assert words in text, text


def test_what_does_not_help_is_escalated_after_two_acts(fleet: Fleet) -> None:
    fleet.looks, fleet.acts = [{}, {}, {}], [{"helped": False, "words": "no"}] * 2
    assert fleet.hear() == "syd-web1: nginx.service is stopped after start and apply: no"
    assert fleet.incidents[0].result == "escalated" and fleet.functions().count("heal.act") == 2


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (None, "silent"),
        (Answer(False, "no claim"), "refused"),
        (Answer(True, "odd"), "refused"),
        (Answer(False, {"helped": False}), "failed"),
    ],
)
def test_an_order_that_nobody_answers_may_have_been_carried_out(answer: Any, outcome: str, fleet: Fleet) -> None:
    fleet.looks, fleet.acts = [{}, RUNNING], [answer]
    fleet.hear()
    (incident,) = fleet.incidents
    assert incident.result == "healed"
    assert [entry["outcome"] for entry in incident.entries if entry["step"] == "outcome"] == [outcome]


def test_a_host_that_is_silent_after_an_act_is_asked_again(fleet: Fleet) -> None:
    fleet.looks, fleet.acts = [{}, None, None, RUNNING], [{"helped": True}]
    assert fleet.hear() == "syd-web1: nginx.service runs after start"
    fleet.looks, fleet.acts = [{}, None, None, None], [{"helped": True}]
    assert "cannot be looked at after start" in fleet.hear()
    assert [one.result for one in fleet.incidents] == ["healed", "escalated"]


@pytest.mark.parametrize(
    "look",
    [
        None,
        Answer(False, "PermissionError"),
        Answer(True, "'heal.look' is not available."),
        {"host": "syd-web2"},
        {"unit": "x.service"},
        {"state": "odd"},
    ],
)
def test_a_look_that_finds_nothing_leads_to_nothing(look: Any, fleet: Fleet) -> None:
    fleet.looks = [look]
    assert "unknown is not down" in fleet.hear()
    assert fleet.functions() == ["heal.look"] and fleet.incidents[0].result == "refused"


def test_what_is_well_again_by_the_second_look_leaves_no_trace(fleet: Fleet) -> None:
    fleet.looks = [RUNNING]
    assert fleet.hear() == "syd-web1: nginx.service runs again by itself"
    assert fleet.incidents == []


def test_others_leave_it_to_the_master_that_was_first(fleet: Fleet) -> None:
    fleet.me = "mel-store1"
    claim = {"unit": NGINX, "by": "syd-store1", "incident": "i", "boot": BOOT, "until": 1030.0}
    fleet.looks = [{"claimed": False, "claim": claim}]
    before = fleet.time
    assert "is seen to by syd-store1" in fleet.hear()
    assert fleet.time - before == 6.5, "it gives the two before it their turn"
    assert fleet.incidents == []


def test_a_refusal_is_written_down_once_an_hour_and_by_who_comes_first(fleet: Fleet) -> None:
    holds.write(Hold("syd", 1.0, None, "anna"), layout.below(fleet.root, holds.FILE))
    for _ in range(5):
        assert "is left alone: maintenance of syd by anna" in fleet.hear()
        fleet.time += 60.0
    assert [one.result for one in fleet.incidents] == ["refused"] and fleet.functions() == []
    fleet.time += 3600.0
    fleet.hear()
    assert len(fleet.incidents) == 2
    fleet.me = "syd-store2"
    fleet.hear()
    assert len(fleet.incidents) == 2


def test_the_end_of_a_trouble_that_was_left_is_told(fleet: Fleet) -> None:
    holds.write(Hold("syd", 1.0, None, "anna"), layout.below(fleet.root, holds.FILE))
    fleet.hear()
    layout.below(fleet.root, holds.FILE).unlink()
    fleet.hear("well")
    fleet.hear("well")
    (incident,) = fleet.incidents
    assert [entry["step"] for entry in incident.entries] == ["opened", "decided", "closed", "ended"]


def test_strangers_fill_no_ledger(fleet: Fleet) -> None:
    for count in range(50):
        fleet.hear(host=f"syd-evil{count}")
        fleet.guard.hear("salt/beacon/syd-web1/units/stopped", {"id": f"syd-x{count}"})
        fleet.hear(unit=f"u{count}.service")
    steps = [entry["step"] for entries in fleet.ledger.everything().values() for entry in entries]
    assert steps.count("forged") == 1 and fleet.functions() == []


def test_a_host_of_another_masters_island_is_not_ours(fleet: Fleet) -> None:
    fleet.me = "mel-store2"
    assert "no host that listens to this master" in fleet.hear()


def test_one_thing_is_seen_to_once_at_a_time(fleet: Fleet) -> None:
    with fleet.guard.alone(f"syd-web1/{NGINX}") as free:
        assert free and "is being seen to" in fleet.hear()
    assert fleet.functions() == []


def test_a_report_that_lay_about_is_left_for_the_next_one(fleet: Fleet) -> None:
    assert "is said again" in fleet.hear(waited=45.0)


def test_a_master_that_dies_in_the_middle_leaves_an_incident_that_says_so(fleet: Fleet) -> None:
    fleet.looks, fleet.acts = [{}], [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        fleet.guard.hear(
            "salt/beacon/syd-web1/units/stopped",
            {"id": "syd-web1", "unit": NGINX, "boot": BOOT, "up": 1000.0, "seconds": 8.0, "looks": 3},
        )
    assert [one.result for one in fleet.incidents] == ["open"]
    fleet.time += 3600.0
    fleet.looks, fleet.acts = [{"up": 1000.0}, RUNNING], [{"helped": True}]
    fleet.hear()
    assert [one.result for one in fleet.incidents] == ["interrupted", "healed"]
    assert "after `acting`" in fleet.incidents[0].sentence


def test_budgets_count_what_other_masters_did(fleet: Fleet) -> None:
    other = Ledger("mel-store1", fleet.root / "other")
    for count in range(32):
        other.add(
            {
                "at": fleet.time,
                "master": "mel-store1",
                "incident": f"i{count}",
                "subject": "x",
                "step": "acting",
                "host": "mel-web1",
            }
        )
    (name,) = other.heads()
    fleet.ledger.keep(name, other.after(name, 0))
    fleet.looks = [{}]
    assert "for the fleet is spent" in fleet.hear()


def test_hosts_in_trouble_are_counted(fleet: Fleet) -> None:
    fleet.looks = [None] * 6
    said = [fleet.hear(host=host) for host in ("syd-web2", "mel-web1", "syd-store2")]
    assert all("unknown is not down" in one for one in said)
    fleet.looks = [{}]
    assert "4 of 7 hosts report trouble" in fleet.hear()
    fleet.time += 200.0
    fleet.looks, fleet.acts = [{}, RUNNING], [{"helped": True}]
    assert "runs after start" in fleet.hear()


def test_by_hand_pauses_do_not_count_and_a_dry_run_changes_nothing(fleet: Fleet) -> None:
    holds.write(Hold("*", 1.0, None, "anna"), layout.below(fleet.root, holds.FILE))
    fleet.looks = [{}]
    assert fleet.guard.by_hand("syd-web1", NGINX, dry=True) == "would act: syd-web1: nginx.service is stopped: start it"
    assert fleet.asked[0][2]["claim"] is False and fleet.incidents == []
    fleet.looks, fleet.acts = [{}, RUNNING], [{"helped": True}]
    assert fleet.guard.by_hand("syd-web1", NGINX) == "syd-web1: nginx.service runs after start"
    assert "asked for by hand" in "\n".join(explain(fleet.incidents[0]))


def test_ledgers_are_copied_to_every_control_host_that_can_be_reached(fleet: Fleet) -> None:
    fleet.peers = {name: Ledger(name, fleet.root / name) for name in ("syd-store2", "mel-store1")}
    fleet.looks, fleet.acts = [{}, RUNNING], [{"helped": True}]
    fleet.hear()
    own = fleet.ledger.everything()
    assert all(peer.everything() == own for peer in fleet.peers.values())
    (name,) = own
    fleet.asked.clear()
    assert fleet.guard.copy() == {"mel-store2": "no answer"}
    assert [function for _, function, _ in fleet.asked] == ["ledger.heads"] * 3, "what is there is not sent again"
    fleet.peers["mel-store2"] = Ledger("mel-store2", fleet.root / "mel-store2")
    assert fleet.guard.copy() == {} and fleet.peers["mel-store2"].heads() == {name: 6}


def test_the_second_master_of_an_island_speaks_to_its_own_island() -> None:
    assert Facts("syd-store2", HOSTS, ORDER).peers() == ["syd-store1"]
    assert Facts("syd-store1", HOSTS, ORDER).peers() == ["mel-store1", "mel-store2", "syd-store2"]
    assert Facts("syd-store2", HOSTS, ORDER).turn("mel-web1") is None
    assert Facts("syd-store1", HOSTS, ORDER).turn("nobody") is None


def test_facts_come_from_the_release(tmp_path: Path) -> None:
    with pytest.raises(NoFacts, match="saguire push"):
        reading.read("syd-store1", tmp_path)
    folder = tmp_path / "srv/titanicarus/current"
    (folder / "pillar").mkdir(parents=True)
    guard = {"hosts": {"syd-web1": {"island": "syd", "units": [NGINX]}}, "masters": {"syd": ["syd-store1"]}}
    (folder / "pillar/syd-store1.json").write_text(json.dumps({"guard": guard}))
    (folder / "release.json").write_text(json.dumps({"hosts": {"syd-web1": "r7"}}))
    facts = reading.read("syd-store1", tmp_path)
    assert facts == Facts("syd-store1", {"syd-web1": Declared("syd", (NGINX,), "r7")}, {"syd": ("syd-store1",)})
