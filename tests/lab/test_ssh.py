"""SSH on the fleet: real clients between hosts of all islands, nobody is asked about a host key, operators are root
with a certificate."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

import pytest
import yaml
from lab.running import Running, Show, until

from titanicarus.fleet.ssh import ssh_names

FOLDER = "/home/syd/alice"
KEY = f"{FOLDER}/try-key"
CLIENT = ("ssh", "-o", "BatchMode=yes", "-o", "UserKnownHostsFile=none", "-o", "IdentitiesOnly=yes", "-i", KEY)
DIRECTORY = "titanicarus-directory.service"
PEOPLE = "titanicarus-people.service"
UNUSED = "$6$abcdefghijklmnop$" + "A" * 86
"""Operators have a password. Nobody knows this one."""
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def alice(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The fleet in which alice is an operator and has one more key, whose private half is on the first host; afterwards
    without that."""
    key = tmp_path_factory.mktemp("keys") / "alice"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)], check=True)
    path = running.tenants / "harbour.yaml"
    before = path.read_text()
    data = yaml.safe_load(before)
    data["users"]["alice"]["password"] = UNUSED
    data["users"]["alice"]["ssh_keys"] = [
        *data["users"]["alice"]["ssh_keys"],
        key.with_suffix(".pub").read_text().strip(),
    ]
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))
    policy = running.checkout / "pillar/policy.yaml"
    policy_before = policy.read_text()
    policy.write_text(yaml.safe_dump({**yaml.safe_load(policy_before), "operators": ["alice"]}))
    deploy(running)
    first = start(running)
    root = running.lab.host(first).layout.root
    running.ask(first, "su", "-l", "-s", "/bin/sh", "alice", "-c", "true")  # makes her home
    place = root / KEY[1:]
    place.write_text(key.read_text())
    place.chmod(0o600)
    running.ask(first, "chown", "alice:", KEY)
    yield running
    path.write_text(before)
    policy.write_text(policy_before)
    deploy(running)
    place.unlink()


def deploy(fleet: Running) -> None:
    fleet.saguire("push")
    fleet.saguire("apply")


def start(fleet: Running) -> str:
    """The host that the clients of this test run on."""
    return fleet.lab.fleet.hosts[0].id


def ssh(fleet: Running, login: str, name: str, *options: str) -> str:
    """The words of `id -un` over there, or what the client complained about; run as alice."""
    words = " ".join((*CLIENT, *options, f"{login}@{name}", "id", "-un"))
    return fleet.ask(start(fleet), "su", "-l", "-s", "/bin/sh", "alice", "-c", f"{words} 2>&1", timeout=60).strip()


def test_alice_reaches_every_host_by_each_of_its_names_and_nobody_asks_her(
    alice: Running, whole: Running, show: Show
) -> None:
    seconds = []
    for host in whole.lab.fleet.hosts:
        began = time.monotonic()
        assert ssh(whole, "alice", host.id) == "alice", host.id
        seconds.append(time.monotonic() - began)
        for name in ssh_names(whole.lab.fleet, host):
            if name != str(host.wan):
                assert ssh(whole, "alice", name) == "alice", name
    show(f"ssh to {len(seconds)} hosts: {sorted(seconds)[len(seconds) // 2]:.2f} s in the middle, {max(seconds):.2f} s")


def test_neither_root_nor_a_password_nor_the_internet(alice: Running, whole: Running) -> None:
    target = whole.lab.fleet.hosts[-1]
    assert "Permission denied (publickey)" in ssh(whole, "root", target.id)
    assert "Permission denied (publickey)" in ssh(whole, "alice", target.id, "-o", "PubkeyAuthentication=no")
    wan = next(host.wan for host in whole.lab.fleet.hosts if host.wan is not None)
    refused = whole.ask("client", "sh", "-c", f"nc -z -w 3 {wan} 22 || echo shut", timeout=30)
    assert refused.strip() == "shut"


def test_with_every_directory_server_stopped_the_cache_lets_her_in(alice: Running, whole: Running, show: Show) -> None:
    target = whole.lab.fleet.hosts[-1].id
    assert ssh(whole, "alice", target) == "alice"
    servers = whole.ids("directory")
    try:
        for server in servers:
            whole.lab.host(server).freeze_unit(DIRECTORY)
        whole.ask(target, "sss_cache", "-E")
        taken = until("the cache answering", lambda: ssh(whole, "alice", target) == "alice", 60)
        show(f"ssh with no server answering: {taken:.2f} s")
    finally:
        for server in servers:
            whole.lab.host(server).thaw_unit(DIRECTORY)


@pytest.mark.exhaustive  # two pushes and applies
def test_a_key_that_is_taken_out_opens_nothing(alice: Running, whole: Running) -> None:
    target = whole.lab.fleet.hosts[-1].id
    assert ssh(whole, "alice", target) == "alice"
    path = whole.tenants / "harbour.yaml"
    before = path.read_text()
    data = yaml.safe_load(before)
    data["users"]["alice"]["ssh_keys"].pop()
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))
    try:
        deploy(whole)
        until("the key being refused", lambda: "Permission denied" in ssh(whole, "alice", target), 90, poll=1)
    finally:
        path.write_text(before)
        deploy(whole)


def test_an_operator_is_root_on_every_host_and_its_journal_says_who(alice: Running, whole: Running, show: Show) -> None:
    seconds = []
    for host in whole.lab.fleet.hosts:
        began = time.monotonic()
        done = whole.saguire("ssh", host.id, "--", "echo", "on $HOSTNAME", "as", "*")
        seconds.append(time.monotonic() - began)
        assert done.stdout == "on $HOSTNAME as *\n", (host.id, done.stderr)  # words stay what they are
    show(f"saguire ssh to {len(seconds)} hosts: {sorted(seconds)[len(seconds) // 2]:.2f} s in the middle")
    assert whole.saguire("ssh", host.id, "--", "sh", "-c", "exit 7", ok=False).returncode == 7
    said = whole.ask(host.id, "journalctl", "--no-pager", "-u", "titanicarus-ssh", "-g", "Accepted publickey for root")
    assert "ID alice (serial " in said


@pytest.mark.exhaustive  # minutes, for all minions to be back at all masters afterwards
def test_break_glass_without_directory_masters_and_sssd(alice: Running, whole: Running, show: Show) -> None:
    target = whole.ids("web")[0]
    whole.saguire("pause", "--why", "a test stops the directory")
    servers = whole.ids("directory")
    try:
        for server in servers:
            whole.ask(server, "systemctl", "stop", DIRECTORY)
        for master in whole.ids("control"):
            whole.ask(master, "systemctl", "stop", "salt-master.service")
        whole.ask(target, "systemctl", "stop", PEOPLE)
        began = time.monotonic()
        assert whole.saguire("ssh", target, "--", "id", "-un").stdout.strip() == "root"
        show(f"saguire ssh without directory, masters and SSSD: {time.monotonic() - began:.2f} s")
    finally:
        whole.ask(target, "systemctl", "start", PEOPLE)
        for server in servers:
            whole.ask(server, "systemctl", "start", DIRECTORY, timeout=90)
        for master in whole.ids("control"):
            whole.ask(master, "systemctl", "start", "salt-master.service", timeout=90)
        until("the masters answering", lambda: whole.saguire("resume", ok=False).returncode == 0, 180, poll=2)


def test_who_is_no_operator_gets_no_certificate(alice: Running, whole: Running) -> None:
    refused = whole.saguire("ssh", "--operator", "chen", whole.ids("web")[0], "--", "true", ok=False)
    assert refused.returncode == 1
    assert "chen is no operator" in refused.stderr


def test_every_certificate_is_told_with_its_end(alice: Running, whole: Running) -> None:
    told = whole.json("keys", "list")
    assert (told["problems"], told["silent"]) == ([], {})
    rows = told["certificates"]
    hosts = {host.id for host in whole.lab.fleet.hosts}
    for kind in ("host", "ssh host"):
        assert {row["name"] for row in rows if row["kind"] == kind} == hosts
    sites = [row for row in rows if row["kind"] == "site"]
    assert {host for row in sites for host in row["where"]} == set(whole.ids("lb"))
    assert all(row["state"] == "well" and row["ends"] > time.time() for row in rows)
    assert whole.saguire("ssh", whole.ids("web")[0], "--", "true").returncode == 0
    passes = [row for row in whole.json("keys", "list")["certificates"] if row["kind"] == "operator"]
    assert passes[-1]["name"].startswith("alice ")
    assert 0 < passes[-1]["ends"] - time.time() <= 3600


def test_a_host_that_is_off_is_named_by_the_list(alice: Running, whole: Running) -> None:
    host = whole.ids("web")[0]
    whole.lab.kill(host)
    told = whole.json("keys", "list", ok=False)
    assert set(told["silent"]) == {host}
    assert host not in {row["name"] for row in told["certificates"]}


@pytest.mark.exhaustive  # two pushes and applies
def test_what_was_revoked_is_refused_after_the_next_apply_and_a_rotated_host_is_still_believed(
    alice: Running, whole: Running
) -> None:
    target = whole.lab.fleet.hosts[-1].id
    assert whole.saguire("ssh", target, "--", "true").returncode == 0
    key = whole.ask(target, "cat", "/etc/titanicarus/ssh/host_key-cert.pub")
    whole.saguire("keys", "revoke", target, "--why", "a test")
    deploy(whole)
    assert whole.ask(target, "cat", "/etc/titanicarus/ssh/host_key-cert.pub") not in {"", key}
    assert ssh(whole, "alice", target) == "alice"
    assert whole.saguire("ssh", target, "--", "id", "-un").stdout.strip() == "root"
