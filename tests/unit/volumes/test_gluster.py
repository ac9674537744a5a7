"""What glusterd says, what is written for it before it starts, and what a host remembers of its bricks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from titanicarus.volumes.errors import BadFacts, Silent, VolumeError
from titanicarus.volumes.facts import Facts, facts_from, read_facts
from titanicarus.volumes.gluster import files
from titanicarus.volumes.gluster.cli import Gluster
from titanicarus.volumes.gluster.options import wanted
from titanicarus.volumes.gluster.pool import prepare

IDS = {
    "syd-filer1": "11111111-1111-4111-8111-111111111111",
    "syd-filer2": "22222222-2222-4222-8222-222222222222",
    "syd-db1": "33333333-3333-4333-8333-333333333333",
}
DATA: dict[str, Any] = {
    "host": "syd-filer1",
    "pool": [{"id": host, "uuid": identity, "arbiter": host == "syd-db1"} for host, identity in IDS.items()],
    "volumes": [{"name": "syd", "bricks": list(IDS), "clients": [*IDS, "syd-web1"]}],
    "mounts": [{"name": "syd", "servers": ["syd-filer1", "syd-filer2"]}],
    "folders": [],
}


def answer(body: str, code: int = 0, number: int = 0, error: str = "") -> str:
    head = f"<opRet>{code}</opRet><opErrno>{number}</opErrno><opErrstr>{error}</opErrstr>"
    return f'<?xml version="1.0"?><cliOutput>{head}{body}</cliOutput>'


def asked(said: str, calls: list[Sequence[str]] | None = None) -> Gluster:
    def run(argv: Sequence[str], _seconds: float) -> str:
        if calls is not None:
            calls.append(argv)
        return said

    return Gluster(run)


def test_a_volume_is_read() -> None:
    brick = "<brick><name>{0}:/srv/bricks/syd.1</name><hostUuid>{1}</hostUuid></brick>"
    bricks = "".join(brick.format(host, identity) for host, identity in IDS.items())
    option = "<option><name>network.ping-timeout</name><value>3</value></option>"
    body = (
        "<volInfo><volumes><volume><name>syd</name><id>abc</id><statusStr>Started</statusStr>"
        f"<bricks>{bricks}</bricks><options>{option}</options></volume><count>1</count></volumes></volInfo>"
    )
    known = asked(answer(body)).volume("syd")
    assert known is not None
    assert (known.id, known.started, known.options) == ("abc", True, {"network.ping-timeout": "3"})
    assert [str(brick) for brick in known.bricks] == [f"{host}:/srv/bricks/syd.1" for host in IDS]


def test_a_walk_through_every_folder_is_ordered_in_words() -> None:
    calls: list[Sequence[str]] = []
    words = "Launching heal operation to perform full self heal on volume syd has been"
    asked(f"{words} successful \nUse heal info commands to check status.", calls).heal_all("syd")
    assert calls == [["gluster", "--mode=script", "volume", "heal", "syd", "full"]]
    with pytest.raises(VolumeError, match="unsuccessful: Volume syd does not exist"):
        asked(f"{words} unsuccessful:\nVolume syd does not exist").heal_all("syd")


def test_no_volume_is_not_no_answer() -> None:
    assert asked(answer("<volInfo/>", -1, 30806, "Volume does not exist")).volume("syd") is None
    with pytest.raises(Silent, match="gave no answer: Connection failed"):
        asked("Connection failed. Please check if gluster daemon is operational.").volume("syd")
    with pytest.raises(VolumeError, match="Another transaction is in progress"):
        asked(answer("", -1, 30800, "Another transaction is in progress")).volume("syd")


def test_peers_and_bricks_are_read() -> None:
    peer = "<peer><uuid>{0}</uuid><connected>{1}</connected><stateStr>{2}</stateStr></peer>"
    peers = (
        peer.format("a", 1, "Peer in Cluster")
        + peer.format("b", 0, "Peer in Cluster")
        + peer.format("c", 1, "Peer Rejected")
    )
    assert asked(answer(f"<peerStatus>{peers}</peerStatus>")).connected() == {"a": True, "b": False, "c": False}
    node = "<node><hostname>{0}</hostname><path>{1}</path><peerid>{2}</peerid><status>{3}</status></node>"
    nodes = node.format("x", "/srv/bricks/syd.1", "a", 1) + node.format("Self-heal Daemon", "localhost", "a", 0)
    body = f"<volStatus><volumes><volume>{nodes}</volume></volumes></volStatus>"
    assert asked(answer(body)).online("syd") == {"a": True}


def test_an_order_is_an_argument_list() -> None:
    calls: list[Sequence[str]] = []
    asked(answer(""), calls).set("syd", {"b": "2", "a": "1 2"})
    assert calls == [["gluster", "--mode=script", "--xml", "volume", "set", "syd", "a", "1 2", "b", "2"]]


def test_only_the_hosts_of_the_island_may_connect_and_only_with_certificates() -> None:
    (volume,) = facts_from(DATA).volumes
    options = wanted(volume)
    assert options["auth.ssl-allow"] == "syd-db1,syd-filer1,syd-filer2,syd-web1"
    assert (options["client.ssl"], options["server.ssl"]) == ("on", "on")


def facts(tmp_path: Path, **changed: Any) -> Facts:
    path = tmp_path / "files.json"
    path.write_text(json.dumps(DATA | changed))
    return read_facts(path)


def test_a_host_knows_itself_and_its_peers_before_glusterd_starts(tmp_path: Path) -> None:
    working = tmp_path / "glusterd"
    told = prepare(facts(tmp_path), working)
    assert len(told) == 3
    assert f"UUID={IDS['syd-filer1']}" in (working / "glusterd.info").read_text()
    peers = {path.name: path.read_text() for path in (working / "peers").iterdir()}
    assert set(peers) == {IDS["syd-filer2"], IDS["syd-db1"]}
    assert peers[IDS["syd-db1"]] == f"uuid={IDS['syd-db1']}\nstate=3\nhostname1=syd-db1\n"
    assert prepare(facts(tmp_path), working) == []


def test_a_peer_that_left_goes_when_it_has_no_brick_any_more(tmp_path: Path) -> None:
    working = tmp_path / "glusterd"
    prepare(facts(tmp_path), working)
    brick = working / "vols/syd/bricks/syd-db1:-srv-bricks-syd.1"
    brick.parent.mkdir(parents=True)
    brick.write_text("hostname=syd-db1\npath=/srv/bricks/syd.1\n")
    other = "44444444-4444-4444-8444-444444444444"
    pool = [*DATA["pool"][:2], {"id": "syd-db2", "uuid": other, "arbiter": True}]
    volumes = [{"name": "syd", "bricks": ["syd-filer1", "syd-filer2", "syd-db2"], "clients": []}]
    changed = facts(tmp_path, pool=pool, volumes=volumes)
    prepare(changed, working)
    assert {path.name for path in (working / "peers").iterdir()} == {IDS["syd-filer2"], IDS["syd-db1"], other}
    brick.unlink()
    prepare(changed, working)
    assert {path.name for path in (working / "peers").iterdir()} == {IDS["syd-filer2"], other}


def test_volumes_of_another_pool_are_not_taken_over(tmp_path: Path) -> None:
    working = tmp_path / "glusterd"
    (working / "vols/shop").mkdir(parents=True)
    (working / "vols/shop/info").write_text("type=2\n")
    (working / "glusterd.info").write_text("UUID=99999999-9999-4999-8999-999999999999\noperating-version=110000\n")
    with pytest.raises(VolumeError, match="another pool's"):
        prepare(facts(tmp_path), working)
    assert not (working / "peers").exists()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"pool": DATA["pool"][:2]}, "bricks on syd-db1, which is not in the pool"),
        ({"host": "syd-web1"}, "syd-web1 itself is not in the pool"),
        ({"pool": [{"id": "a", "uuid": "no", "arbiter": False}]}, "ValueError"),
        ({"mounts": [{"name": "syd"}]}, "KeyError: 'servers'"),
    ],
)
def test_a_bad_configuration_is_a_sentence_with_the_path(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(BadFacts, match=said) as error:
        facts(tmp_path, **changed)
    assert str(tmp_path / "files.json") in str(error.value)


def test_an_unknown_mount_is_told_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(BadFacts, match="does not mount 'mel'; it mounts syd"):
        facts(tmp_path).mount("mel")


def test_a_host_remembers_its_bricks(tmp_path: Path) -> None:
    path = tmp_path / "state/bricks.json"
    assert files.remembered(path) == {}
    files.remember("syd", "a", path)
    files.remember("mel", "b", path)
    assert files.remembered(path) == {"syd": "a", "mel": "b"}
    assert files.forget("syd", path)
    assert not files.forget("syd", path)
    assert files.remembered(path) == {"mel": "b"}
    path.write_text("half")
    with pytest.raises(VolumeError, match="bricks"):
        files.remembered(path)


@pytest.mark.parametrize(("present", "following"), [("syd.1", "syd.2"), ("syd.9", "syd.10"), ("syd", "syd.2")])
def test_a_brick_that_is_replaced_gets_a_folder_of_its_own(present: str, following: str) -> None:
    assert files.next_folder(Path("/srv/bricks") / present) == Path("/srv/bricks") / following


def test_a_blank_folder_belongs_to_nobody(tmp_path: Path) -> None:
    assert files.mark(tmp_path) is None
    assert files.mark(tmp_path / "missing") is None
    assert files.free(tmp_path / "missing") is None
    assert files.waiting(tmp_path) is None


def test_what_waits_is_known_by_name(tmp_path: Path) -> None:
    folder = tmp_path / ".glusterfs/indices/xattrop"
    folder.mkdir(parents=True)
    for name in ("xattrop-1", "a", "b"):
        (folder / name).touch()
    assert files.waiting(tmp_path) == {"a", "b"}


def test_a_brick_is_served_by_a_process_that_names_its_folder(tmp_path: Path) -> None:
    (tmp_path / "77").mkdir()
    (tmp_path / "self").mkdir()
    words = tmp_path / "77/cmdline"
    words.write_bytes(b"/usr/sbin/glusterfsd\0--brick-name\0/srv/bricks/syd.1\0")
    assert files.served(Path("/srv/bricks/syd.1"), tmp_path)
    assert not files.served(Path("/srv/bricks/syd.2"), tmp_path)
    words.write_bytes(b"/usr/bin/ls\0/srv/bricks/syd.1\0")
    assert not files.served(Path("/srv/bricks/syd.1"), tmp_path)
    words.unlink()
    assert not files.served(Path("/srv/bricks/syd.1"), tmp_path)


@pytest.mark.parametrize(
    ("age", "content", "taken"),
    [
        (files.MAKING_SECONDS + 1, "", True),
        (files.MAKING_SECONDS + 1, ".glusterfs", True),
        (1.0, ".glusterfs", False),
        (files.MAKING_SECONDS + 1, ".glusterfs/00", False),
        (files.MAKING_SECONDS + 1, "somebody's", False),
    ],
)
def test_the_mark_of_a_volume_that_did_not_come_about_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age: float, content: str, taken: bool
) -> None:
    """Not from one that is being made, and not from a brick that ever ran."""
    removed: list[Path] = []
    monkeypatch.setattr(files.os, "removexattr", lambda path, _name: removed.append(path))
    (tmp_path / content).mkdir(parents=True, exist_ok=True)
    assert files.take_mark_back(tmp_path, tmp_path.stat().st_ctime + age) is taken
    assert removed == [tmp_path] * taken
