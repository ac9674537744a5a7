"""What minions can and cannot get from the masters of a fleet."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
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
    # Not '*': the masters accept the whole fleet, and would wait for the hosts that this test does not start.
    assert salt(masters[master], "-L", "syd-web1,mel-lb1", "test.ping") == {"syd-web1": True, "mel-lb1": True}


def salt(master: Any, *words: str) -> dict[str, Any]:
    """What `salt` prints on this master, by minion. Patient: other tests may keep the machine busy."""
    command = [str(Path(sys.executable).with_name("salt")), "-c", str(master.config_dir), "--static", "--out=json"]
    done = subprocess.run(
        [*command, "--log-level=quiet", "-t", "60", *words], capture_output=True, timeout=200, check=False
    )
    return dict(json.loads(done.stdout))


def test_an_apply_says_in_brief_what_happened(masters: list[Any], minions: dict[str, Any], tmp_path: Any) -> None:
    record = f"record={tmp_path}/applied"
    salt(masters[0], "syd-web1", "saltutil.sync_modules")

    def apply(revision: str, *words: str) -> dict[str, Any]:
        expected = f"expected={json.dumps({'syd-web1': revision})}"
        return dict(salt(masters[0], "syd-web1", "platform.apply", expected, record, *words)["syd-web1"])

    first = apply("r1")
    assert (first["outcome"], first["states"], first["failed"]) == ("applied", 1, [])
    assert len(json.dumps(first)) < 500
    assert apply("r1")["outcome"] == "unchanged"
    assert apply("r1", "full=True")["outcome"] == "applied"
    assert apply("r2", "test=True")["outcome"] == "applied"
    assert salt(masters[1], "syd-web1", "platform.applied", record)["syd-web1"]["revision"] == "r1"
    assert apply("r2")["outcome"] == "applied"
    assert salt(masters[1], "syd-web1", "platform.applied", record)["syd-web1"]["revision"] == "r2"


def test_the_file_server_lists_states_extensions_and_library_only(minions: dict[str, Any]) -> None:
    listed = minions["syd-web1"].salt_call_cli().run("cp.list_master").data
    assert "top.sls" in listed and "titanicarus.tar.gz" in listed and "_modules/platform.py" in listed
    tops = {path.partition("/")[0] for path in listed}
    assert tops <= {
        "top.sls", "probe", "failover", "content", "_beacons", "_modules", "_states", "titanicarus.tar.gz"
    }  # fmt: skip


OUT_OF_BOUNDS = (
    "salt://pillar/syd-web1.json",
    "salt://pillar/tenants/harbour.yaml",
    "salt://Saguirefile",
    "salt://../pillar/mel-lb1.json",
    "salt://../../pillar/mel-lb1.json",
    "salt://../../pillar/mel-lb1.json?index=0",
    "salt://probe/../../../pillar/mel-lb1.json",
    "salt://|../../pillar/mel-lb1.json",
    "salt://|/etc/salt/pki/master/master.pem",
    "salt://_pillar/titanicarus.py",
    "salt://../../../../trust",
    "salt://src/titanicarus/__init__.py",
)


def test_a_minion_cannot_fetch_pillar_or_repository(minions: dict[str, Any]) -> None:
    source = f"""
import salt.client
caller = salt.client.Caller(mopts=opts)
found = {{path: [caller.cmd("cp.get_file_str", path), caller.cmd("cp.hash_file", path)] for path in {OUT_OF_BOUNDS!r}}}
found["salt://top.sls"] = [caller.cmd("cp.get_file_str", "salt://top.sls"), "served"]
answer(found)
"""
    found = as_minion(minions["syd-web1"], source)
    assert found.pop("salt://top.sls")[0].startswith("base:")
    assert {path: got for path, got in found.items() if any(got)} == {}


@pytest.mark.parametrize("claim", ["in the request", "in the signed request"])
def test_a_minion_cannot_ask_for_the_pillar_of_another(claim: str, minions: dict[str, Any]) -> None:
    """With its own keys and connection; the second claim is put in after Salt has set the true id."""
    source = f"""
import salt.channel.client, salt.utils.tracing
opts["master_uri"] = "tcp://" + opts["master"][0]
channel = salt.channel.client.ReqChannel.factory(opts, crypt="aes")
load = dict(cmd="_pillar", id="mel-lb1", saltenv="base", grains={{"id": "mel-lb1"}}, ver="2", pillarenv=None)
if {claim!r} == "in the signed request":
    salt.utils.tracing.inject = lambda load: load.get("cmd") == "_pillar" and load.update(id="mel-lb1")
try:
    pillar = channel.crypted_transfer_decode_dictentry(load, dictkey="pillar", tries=1, timeout=20)
    answer(pillar["host"]["id"])
except Exception as error:
    answer("refused: " + repr(error))
"""
    got = as_minion(minions["syd-web1"], source)
    assert got == "syd-web1" or got.startswith("refused"), got


def as_minion(minion: Any, source: str) -> Any:
    """Run Python with the options, keys and masters of a minion; `answer(value)` in it hands a value back."""
    prelude = f"""
import json, salt.config
opts = salt.config.minion_config({minion.config["conf_file"]!r})
def answer(value):
    print("ANSWER" + json.dumps(value))
"""
    command = [sys.executable, "-c", prelude + source]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert "ANSWER" in done.stdout, done.stderr
    return json.loads(done.stdout.partition("ANSWER")[2])


def test_the_masters_hold_one_key_and_accept_the_fleet_only(masters: list[Any], plane: ControlPlane) -> None:
    folders = [plane.transport.root(host) / "etc/salt/pki/master" for host in ("syd-store1", "mel-store1")]
    keys = {next(folder.glob("*-store1.pub")).read_bytes() for folder in folders}
    signs = {(folder / "master_sign.pub").read_bytes() for folder in folders}
    assert len(keys) == 1 and len(signs) == 1
    known = {host.id for host in plane.declaration.fleet.hosts}
    assert all({key.name for key in (folder / "minions").iterdir()} == known for folder in folders)


def test_an_unknown_minion_waits_outside(masters: list[Any], minions: dict[str, Any]) -> None:
    overrides = {"acceptance_wait_time": 1, "loop_interval": 1}
    stranger = masters[0].salt_minion_daemon("syd-evil", overrides=overrides)
    command = [str(Path(sys.executable).with_name("salt-call")), "-c", str(stranger.config_dir)]
    call = subprocess.Popen(
        [*command, "pillar.items", "unmask=True"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    folder = Path(masters[0].config["pki_dir"])
    try:
        deadline = time.monotonic() + 120
        while not (folder / "minions_pre/syd-evil").exists():
            assert time.monotonic() < deadline, "the master never heard of the stranger"
            time.sleep(0.1)
    finally:
        call.terminate()
        printed = call.communicate(timeout=60)[0].decode()
    assert SECRET not in printed and "roles" not in printed
    assert not (folder / "minions/syd-evil").exists()
