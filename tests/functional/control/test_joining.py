"""A blank machine takes a host's place: its own key, its ticket, real desks, real masters, a real apply.

systemd is played: by a server that starts a desk for each connection, and by the test, which starts the minion.
"""

from __future__ import annotations

import json
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fixtures.control_plane import ControlPlane
from functional.conftest import MASTERS, minion_overrides, use_keys, use_modules
from functional.control.test_masters import salt

from titanicarus.control.provision import provision_blank
from titanicarus.control.secrets import new_pair
from titanicarus.joining.machine import SALT_CALL, JoinFailed, Joining, Way, ask
from titanicarus.joining.ticket import Token, issue, request

HOST = "mel-web2"


class Door(socketserver.ThreadingTCPServer):
    """What titanicarus-joins.socket does: a program for each connection, which is its input and output."""

    daemon_threads = True

    def __init__(self, root: Path) -> None:
        self.root = root
        super().__init__(("127.0.0.1", 0), Desk)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class Desk(socketserver.BaseRequestHandler):
    server: Door

    def handle(self) -> None:
        command = [sys.executable, "-m", "titanicarus.joining.desk", "--root", str(self.server.root)]
        subprocess.run(command, stdin=self.request, stdout=self.request, timeout=60, check=True)


@pytest.fixture(scope="module")
def doors(plane: ControlPlane, masters: list[Any]) -> Iterator[list[Door]]:
    doors = [Door(plane.transport.root(master)) for master in MASTERS]
    for door in doors:
        threading.Thread(target=door.serve_forever, daemon=True).start()
    yield doors
    for door in doors:
        door.shutdown()
        door.server_close()


def patient(desk: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """As `ask`, for a machine that has other things to do: Python may take seconds to start."""
    until = time.monotonic() + 120
    while True:
        try:
            return ask(desk, wanted)
        except TimeoutError:
            assert time.monotonic() < until


def token(plane: ControlPlane, sign: str | None = None, seconds: int = 600, ago: float = 0) -> Token:
    return issue(HOST, seconds, time.time() - ago, sign or plane.secrets.sign.private)


def accepted(plane: ControlPlane) -> set[str]:
    folders = [plane.transport.root(master) / "etc/salt/pki/master/minions" for master in MASTERS]
    return {(folder / HOST).read_text() for folder in folders}


def test_nobody_is_let_in_with_a_ticket_that_is_not_good(plane: ControlPlane, doors: list[Door]) -> None:
    before = accepted(plane)
    thief = new_pair().public
    for bad, why in (
        (request(token(plane, sign=new_pair().private), thief), "not one of this fleet"),
        (request(token(plane, ago=700), thief), "ended"),
        (request(token(plane), new_pair().public) | {"public": thief}, "not put there by who holds the ticket"),
        ({"ticket": HOST}, "no `ticket`"),
    ):
        for door in doors:
            assert why in patient(door.address, bad)["refused"]
    assert accepted(plane) == before


def test_a_blank_machine_becomes_the_host(
    plane: ControlPlane, masters: list[Any], doors: list[Door], tmp_path: Path
) -> None:
    good = token(plane)
    provision_blank(plane.declaration, plane.secrets, good, tmp_path)
    ports = tuple(f"127.0.0.1:{master.config['ret_port']}" for master in masters)
    Way(good, tuple(door.address for door in doors), ports).write(tmp_path)
    minion = masters[0].salt_minion_daemon(HOST, overrides=minion_overrides(plane, masters, HOST))
    use_keys(minion, tmp_path / "etc/salt/pki/minion")
    use_modules(minion)
    started: list[list[str]] = []

    def run(argv: list[str]) -> str:
        if argv[0] != SALT_CALL:
            started.append(argv)
            return ""
        call = [str(Path(sys.executable).with_name("salt-call")), "-c", str(minion.config_dir), *argv[1:]]
        done = subprocess.run([*call, f"record={tmp_path}/applied"], capture_output=True, timeout=300, check=False)
        return done.stdout.decode()

    said: list[str] = []
    Joining(Way.read(tmp_path), tmp_path, patient, run, say=said.append).work()
    mine = {(tmp_path / "etc/salt/pki/minion/minion.pub").read_text()}
    assert accepted(plane) == mine != {plane.secrets.minions[HOST].public}
    assert said[-1].startswith("this machine is in service"), said
    facts = json.loads((plane.release(MASTERS[0]) / "release.json").read_bytes())
    assert json.loads((tmp_path / "applied").read_text())["revision"] == facts["hosts"][HOST]
    assert len(started) == 1

    minion.start(start_timeout=240)
    try:
        for master in masters:
            assert salt(master, "-L", HOST, "test.ping") == {HOST: True}
    finally:
        minion.terminate()

    second = Way(good, tuple(door.address for door in doors), ports)
    blank = tmp_path / "second"
    second.write(blank)
    with pytest.raises(JoinFailed, match="was used already, with another key"):
        Joining(second, blank, patient, run, say=said.append).work()
    assert accepted(plane) == mine


def test_the_lost_host_with_its_old_key_is_a_stranger(plane: ControlPlane, masters: list[Any], tmp_path: Path) -> None:
    """Also when somebody finds the old machine and switches it on."""
    old = plane.provision(HOST)
    stranger = masters[0].salt_minion_daemon(HOST, overrides=minion_overrides(plane, masters, HOST))
    use_keys(stranger, old / "etc/salt/pki/minion")
    command = [str(Path(sys.executable).with_name("salt-call")), "-c", str(stranger.config_dir), "pillar.items"]
    call = subprocess.Popen([*command, "unmask=True"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    denied = Path(masters[0].config["pki_dir"]) / "minions_denied" / HOST
    try:
        deadline = time.monotonic() + 120
        while not denied.exists():
            assert time.monotonic() < deadline and call.poll() is None, "the master never heard of the old machine"
            time.sleep(0.1)
    finally:
        call.terminate()
        printed = call.communicate(timeout=60)[0].decode()
    assert "roles" not in printed
