"""An apply from the operator's side: one result for each host, and silence is never success."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from fixtures.repository import Repository

from titanicarus.control import layout
from titanicarus.control.apply import RECORD, JobNotRun, NoSuchTarget, Outcome, apply
from titanicarus.control.errors import NoMaster
from titanicarus.control.masters import pick_master, salt_command
from titanicarus.fleet import Declaration
from titanicarus.fleet.roles import PAIRED
from titanicarus.transport import Unreachable

MASTER = "mel-store1"


@pytest.fixture(scope="module")
def declaration(tmp_path_factory: pytest.TempPathFactory) -> Declaration:
    return Repository(tmp_path_factory.mktemp("repository")).load()


class ScriptedTransport:
    """Control hosts that serve releases, and a `salt` that prints the `answers` of the hosts that it is asked for.
    `releases` maps a host to the time of its last switch, `records` to the revision that it applied last; hosts in
    `down` are unreachable, those in `idle` have no running master. `jobs` has the targets of each job, `masters` who
    ran it, `heard` the addresses that listen to a host's master; for those in `waiting` some bytes wait. Those in
    `at_work` apply for so many more looks."""

    def __init__(self, answers: Mapping[str, object] | None = None, ending: int = 0, then_sleep: float = 0.0) -> None:
        self.releases = dict.fromkeys(("mel-store1", "mel-store2", "syd-store1", "syd-store2"), "2026-11-23T10:00:00")
        self.down: set[str] = set()
        self.idle: set[str] = set()
        self.argv: tuple[str, ...] = ()
        self._program = (
            "import sys, time; sys.stdout.write(sys.argv[1]); sys.stdout.flush(); time.sleep(float(sys.argv[2])); "
            "print('salt: error', file=sys.stderr); sys.exit(int(sys.argv[3]))"
        )
        self._answers = answers or {}
        self._ending = [str(then_sleep), str(ending)]
        self.records: dict[str, str] = {}
        self.jobs: list[list[str]] = []
        self.masters: list[str] = []
        self.heard: dict[str, list[str]] = {}
        self.waiting: dict[str, int] = {}
        self.at_work: dict[str, int] = {}

    def reachable(self, host_id: str) -> bool:
        return host_id not in self.down

    def command(self, host_id: str, argv: Sequence[str]) -> list[str]:
        if host_id in self.down:
            raise Unreachable(host_id, "it is down")
        if list(argv) == ["cat", RECORD]:
            record = {"revision": self.records[host_id], "components": ["base", "names", "nginx"]}
            return ["printf", "%s", json.dumps(record if host_id in self.records else {})]
        if argv[0] == "cat":
            release = f"release-{self.releases[host_id]}"
            active = {"release": release, "at": self.releases[host_id]}
            facts = {
                "release": release,
                "revision": "r",
                "hosts": {"syd-web1": "c1-w", "syd-web2": "c1-x", "mel-web1": "c1-m"},
                "sections": {"c1-w": {"web": "2", "names": "1"}, "c1-before": {"web": "1", "names": "1"}},
                "reads": {
                    "base": {"sections": ["*"], "needs": []},
                    "names": {"sections": ["names"], "needs": []},
                    "nginx": {"sections": ["web"], "needs": []},
                },
            }
            return ["printf", "%s", json.dumps(active) + json.dumps(facts)]
        if argv[0] == "sh":
            self.at_work[host_id] = self.at_work.get(host_id, 0) - 1
            return ["true" if self.at_work[host_id] >= 0 else "false"]
        if argv[0] == "systemctl":
            return ["false" if host_id in self.idle else "true"]
        if argv[0] == "ss":
            queues = dict.fromkeys(self.heard.get(host_id, ()), 0) | self.waiting
            lines = [f"0      {left}      10.0.0.1:4505   {address}:40014   " for address, left in queues.items()]
            return ["printf", "%s", "\n".join(lines)]
        self.argv = (host_id, *argv)
        self.jobs.append(argv[argv.index("-L") + 1].split(",") if "-L" in argv else [])
        self.masters.append(host_id)
        said = [printed(host, answer) for host, answer in self._answers.items() if host in self.jobs[-1]]
        return [sys.executable, "-c", self._program, "Some sentence of Salt's\n".join(said), *self._ending]


def printed(host: str, answer: object) -> str:
    return json.dumps({host: answer}, indent=4) + "\n"


def summary(outcome: str = "applied", **parts: object) -> dict[str, object]:
    return {"outcome": outcome, "changed": [], "changes": 0, "failed": [], "states": 12, "seconds": 0.5} | parts


def test_each_host_has_one_result(declaration: Declaration) -> None:
    failed = summary("failed", failed=[{"id": "nginx_sites", "comment": "nginx -t said no"}])
    transport = ScriptedTransport(
        {
            "syd-web1": summary(changed=["web_sites"], changes=41),
            "syd-web2": failed,
            "syd-lb1": summary("unchanged"),
            "syd-lb2": False,
            "syd-store1": "'platform.apply' is not available.",
        }
    )
    transport.down = {"syd-store2"}
    seen: list[str] = []
    done = apply(transport, declaration, "syd-*", patience=0, progress=seen.append)
    outcomes = {host: result.outcome for host, result in done.results.items()}
    assert outcomes == {
        "syd-fw1": Outcome.NO_ANSWER,
        "syd-lb1": Outcome.UNCHANGED,
        "syd-lb2": Outcome.HELD_BACK,
        "syd-store1": Outcome.FAILED,
        "syd-store2": Outcome.UNREACHABLE,
        "syd-web1": Outcome.APPLIED,
        "syd-web2": Outcome.HELD_BACK,
    }
    assert done.results["syd-web1"].changed == ("web_sites",)
    assert done.results["syd-web1"].changes == 41
    assert any("41 of 12 states changed" in sentence for sentence in seen)
    assert "not available" in done.results["syd-store1"].failed[0][1]
    assert not done.ok and len(seen) == 3
    assert [result.host for result in done.having(Outcome.NO_ANSWER)] == ["syd-fw1"]


def test_the_hosts_of_a_pair_never_change_at_the_same_time(declaration: Declaration) -> None:
    hosts = [host.id for host in declaration.fleet.hosts if host.island == "syd"]
    transport = ScriptedTransport({host: summary() for host in hosts})
    assert apply(transport, declaration, "syd-*").ok
    assert sorted(host for job in transport.jobs for host in job) == hosts
    for job in transport.jobs:
        roles = [role for host in job for role in declaration.fleet.host(host).roles if role in PAIRED]
        assert len(roles) == len(set(roles)), job


def test_a_wave_that_fails_holds_the_next_one_back(declaration: Declaration) -> None:
    failed = summary("failed", failed=[{"id": "nginx_sites", "comment": "nginx -t said no"}])
    transport = ScriptedTransport({"syd-web1": failed, "syd-web2": summary()})
    done = apply(transport, declaration, "syd-web*", patience=0)
    assert done.results["syd-web1"].failed == (("nginx_sites", "nginx -t said no"),)
    assert done.results["syd-web2"].outcome is Outcome.HELD_BACK
    assert transport.jobs == [["syd-web1"]]


def test_hosts_at_their_declared_state_are_not_asked(declaration: Declaration) -> None:
    transport = ScriptedTransport({"syd-web2": summary()})
    transport.records = {"syd-web1": "c1-w", "syd-web2": "c0-x"}
    done = apply(transport, declaration, "syd-web*", patience=0)
    assert transport.jobs == [["syd-web2"]]
    assert done.results["syd-web1"].outcome is Outcome.UNCHANGED and done.ok
    apply(transport, declaration, "syd-web*", full=True, patience=0)
    assert transport.jobs[1:] == [["syd-web1"], ["syd-web2"]]


def test_new_data_goes_to_all_at_once_and_new_code_does_not(declaration: Declaration) -> None:
    transport = ScriptedTransport({"syd-web1": summary(), "syd-web2": summary()})
    transport.records = {"syd-web1": "c1-older", "syd-web2": "c1-older"}
    apply(transport, declaration, "syd-web*", patience=0)
    transport.records = {"syd-web1": "c0-w", "syd-web2": "c1-older"}
    apply(transport, declaration, "syd-web*", patience=0)
    assert transport.jobs == [["syd-web1", "syd-web2"], ["syd-web1"], ["syd-web2"]]


def test_new_data_is_asked_for_by_one_master_when_all_listen_to_it(declaration: Declaration) -> None:
    lan = {host.id: str(host.lan) for host in declaration.fleet.hosts}
    transport = ScriptedTransport({"mel-web1": summary(), "syd-web1": summary()})

    def asked(record: str = "c1-older") -> list[tuple[str, list[str]]]:
        transport.records = {"mel-web1": record, "syd-web1": record}
        transport.jobs, transport.masters = [], []
        assert apply(transport, declaration, "*-web1", patience=0).ok
        return sorted(zip(transport.masters, transport.jobs, strict=True))

    apart = [("mel-store1", ["mel-web1"]), ("syd-store1", ["syd-web1"])]
    transport.heard = {"mel-store1": [lan["mel-web1"]], "syd-store1": [lan["syd-web1"]]}
    assert asked() == apart
    transport.heard["syd-store1"].append(f"[::ffff:{lan['mel-web1']}]")
    assert asked() == [("syd-store1", ["mel-web1", "syd-web1"])]
    assert apply(transport, declaration, "*-web1", patience=0).masters == ("syd-store1",)
    transport.waiting = {f"[::ffff:{lan['mel-web1']}]": 512}
    assert asked() == apart, "who does not take in what is sent is not there any more"
    transport.waiting = {}
    assert asked("c0-older") == apart, "new states go by each island's own master, which may be all that it hears"


def test_a_host_is_told_what_the_new_data_can_touch_when_that_is_known(declaration: Declaration) -> None:
    transport = ScriptedTransport({"syd-web1": summary()})
    transport.records = {"syd-web1": "c1-before"}
    apply(transport, declaration, "syd-web1", patience=0)
    assert 'only={"syd-web1": {"since": "c1-before", "components": ["base", "nginx"]}}' in transport.argv
    for before in ("c1-unheard-of", "c0-w"):
        transport.records = {"syd-web1": before}
        apply(transport, declaration, "syd-web1", patience=0)
        assert not any(word.startswith("only=") for word in transport.argv), before


def test_hosts_that_are_down_are_not_waited_for(declaration: Declaration) -> None:
    transport = ScriptedTransport({"syd-web1": summary("unchanged")})
    transport.down = {"syd-web2"}
    done = apply(transport, declaration, "syd-web*", patience=0)
    asked = transport.argv[transport.argv.index("-L") + 1]
    assert asked == "syd-web1" and not done.ok


def test_all_answers_good_is_the_only_success(declaration: Declaration) -> None:
    transport = ScriptedTransport({"syd-web1": summary(), "syd-web2": summary("unchanged")})
    assert apply(transport, declaration, "syd-web*").ok


def test_each_host_is_told_the_revision_that_it_should_have(declaration: Declaration) -> None:
    transport = ScriptedTransport({"syd-web1": summary()})
    apply(transport, declaration, "syd-web1", full=True)
    assert 'expected={"syd-web1": "c1-w"}' in transport.argv
    assert "full=True" in transport.argv and "test=False" in transport.argv


def test_a_job_that_never_ends_is_given_up_at_the_deadline(declaration: Declaration) -> None:
    transport = ScriptedTransport({"syd-web1": summary()}, then_sleep=600)
    started = time.monotonic()
    done = apply(transport, declaration, "syd-*", deadline=8, patience=0)
    assert time.monotonic() - started < 60
    assert done.results["syd-web1"].outcome is Outcome.APPLIED
    assert done.results["syd-lb1"].outcome is Outcome.NO_ANSWER
    assert done.results["syd-web2"].outcome is Outcome.HELD_BACK


def test_a_minion_that_had_just_lost_its_master_is_asked_once_more(declaration: Declaration) -> None:
    class Returning(ScriptedTransport):
        """syd-web2 does not hear the first job, and hears everything from its first ping on."""

        def command(self, host_id: str, argv: Sequence[str]) -> list[str]:
            if "test.ping" in argv:
                self._answers = {"syd-web2": True}
            elif "-L" in argv:
                self._answers = {"syd-web2": summary() if self.jobs else False, "syd-web1": summary()}
            return super().command(host_id, argv)

    transport = Returning()
    done = apply(transport, declaration, "syd-web*")
    assert done.ok
    assert transport.jobs.count(["syd-web1"]) == 1


def test_who_is_slow_to_say_that_he_is_busy_is_waited_for(
    declaration: Declaration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Salt gives up on a host that is at work and says nothing; by the time that it is done, it answers."""

    class Slow(ScriptedTransport):
        def command(self, host_id: str, argv: Sequence[str]) -> list[str]:
            if self.at_work.get("syd-web1", 0) >= 0:
                self._answers = {"syd-web1": False}
            else:
                self._answers = {"syd-web1": True if "test.ping" in argv else summary("unchanged")}
            return super().command(host_id, argv)

    monkeypatch.setattr("titanicarus.control.apply.AT_WORK_SECONDS", 0.01)
    transport = Slow()
    transport.at_work = {"syd-web1": 4}
    done = apply(transport, declaration, "syd-web1", patience=5)
    assert done.results["syd-web1"].outcome is Outcome.UNCHANGED


def test_who_was_cut_off_from_the_one_master_is_asked_by_his_own(declaration: Declaration) -> None:
    class CutOff(ScriptedTransport):
        """The first job, by mel's master, is not heard in syd."""

        def command(self, host_id: str, argv: Sequence[str]) -> list[str]:
            if "test.ping" in argv:
                self._answers = {"syd-web1": True}
            elif "-L" in argv:
                lost: object = summary() if self.jobs else False
                self._answers = {"mel-web1": summary(), "syd-web1": lost}
            return super().command(host_id, argv)

    transport = CutOff()
    transport.records = {"mel-web1": "c1-older", "syd-web1": "c1-older"}
    lan = {host.id: str(host.lan) for host in declaration.fleet.hosts}
    transport.heard = {"mel-store1": [lan["mel-web1"], lan["syd-web1"]]}
    done = apply(transport, declaration, "*-web1")
    assert done.ok and done.masters == ("mel-store1", "syd-store1")
    assert transport.jobs[0] == ["mel-web1", "syd-web1"] and transport.jobs[-1] == ["syd-web1"]


def test_a_salt_that_refuses_its_arguments_is_an_error(declaration: Declaration) -> None:
    with pytest.raises(JobNotRun, match="salt: error"):
        apply(ScriptedTransport(ending=64), declaration, "syd-web1")


def test_a_target_that_matches_nothing_names_the_hosts(declaration: Declaration) -> None:
    with pytest.raises(NoSuchTarget, match=r"per-\*.*mel-fw1"):
        apply(ScriptedTransport(), declaration, "per-*")


def test_nothing_pushed_is_said_so(declaration: Declaration, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = ScriptedTransport()
    monkeypatch.setattr(transport, "command", lambda _host, argv: ["false" if argv[0] == "cat" else "true"])
    with pytest.raises(NoMaster, match="run push first"):
        apply(transport, declaration, "syd-web1")


def test_the_master_that_was_pushed_to_last_is_chosen(declaration: Declaration) -> None:
    transport = ScriptedTransport()
    transport.releases["syd-store2"] = "2026-11-23T11:00:00"
    assert pick_master(transport, declaration).host == "syd-store2"


def test_of_equal_masters_a_leading_one_is_chosen_while_one_is_alive(declaration: Declaration) -> None:
    transport = ScriptedTransport()
    assert pick_master(transport, declaration).host == MASTER
    transport.down, transport.idle = {MASTER}, {"syd-store1"}
    assert pick_master(transport, declaration).host == "mel-store2"
    transport.idle = set()
    assert pick_master(transport, declaration).host == "syd-store1"


def test_without_any_master_each_reason_is_named(declaration: Declaration) -> None:
    transport = ScriptedTransport()
    transport.down, transport.idle = {"mel-store1", "mel-store2", "syd-store2"}, {"syd-store1"}
    with pytest.raises(NoMaster, match=r"mel-store1: it is down.*syd-store1: its Salt master does not run"):
        pick_master(transport, declaration)


def test_salt_runs_on_a_good_master_or_on_the_one_that_was_named(declaration: Declaration) -> None:
    transport = ScriptedTransport()
    salt_command(transport, declaration, ["*", "test.ping"])
    assert transport.argv == (MASTER, "/usr/local/bin/salt", "*", "test.ping")
    salt_command(transport, declaration, ["*", "test.ping"], "syd-store2")
    assert transport.argv[0] == "syd-store2"
    with pytest.raises(NoMaster, match="does not have the role control"):
        salt_command(transport, declaration, ["*", "test.ping"], "syd-web1")


def test_the_layout_is_below_the_root_that_is_asked_for(tmp_path: Path) -> None:
    assert layout.below(tmp_path, layout.DEPLOY) == tmp_path / "srv/titanicarus"
