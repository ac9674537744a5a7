"""An apply from the operator's side: one result for each host, and silence is never success."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from fixtures.repository import Repository

from titanicarus.control import layout
from titanicarus.control.apply import JobNotRun, NoSuchTarget, Outcome, apply
from titanicarus.control.errors import NoMaster
from titanicarus.control.masters import pick_master, salt_command
from titanicarus.fleet import Declaration
from titanicarus.transport import Unreachable

MASTER = "mel-store1"


@pytest.fixture(scope="module")
def declaration(tmp_path_factory: pytest.TempPathFactory) -> Declaration:
    return Repository(tmp_path_factory.mktemp("repository")).load()


class ScriptedTransport:
    """Control hosts that serve releases, and a `salt` that prints what a test wants. `releases` maps a host to the
    time of its last switch; hosts in `down` are unreachable, those in `idle` have no running master."""

    def __init__(self, said: str = "", ending: int = 0, then_sleep: float = 0.0) -> None:
        self.releases = dict.fromkeys(("mel-store1", "mel-store2", "syd-store1", "syd-store2"), "2026-11-23T10:00:00")
        self.down: set[str] = set()
        self.idle: set[str] = set()
        self.argv: tuple[str, ...] = ()
        self._program = (
            "import sys, time; sys.stdout.write(sys.argv[1]); sys.stdout.flush(); time.sleep(float(sys.argv[2])); "
            "print('salt: error', file=sys.stderr); sys.exit(int(sys.argv[3]))"
        )
        self._salt = [said, str(then_sleep), str(ending)]

    def reachable(self, host_id: str) -> bool:
        return host_id not in self.down

    def command(self, host_id: str, argv: Sequence[str]) -> list[str]:
        if host_id in self.down:
            raise Unreachable(host_id, "it is down")
        if argv[0] == "cat":
            release = f"release-{self.releases[host_id]}"
            active = {"release": release, "at": self.releases[host_id]}
            facts = {"release": release, "revision": "r", "hosts": {"syd-web1": "w", "mel-web1": "m"}}
            return ["printf", "%s", json.dumps(active) + json.dumps(facts)]
        if argv[0] == "systemctl":
            return ["false" if host_id in self.idle else "true"]
        self.argv = (host_id, *argv)
        return [sys.executable, "-c", self._program, *self._salt]


def printed(host: str, answer: object) -> str:
    return json.dumps({host: answer}, indent=4) + "\n"


def summary(outcome: str = "applied", **parts: object) -> dict[str, object]:
    return {"outcome": outcome, "changed": [], "failed": [], "states": 12, "seconds": 0.5} | parts


def test_each_host_has_one_result(declaration: Declaration) -> None:
    failed = summary("failed", failed=[{"id": "nginx_sites", "comment": "nginx -t said no"}])
    transport = ScriptedTransport(
        printed("syd-web1", summary(changed=["web_sites"]))
        + "Some sentence that Salt prints in between\n"
        + printed("syd-web2", failed)
        + printed("syd-lb1", summary("unchanged"))
        + printed("syd-lb2", False)
        + printed("syd-fw1", "'platform.apply' is not available.")
    )
    transport.down = {"syd-store2"}
    seen: list[str] = []
    done = apply(transport, declaration, "syd-*", progress=seen.append)
    outcomes = {host: result.outcome for host, result in done.results.items()}
    assert outcomes == {
        "syd-fw1": Outcome.FAILED,
        "syd-lb1": Outcome.UNCHANGED,
        "syd-lb2": Outcome.NO_ANSWER,
        "syd-store1": Outcome.NO_ANSWER,
        "syd-store2": Outcome.UNREACHABLE,
        "syd-web1": Outcome.APPLIED,
        "syd-web2": Outcome.FAILED,
    }
    assert done.results["syd-web1"].changed == ("web_sites",)
    assert done.results["syd-web2"].failed == (("nginx_sites", "nginx -t said no"),)
    assert "not available" in done.results["syd-fw1"].failed[0][1]
    assert not done.ok and len(seen) == 5
    assert {result.host for result in done.having(Outcome.NO_ANSWER)} == {"syd-lb2", "syd-store1"}


def test_hosts_that_are_down_are_not_waited_for(declaration: Declaration) -> None:
    transport = ScriptedTransport(printed("syd-web1", summary("unchanged")))
    transport.down = {"syd-web2"}
    done = apply(transport, declaration, "syd-web*")
    asked = transport.argv[transport.argv.index("-L") + 1]
    assert asked == "syd-web1" and not done.ok


def test_all_answers_good_is_the_only_success(declaration: Declaration) -> None:
    transport = ScriptedTransport(printed("syd-web1", summary()) + printed("syd-web2", summary("unchanged")))
    assert apply(transport, declaration, "syd-web*").ok


def test_each_host_is_told_the_revision_that_it_should_have(declaration: Declaration) -> None:
    transport = ScriptedTransport(printed("syd-web1", summary()))
    apply(transport, declaration, "syd-web1", full=True)
    assert 'expected={"syd-web1": "w"}' in transport.argv
    assert "full=True" in transport.argv and "test=False" in transport.argv


def test_a_job_that_never_ends_is_given_up_at_the_deadline(declaration: Declaration) -> None:
    transport = ScriptedTransport(printed("syd-web1", summary()), then_sleep=600)
    started = time.monotonic()
    done = apply(transport, declaration, "syd-web*", deadline=8)
    assert time.monotonic() - started < 60
    assert done.results["syd-web1"].outcome is Outcome.APPLIED
    assert done.results["syd-web2"].outcome is Outcome.NO_ANSWER


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
