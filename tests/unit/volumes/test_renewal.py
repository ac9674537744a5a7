"""Processes that began with an older certificate: which they are, and when each is begun anew."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from titanicarus import pki
from titanicarus.volumes import processes, renewal
from titanicarus.volumes.errors import VolumeError
from titanicarus.volumes.facts import Facts, Mount, Volume
from titanicarus.volumes.gluster.cli import Gluster
from titanicarus.volumes.gluster.system import APART_SECONDS as HEALER_APART_SECONDS
from titanicarus.volumes.gluster.system import GlusterFS
from titanicarus.volumes.mount_watch import APART_SECONDS, CLIENT_SECONDS, SOONEST, MountWatch
from titanicarus.volumes.mounts import Verdict
from titanicarus.volumes.renewal import TURN_SECONDS, TURNS

BOOTED = 1_000_000
TICKS = os.sysconf("SC_CLK_TCK")
NO_PROCESS = 1 << 30
STARTED = ["gluster", "--mode=script", "--xml", "volume", "start", "syd", "force"]
Make = Callable[[list[str], list[Sequence[str]]], GlusterFS]
HOSTS = ("syd-filer1", "syd-filer2", "syd-db1")


def make_process(proc: Path, pid: int, words: list[str], began: float) -> Path:
    folder = proc / str(pid)
    (folder / "fd").mkdir(parents=True)
    (folder / "cmdline").write_bytes(b"\0".join(word.encode() for word in words) + b"\0")
    fields = ["S", *["0"] * 18, str(int((began - BOOTED) * TICKS)), *["0"] * 20]
    (folder / "stat").write_text(f"{pid} (a (b) c) {' '.join(fields)}\n")
    (folder / "cwd").symlink_to("/")
    return folder


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    folder = tmp_path / "proc"
    folder.mkdir()
    (folder / "stat").write_text(f"cpu 1 2\nbtime {BOOTED}\n")
    return folder


def test_processes_are_told_by_their_program_words_and_age(proc: Path) -> None:
    brick = ["/usr/sbin/glusterfsd", "-s", "syd-filer1", "--brick-name", "/srv/bricks/syd.1"]
    make_process(proc, 10, brick, BOOTED + 100)
    make_process(proc, 11, ["/usr/sbin/glusterfs", "/srv/files/syd"], BOOTED + 200)
    make_process(proc, 12, ["sh", "-c", "glusterfsd /srv/bricks/syd.1"], BOOTED + 1)
    (proc / "13").mkdir()
    assert processes.pids("glusterfsd", "/srv/bricks/syd.1", proc=proc) == [10]
    assert processes.older("glusterfsd", "/srv/bricks/syd.1", than=BOOTED + 101, proc=proc) == [10]
    assert processes.older("glusterfsd", "/srv/bricks/syd.1", than=BOOTED + 100, proc=proc) == []
    assert processes.older("glusterfs", "/srv/files/mel", than=BOOTED + 300, proc=proc) == []


def test_this_process_began_a_while_ago() -> None:
    began = processes._began(Path("/proc"), os.getpid())
    assert 0 < datetime.now(UTC).timestamp() - began < 86_400


def test_a_mount_is_in_use_while_a_file_is_open_or_somebody_works_there(proc: Path) -> None:
    mount = Path("/srv/files/syd")
    one = make_process(proc, 10, ["sh"], BOOTED)
    assert not processes.in_use(mount, proc)
    (one / "fd/3").symlink_to("/srv/files/sydney/report")
    assert not processes.in_use(mount, proc)
    (one / "fd/4").symlink_to("/srv/files/syd/home/ann/report (deleted)")
    assert processes.in_use(mount, proc)
    (one / "fd/4").unlink()
    (one / "cwd").unlink()
    (one / "cwd").symlink_to(mount)
    assert processes.in_use(mount, proc)


def test_one_host_at_a_time_has_its_turn_and_each_has_one() -> None:
    for now in range(0, int(4 * TURN_SECONDS), 30):
        assert sum(renewal.turn(host, HOSTS, 1e9 + now) for host in HOSTS) == 1
    for host in HOSTS:
        assert any(renewal.turn(host, HOSTS, 1e9 + now) for now in range(0, int(3 * TURN_SECONDS), 30))


def test_a_mount_in_use_waits_for_its_end_and_no_longer() -> None:
    moments = [1e9 + now for now in range(0, int(TURNS * TURN_SECONDS), 30)]
    assert any(renewal.mount_is_due("syd-web1", now, 2e9, busy=False) for now in moments)
    assert not all(renewal.mount_is_due("syd-web1", now, 2e9, busy=False) for now in moments)
    assert not any(renewal.mount_is_due("syd-web1", now, 2e9, busy=True) for now in moments)
    late = {host: [renewal.mount_is_due(host, now, 1e9, busy=True) for now in moments] for host in ("syd-web1", "b")}
    assert any(late["syd-web1"]) and not all(late["syd-web1"]), "in its turn even then"


def test_until_when_the_certificate_before_this_one_is_good(tmp_path: Path) -> None:
    """It ends a third of a life after this one's window began, and there is a reserve."""
    now = datetime.now(UTC)
    authority = pki.make_island(pki.make_root("t", now), "t", "syd", now)
    window = pki.window_at(now, 90)
    leaf = pki.issue(authority, pki.Request("host", "syd-web1", ("syd-web1",), client=True), window)
    path = tmp_path / "host.crt"
    path.write_text(leaf.certificate + leaf.chain)
    os.utime(path, (window.start.timestamp(), window.start.timestamp()))
    before = pki.window_at(window.start - timedelta(days=1), 90)
    left = before.not_after.timestamp() - renewal.latest(path)
    assert timedelta(days=2).total_seconds() < left < timedelta(days=4).total_seconds()
    assert renewal.written(path) == path.stat().st_mtime
    late = before.not_after.timestamp() - 3600
    os.utime(path, (late, late))
    assert renewal.latest(path) == late + 86_400, "one that came for another reason is not put in at once"


def test_a_certificate_from_times_to_come_makes_nothing_old(tmp_path: Path) -> None:
    path = tmp_path / "host.crt"
    path.touch()
    assert renewal.written(path) > 0
    os.utime(path, (4e9, 4e9))
    assert renewal.written(path) == 0.0


class Processes:
    """Processes of this host: program to numbers of those that are older."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
        self.old: dict[str, list[int]] = {}
        monkeypatch.setattr(where, lambda program, *_words, than: self.old.get(program, []) if than else [])


def test_a_host_of_bricks_begins_glusterd_anew_and_then_the_rest(
    monkeypatch: pytest.MonkeyPatch, make_system: Make
) -> None:
    there = Processes(monkeypatch, "titanicarus.volumes.gluster.system.older")
    ended: list[int] = []
    monkeypatch.setattr("titanicarus.volumes.gluster.system.os.kill", lambda pid, _signal: ended.append(pid))
    restarts: list[str] = []
    commands: list[Sequence[str]] = []
    system = make_system(restarts, commands)
    volume = Volume("syd", HOSTS, ())
    assert system.renew(volume, 1.0) == ""
    there.old = {"glusterd": [NO_PROCESS], "glusterfsd": [NO_PROCESS + 2], "glusterfs": [NO_PROCESS + 3]}
    assert "glusterd" in system.renew(volume, 1.0)
    assert (restarts, ended) == (["glusterd"], [])
    there.old.pop("glusterd")
    assert "brick" in system.renew(volume, 1.0)
    assert sorted(ended) == [NO_PROCESS + 2, NO_PROCESS + 3]
    assert commands == [STARTED], "at once: clients look for the brick three seconds later"


def test_a_healing_daemon_that_does_without_a_brick_for_long_begins_anew(
    monkeypatch: pytest.MonkeyPatch, make_system: Make
) -> None:
    where = "titanicarus.volumes.gluster.system"
    clock, lacking, there, ended = [100.0], ["syd-db1"], {"syd-db1"}, list[int]()
    monkeypatch.setattr(f"{where}.monotonic", lambda: clock[0])
    monkeypatch.setattr(f"{where}.pids", lambda _program, _word: [NO_PROCESS])
    monkeypatch.setattr(f"{where}.connections.lacking", lambda _pid, _hosts: lacking)
    monkeypatch.setattr(f"{where}.connections.answers", lambda host: host in there)
    monkeypatch.setattr(f"{where}.os.kill", lambda pid, _signal: ended.append(pid))
    commands: list[Sequence[str]] = []
    system = make_system([], commands)
    volume = Volume("syd", HOSTS, ())

    def after(seconds: float) -> str:
        clock[0] += seconds
        return system.reconnect(volume)

    assert after(0) == after(HEALER_APART_SECONDS - 1) == ""
    there.clear()
    assert after(HEALER_APART_SECONDS) == "", "a host that is off is no reason"
    there.add("syd-db1")
    assert after(1) == after(HEALER_APART_SECONDS - 1) == ""
    assert "to reach syd-db1" in after(1)
    assert (ended, commands) == ([NO_PROCESS], [STARTED])
    assert after(1) == "", "it has just begun"
    assert sum(bool(after(15)) for _ in range(4 * 60)) < 5, "and if that does not help, it is done rarely"
    lacking.clear()
    assert after(100) == ""


@pytest.fixture
def make_system(tmp_path: Path) -> Make:
    def make(restarts: list[str], commands: list[Sequence[str]]) -> GlusterFS:
        def run(argv: Sequence[str], _seconds: float) -> str:
            commands.append(argv)
            return "<cliOutput><opRet>0</opRet><opErrno>0</opErrno></cliOutput>"

        facts = Facts("syd-filer1", (), (Volume("syd", HOSTS, ()),), ())
        restart = partial(restarts.append, "glusterd")
        system = GlusterFS(facts, Gluster(run), restart, tmp_path / "memory")
        system._folders["syd"] = Path("/srv/bricks/syd.1")
        return system

    return make


class Client:
    """A mount's client and all around it, which are well; `lacking` are bricks that it is not connected to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun: list[str] = []
        self.old: list[int] = []
        self.lacking: list[str] = []
        self.busy = False
        self.said: list[str] = []
        self._now = 1000.0
        where = "titanicarus.volumes.mount_watch"
        monkeypatch.setattr(f"{where}.units.mounted", lambda: {Path("/srv/files/syd")})
        monkeypatch.setattr(f"{where}.units.start", self.begun.append)
        monkeypatch.setattr(f"{where}.judge", lambda _now, _seen: Verdict(True, False, "is well"))
        monkeypatch.setattr("titanicarus.volumes.trial.Trial.begin", lambda _self: None)
        monkeypatch.setattr(f"{where}.connections.lacking", lambda _pid, _hosts: list(self.lacking))
        monkeypatch.setattr(f"{where}.connections.answers", lambda host: host != "syd-off")
        monkeypatch.setattr(processes, "pids", lambda _program, _path: [NO_PROCESS])
        monkeypatch.setattr(renewal, "written", lambda: 5.0)
        monkeypatch.setattr(renewal, "latest", lambda: 2e9)
        monkeypatch.setattr(processes, "in_use", lambda _path: self.busy)
        monkeypatch.setattr(renewal, "mount_is_due", lambda _host, _now, _latest, busy: not busy)
        monkeypatch.setattr(processes, "older", lambda _program, _path, than: self.old if than == 5.0 else [])
        self.watch = MountWatch("syd-web1", Mount("syd", HOSTS), self.said.append, lambda: self._now)

    def after(self, seconds: float) -> int:
        """Look every second for so long; how often the mount was mounted anew by then."""
        for _ in range(int(seconds)):
            self._now += 1
            self.watch.look()
        return len(self.begun)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    return Client(monkeypatch)


def test_a_client_that_is_well_is_left_alone(client: Client) -> None:
    assert client.after(3600) == 0


def test_a_client_with_an_older_certificate_is_begun_anew(client: Client) -> None:
    client.old = [7]
    assert client.after(CLIENT_SECONDS) >= 1
    assert "/srv/files/syd is mounted anew, with the new certificate" in client.said


def test_a_client_that_does_without_a_brick_is_begun_anew_and_more_rarely_if_that_does_not_help(client: Client) -> None:
    longest = APART_SECONDS * (TURNS + 1)
    client.lacking = ["syd-filer2"]
    assert client.after(APART_SECONDS) == 0
    assert client.after(longest) == 1
    assert "/srv/files/syd is mounted anew, to reach syd-filer2" in client.said
    assert client.watch.document()["why"] == "is well, not by syd-filer2"
    assert client.after(SOONEST) == 2
    assert client.after(4 * SOONEST - longest) == 2
    assert client.after(86_400) < 8
    client.lacking = []
    client.after(2 * CLIENT_SECONDS)
    assert client.watch.document()["why"] == "is well"


def test_a_brick_whose_host_is_off_is_waited_for(client: Client) -> None:
    client.lacking = ["syd-off"]
    assert client.after(3600) == 0


def test_a_mount_in_use_is_left_alone(client: Client) -> None:
    client.old, client.lacking, client.busy = [7], ["syd-filer2"], True
    assert client.after(3600) == 0
    client.busy = False
    assert client.after(APART_SECONDS * (TURNS + 1)) >= 1


def test_what_cannot_be_found_out_is_said_and_changes_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> float:
        raise VolumeError("no certificate")

    monkeypatch.setattr(renewal, "written", fail)
    assert client.after(CLIENT_SECONDS + 1) == 0
    assert "/srv/files/syd could not be looked at: no certificate" in client.said
