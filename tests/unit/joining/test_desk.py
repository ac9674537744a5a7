"""The desk of a control host, the first files of a machine, and what a push makes of keys that were let in."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fixtures.control_plane import ROOT, ControlPlane

from titanicarus.control import joined, layout, secrets
from titanicarus.control.errors import BrokenSecrets, ControlError
from titanicarus.control.joined import Joined, UsedTwice
from titanicarus.control.provision import provision_blank
from titanicarus.control.secrets import new_pair
from titanicarus.fleet.ports import JOIN
from titanicarus.joining import desk, estate
from titanicarus.joining.machine import PLACE, Joining, Way, own_pair, read_answer
from titanicarus.joining.ticket import NotLetIn, Token, issue, request
from titanicarus.operations.errors import OperationFailed
from titanicarus.operations.joining import gather_joined, write_first_files

HOST = "syd-web1"


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> ControlPlane:
    plane = ControlPlane(tmp_path_factory.mktemp("plane"))
    for host in plane.controls:
        plane.provision(host)
    plane.push()
    return plane


@pytest.fixture
def plane(pushed: ControlPlane, tmp_path: Path) -> ControlPlane:
    return ControlPlane(tmp_path / "plane", like=pushed)


def token(plane: ControlPlane, host: str = HOST, seconds: int = 600) -> Token:
    return issue(host, seconds, time.time(), plane.secrets.sign.private)


def show(plane: ControlPlane, control: str, wanted: Any, now: float | None = None) -> dict[str, Any]:
    line = wanted if isinstance(wanted, bytes) else json.dumps(wanted).encode() + b"\n"
    out = io.BytesIO()
    desk.serve(io.BytesIO(line), out, plane.transport.root(control), now or time.time())
    return dict(json.loads(out.getvalue()))


def accepted(plane: ControlPlane, control: str, host: str = HOST) -> str:
    return (plane.transport.root(control) / "etc/salt/pki/master/minions" / host).read_text()


def test_a_desk_lets_the_key_in_and_says_what_to_apply(plane: ControlPlane) -> None:
    control, key = plane.controls[0], new_pair().public
    said = show(plane, control, request(token(plane), key))
    facts = json.loads((plane.release(control) / "release.json").read_bytes())
    assert said["joined"] is True and said["revision"] == facts["hosts"][HOST]
    assert accepted(plane, control) == key
    assert accepted(plane, plane.controls[1]) == plane.secrets.minions[HOST].public, "each desk decides for itself"


def test_what_a_desk_refuses_changes_nothing(plane: ControlPlane) -> None:
    control, mine, thief = plane.controls[0], new_pair().public, new_pair().public
    good = token(plane)
    stranger = issue(HOST, 600, time.time(), new_pair().private)
    assert "not one of this fleet" in show(plane, control, request(stranger, thief))["refused"]
    assert "ended" in show(plane, control, request(good, mine), time.time() + 700)["refused"]
    assert "is no JSON" in show(plane, control, b"GET / HTTP/1.1\r\n")["refused"]
    assert "too long" in show(plane, control, b"x" * 20000)["refused"]
    assert "is no host of this fleet" in show(plane, control, request(token(plane, "../../x"), thief))["refused"]
    assert accepted(plane, control) == plane.secrets.minions[HOST].public
    assert "joined" in show(plane, control, request(good, mine))
    assert "was used already" in show(plane, control, request(good, thief))["refused"]
    assert "joined" in show(plane, control, request(good, mine))
    assert accepted(plane, control) == mine


def test_a_control_host_without_a_release_asks_to_come_again(plane: ControlPlane) -> None:
    (plane.release(plane.controls[0])).unlink()
    assert "later" in show(plane, plane.controls[0], request(token(plane), new_pair().public))


def test_a_push_keeps_the_new_key_and_brings_it_to_the_others(plane: ControlPlane) -> None:
    first, *others = plane.controls
    key = new_pair().public
    show(plane, first, request(token(plane), key))
    plane.write("salt/probe/init.sls", "probe_other:\n  test.nop: []\n")
    plane.push()
    assert accepted(plane, first) == key, "also a push that knows nothing of it"
    gather_joined(plane.transport, plane.declaration, plane.state / "secrets")
    plane.push()
    assert {accepted(plane, control) for control in plane.controls} == {key}
    assert secrets.load(plane.declaration.fleet, plane.state / "secrets").accepted[HOST] == key
    assert len(others) > 0


def test_a_host_that_is_provisioned_anew_has_its_key_of_birth_again(plane: ControlPlane) -> None:
    folder, now = plane.state / "secrets", time.time()
    show(plane, plane.controls[0], request(token(plane), new_pair().public))
    gather_joined(plane.transport, plane.declaration, folder)
    secrets.reborn(folder, ["syd-web2"], datetime.fromtimestamp(now + 60, UTC))
    assert secrets.load(plane.declaration.fleet, folder).accepted[HOST] != plane.secrets.minions[HOST].public
    secrets.reborn(folder, [HOST], datetime.fromtimestamp(now + 60, UTC))
    plane.push()
    assert {accepted(plane, control) for control in plane.controls} == {plane.secrets.minions[HOST].public}


def test_one_ticket_with_two_keys_is_told(plane: ControlPlane) -> None:
    good = token(plane)
    for control in plane.controls[:2]:
        show(plane, control, request(good, new_pair().public))
    with pytest.raises(UsedTwice, match=rf"for {HOST} let one key in at .* and another one at .*: if you do not know"):
        gather_joined(plane.transport, plane.declaration, plane.state / "secrets")
    key = new_pair().public
    newer = issue(HOST, 600, time.time() + 5, plane.secrets.sign.private)
    for control in plane.controls:
        show(plane, control, request(newer, key))
    gather_joined(plane.transport, plane.declaration, plane.state / "secrets")
    assert secrets.load(plane.declaration.fleet, plane.state / "secrets").accepted[HOST] == key


def test_control_hosts_that_are_down_are_not_asked(plane: ControlPlane) -> None:
    plane.transport.down.update(plane.controls)
    gather_joined(plane.transport, plane.declaration, plane.state / "secrets")
    assert not (plane.state / "secrets" / secrets.JOINED).exists()


def test_damaged_lists_are_errors_that_name_their_file(plane: ControlPlane) -> None:
    folder = plane.state / "secrets"
    joined.write(folder / secrets.JOINED, {})
    (folder / secrets.JOINED).write_text("[1]")
    with pytest.raises(BrokenSecrets, match=r"joined\.json"):
        secrets.load(plane.declaration.fleet, folder)
    (folder / secrets.JOINED).unlink()
    theirs = layout.below(plane.transport.root(plane.controls[0]), layout.Deploy(layout.DEPLOY).joined)
    theirs.write_text('{"syd-web1": {"key": 1}}')
    with pytest.raises(ControlError, match=rf"{plane.controls[0]}: .*joined\.json"):
        gather_joined(plane.transport, plane.declaration, folder)


def test_the_newest_word_counts() -> None:
    minions = {"a": "birth-a", "b": "birth-b", "c": "birth-c"}
    let_in = {"a": Joined("new-a", 10, "n"), "b": Joined("old-b", 5, "m"), "gone": Joined("x", 9, "o")}
    assert joined.in_force(minions, {"b": 7}, let_in) == {"a": "new-a", "b": "birth-b", "c": "birth-c"}


def test_a_blank_machine_gets_a_token_and_no_other_secret(plane: ControlPlane, tmp_path: Path) -> None:
    good = token(plane)
    provision_blank(plane.declaration, plane.secrets, good, tmp_path)
    way = Way.read(tmp_path)
    assert way.token == good and way.desks == tuple(f"{address}:{JOIN}" for address in way.masters)
    assert way.masters[0] == "10.72.1.31" and len(way.masters) == len(plane.controls)
    assert not (tmp_path / "etc/salt/pki/minion/minion.pem").exists()
    drop_in = (tmp_path / "etc/systemd/system/salt-minion.service.d/join.conf").read_text()
    assert "ConditionPathExists=/etc/salt/pki/minion/minion.pub\n" in drop_in
    wanted = tmp_path / "etc/systemd/system/multi-user.target.wants"
    assert [path.name for path in wanted.iterdir()] == ["titanicarus-join.service"]
    everything = b"".join(path.read_bytes() for path in (tmp_path / "etc").rglob("*") if path.is_file())
    assert b"PRIVATE KEY" not in everything
    said = show(plane, plane.controls[0], request(way.token, own_pair(tmp_path).public))
    assert said["joined"] is True
    assert good.document()["secret"] in layout.below(tmp_path, PLACE).read_text()


def joins(plane: ControlPlane, host: str, root: Path) -> Joining:
    """A blank machine that is to be `host`, and asks the desks of the plane's folders."""
    provision_blank(plane.declaration, plane.secrets, token(plane, host), root)
    fleet = plane.declaration.fleet
    desks = {f"{fleet.host(control).lan}:{JOIN}": control for control in plane.controls}

    def ask(address: str, wanted: dict[str, Any]) -> dict[str, Any]:
        out = io.BytesIO()
        line = json.dumps(wanted).encode() + b"\n"
        desk.serve(io.BytesIO(line), out, plane.transport.root(desks[address]), time.time())
        return read_answer(io.BytesIO(out.getvalue()))

    def run(argv: list[str]) -> str:
        return json.dumps({"local": {"outcome": "applied", "failed": []}})

    return Joining(Way.read(root), root, ask, run, sleep=lambda _: None, say=lambda _: None)


def test_a_blank_control_host_gets_what_the_others_have(plane: ControlPlane, tmp_path: Path) -> None:
    control, *others = plane.controls
    blank = tmp_path / "blank"
    joins(plane, control, blank).work()
    for name in ("master_sign.pem", "master_sign.pub", f"{control}.pem", f"{control}.pub"):
        file = blank / "etc/salt/pki/master" / name
        assert file.read_bytes() == (plane.transport.root(control) / "etc/salt/pki/master" / name).read_bytes()
    assert (blank / "etc/salt/pki/master/master_sign.pem").stat().st_mode & 0o777 == 0o400
    here = layout.Deploy(layout.below(blank, layout.DEPLOY))
    assert here.path.stat().st_mode & 0o777 == 0o700
    assert here.current.readlink().name == plane.current(control)
    mine = (blank / "etc/salt/pki/minion/minion.pub").read_text()
    assert (blank / "etc/salt/pki/master/minions" / control).read_text() == mine
    assert {accepted(plane, other, control) for other in others} == {mine}
    shutil.rmtree(plane.transport.root(control))
    blank.rename(plane.transport.root(control))
    plane.write("salt/probe/init.sls", "probe_other:\n  test.nop: []\n")
    gather_joined(plane.transport, plane.declaration, plane.state / "secrets")
    assert control in plane.push().activated
    assert accepted(plane, control, control) == mine and accepted(plane, control) == plane.secrets.minions[HOST].public


def test_nobody_else_gets_what_control_hosts_have(plane: ControlPlane, tmp_path: Path) -> None:
    wanted = request(token(plane), new_pair().public) | {"estate": True}
    assert "estate" not in show(plane, plane.controls[0], wanted), "a web server asks for it"
    machine = joins(plane, plane.controls[0], tmp_path)
    wanted = request(machine.way.token, new_pair().public)
    assert "estate" not in show(plane, plane.controls[1], wanted), "it is not asked for"
    assert "was used" in show(plane, plane.controls[1], request(machine.way.token, new_pair().public))["refused"]


def test_what_is_handed_over_is_for_one_machine_and_signed_by_the_fleet(plane: ControlPlane, tmp_path: Path) -> None:
    control, other = plane.controls[:2]
    provision_blank(plane.declaration, plane.secrets, token(plane, control), tmp_path)
    mine, thief = new_pair(), new_pair()
    good = estate.seal(plane.transport.root(other), control, mine.public)
    secret = plane.secrets.master.private.encode()
    assert secret[100:140] not in good.sealed
    for bad, pair in (
        (good, thief),
        (replace(good, sealed=good.sealed[:-1] + b"x"), mine),
        (replace(good, wrapped=thief.public.encode()), mine),
        (replace(good, signature=b""), mine),
    ):
        with pytest.raises(NotLetIn, match="not of this fleet, or not for this machine"):
            estate.install(bad, tmp_path, pair.private, pair.public)
    with pytest.raises(NotLetIn, match="cannot be read"):
        estate.Estate.of({"wrapped": 3}, b"")
    assert not (tmp_path / "srv").exists()


def test_the_socket_listens_where_machines_come() -> None:
    text = (ROOT / "salt/joins/socket.j2").read_text()
    assert f"ListenStream={{{{ pillar.host.lan }}}}:{JOIN}\n" in text


def test_first_files_are_written_for_the_owner_and_overwrite_nothing(tmp_path: Path) -> None:
    write_first_files(tmp_path / "a.tar", b"data")
    assert (tmp_path / "a.tar").stat().st_mode & 0o777 == 0o600
    with pytest.raises(OperationFailed, match="name a file that is not there yet"):
        write_first_files(tmp_path / "a.tar", b"other")
    assert not tarfile.is_tarfile(tmp_path / "a.tar")
