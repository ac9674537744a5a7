"""What minions can and cannot get from the masters of a fleet."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from fixtures.control_plane import ControlPlane

SECRET = "session_secrets"


def test_a_host_gets_its_pillar_and_nothing_of_other_roles(minions: dict[str, Any], plane: ControlPlane) -> None:
    web = minions["syd-web1"].salt_call_cli().run("pillar.items", "unmask=True").data
    balancer = minions["mel-lb1"].salt_call_cli().run("pillar.items", "unmask=True").data
    compiled = json.loads((plane.release("syd-store1") / "pillar/syd-web1.json").read_bytes())
    assert web == compiled
    assert SECRET in web["web"] and "lb" not in web
    assert balancer["host"]["id"] == "mel-lb1"
    assert "web" not in balancer and SECRET not in json.dumps(balancer)


@pytest.mark.parametrize("master", [0, 1])
def test_each_master_of_the_list_commands_every_minion(
    master: int, masters: list[Any], minions: dict[str, Any]
) -> None:
    found = masters[master].salt_cli().run("test.ping", minion_tgt="*").data
    assert found == {"syd-web1": True, "mel-lb1": True}


def test_an_apply_says_in_brief_what_happened(masters: list[Any], minions: dict[str, Any], tmp_path: Any) -> None:
    record = str(tmp_path / "applied")
    cli = masters[0].salt_cli()
    expected = {"syd-web1": "r1"}
    arguments = {"minion_tgt": "syd-web1", "expected": json.dumps(expected), "record": record}
    first = cli.run("platform.apply", **arguments).data
    assert first["outcome"] == "applied" and first["states"] == 1 and first["failed"] == []
    assert cli.run("platform.apply", **arguments).data["outcome"] == "unchanged"
    assert cli.run("platform.apply", **(arguments | {"full": "True"})).data["outcome"] == "applied"
    other = arguments | {"expected": json.dumps({"syd-web1": "r2"})}
    assert cli.run("platform.apply", **other).data["outcome"] == "applied"
    assert cli.run("platform.applied", minion_tgt="syd-web1", record=record).data["revision"] == "r2"
    assert len(json.dumps(first)) < 500


def test_the_file_server_lists_states_extensions_and_library_only(minions: dict[str, Any]) -> None:
    listed = minions["syd-web1"].salt_call_cli().run("cp.list_master").data
    assert "top.sls" in listed and "titanicarus.tar.gz" in listed and "_modules/platform.py" in listed
    tops = {path.partition("/")[0] for path in listed}
    assert tops <= {"top.sls", "probe", "content", "_modules", "_states", "titanicarus.tar.gz"}


@pytest.mark.parametrize(
    "path",
    [
        "salt://pillar/syd-web1.json",
        "salt://pillar/tenants/harbour.yaml",
        "salt://Saguirefile",
        "salt://../pillar/mel-lb1.json",
        "salt://../../pillar/mel-lb1.json",
        "salt://../../pillar/mel-lb1.json?index=0",
        "salt://probe/../../../pillar/mel-lb1.json",
        "salt://|../../pillar/mel-lb1.json",
        "salt://_pillar/titanicarus.py",
        "salt://../../../../trust",
        "salt://src/titanicarus/__init__.py",
    ],
)
def test_a_minion_cannot_fetch_pillar_or_repository(path: str, minions: dict[str, Any]) -> None:
    cli = minions["syd-web1"].salt_call_cli()
    assert cli.run("cp.get_file_str", path).data in {False, ""}
    assert not cli.run("cp.hash_file", path).data


def test_a_minion_cannot_ask_for_the_pillar_of_another(minions: dict[str, Any]) -> None:
    """The id goes into the request's signed part: a minion that claims another's is not heard."""
    source = f"""
import salt.config, salt.channel.client, salt.utils.platform
opts = salt.config.minion_config({minions["syd-web1"].config["conf_file"]!r})
opts["master_uri"] = "tcp://" + opts["master"][0]
channel = salt.channel.client.ReqChannel.factory(opts, crypt="aes")
load = dict(cmd="_pillar", id="mel-lb1", saltenv="base", grains={{"id": "mel-lb1"}}, ver="2", pillarenv=None)
try:
    print("GOT", channel.crypted_transfer_decode_dictentry(load, dictkey="pillar", tries=1, timeout=10))
except Exception as error:
    print("REFUSED", type(error).__name__)
"""
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=False)
    assert "private" not in done.stdout.lower()
    assert "REFUSED" in done.stdout, done.stdout + done.stderr


def test_the_masters_hold_one_key_and_accept_the_fleet_only(masters: list[Any], plane: ControlPlane) -> None:
    folders = [plane.transport.root(host) / "etc/salt/pki/master" for host in ("syd-store1", "mel-store1")]
    keys = {(folder / "master.pub").read_bytes() for folder in folders}
    signs = {(folder / "master_sign.pub").read_bytes() for folder in folders}
    assert len(keys) == 1 and len(signs) == 1
    known = {host.id for host in plane.declaration.fleet.hosts}
    assert all({key.name for key in (folder / "minions").iterdir()} == known for folder in folders)


def test_an_unknown_minion_waits_outside(masters: list[Any], minions: dict[str, Any], plane: ControlPlane) -> None:
    stranger = masters[0].salt_minion_daemon("syd-evil", overrides={"acceptance_wait_time": 1, "loop_interval": 1})
    sign = plane.transport.root("syd-web1") / "etc/salt/pki/minion/master_sign.pub"
    done = stranger.salt_call_cli().run("--timeout=5", "pillar.items", "unmask=True", _timeout=40)
    assert SECRET not in done.stdout
    keys = masters[0].salt_key_cli().run("--list=all").data
    assert "syd-evil" not in keys["minions"] and "syd-evil" in keys["minions_pre"]
    assert sign.exists() and os.access(sign, os.R_OK)
