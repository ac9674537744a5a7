"""People on hosts of every island: known, signed in, with a password of their own; through servers that die or hang,
and locked when they leave."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

import pytest
import yaml
from lab.running import Running, Show, until

from titanicarus.fleet import Role

FIRST, OWN = "first-password-1", "my-very-own-1"
UNIT = "titanicarus-people.service"
DIRECTORY = "titanicarus-directory.service"
LOCAL_SECONDS = 3.0
"""For a user of the system, on a machine that does other things, too."""
CACHE_SECONDS = 60.0
SIGN_IN = 'printf "%s\\n" "$2" | runuser -u nobody -- su -l "$1" -c "id -un"'
PASSWD = 'printf "%s\\n%s\\n%s\\n" "$2" "$3" "$3" | runuser -u "$1" -- passwd && echo changed'
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def alice(running: Running) -> Iterator[Running]:
    """The fleet with a first password for alice, and without it afterwards."""
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=FIRST, capture_output=True, text=True, check=True
    ).stdout.strip()
    path = running.tenants / "harbour.yaml"
    before = path.read_text()
    data = yaml.safe_load(before)
    data["users"]["alice"]["password"] = hashed
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))
    deploy(running)
    yield running
    path.write_text(before)
    deploy(running)


def deploy(fleet: Running) -> None:
    fleet.saguire("push")
    fleet.saguire("apply")


def signs_in(fleet: Running, host: str, password: str) -> bool:
    """Whether somebody else of that host becomes alice with this password."""
    said = fleet.ask(host, "sh", "-c", SIGN_IN, "sh", "alice", password, timeout=60)
    return said.split()[-1:] == ["alice"]  # before it PAM may say that this was from the cache


def change(fleet: Running, host: str, old: str, new: str) -> bool:
    """`passwd`, as alice runs it there."""
    return "changed" in fleet.ask(host, "sh", "-c", PASSWD, "sh", "alice", old, new, timeout=60)


def forget(fleet: Running, *hosts: str) -> None:
    """Let what SSSD keeps count as old, as it does after a minute."""
    for host in hosts:
        fleet.ask(host, "sss_cache", "-E")


def one_of_each(fleet: Running, role: str = "web") -> list[str]:
    """A host of each island, with the role if the island has one."""
    return [(fleet.ids(role, island) or fleet.ids("control", island))[0] for island in fleet.islands]


def test_everybody_is_known_everywhere_with_groups_and_keys(alice: Running, whole: Running) -> None:
    users = {user.name: user for tenant in whole.declaration.tenants for user in tenant.users.values()}
    uid = users["alice"].uid
    for host in (one.id for one in whole.lab.fleet.hosts):
        assert whole.ask(host, "systemctl", "is-active", UNIT).strip() == "active", host
        assert whole.ask(host, "getent", "passwd", "alice").startswith(f"alice:*:{uid}:{uid}:Alice Wong:"), host
    for host in one_of_each(whole):
        assert "(committee)" in whole.ask(host, "id", "alice")
        assert whole.ask(host, "getent", "group", "committee").strip().endswith(":alice")
        assert whole.ask(host, "sss_ssh_authorizedkeys", "alice").split() == users["alice"].ssh_keys[0].split()
        for name in users:
            assert whole.ask(host, "getent", "passwd", name), (host, name)


def test_a_password_that_alice_changes_counts_in_every_island_and_stays(
    alice: Running, whole: Running, show: Show
) -> None:
    hosts = one_of_each(whole)
    began = time.monotonic()
    assert signs_in(whole, hosts[0], FIRST)
    show(f"sign-in with every server up: {time.monotonic() - began:.2f} s")
    began = time.monotonic()
    assert change(whole, hosts[-1], FIRST, OWN)
    show(f"passwd in {hosts[-1]}: {time.monotonic() - began:.2f} s")
    try:
        for host in hosts:
            until(f"{host} knowing the new one", lambda host=host: signs_in(whole, host, OWN), 15)
            assert not signs_in(whole, host, FIRST)
        whole.saguire("apply")
        for host in hosts:
            assert signs_in(whole, host, OWN), host
            assert whole.ask(host, "stat", "-c", "%a %U", "/home/syd/alice").strip() == "700 alice"
    finally:
        assert change(whole, hosts[0], OWN, FIRST)


@pytest.mark.exhaustive
def test_one_server_of_the_island_killed(alice: Running, whole: Running, show: Show) -> None:
    island = whole.islands[0]
    host = one_of_each(whole)[0]
    assert signs_in(whole, host, FIRST)
    whole.lab.kill(whole.ids("directory", island)[0])
    forget(whole, host)
    began = time.monotonic()
    until("the other server answering", lambda: signs_in(whole, host, FIRST), 30)
    show(f"sign-in with one server of the island killed: {time.monotonic() - began:.2f} s")


@pytest.mark.exhaustive
def test_every_server_hangs_and_nobody_waits_who_need_not(alice: Running, whole: Running, show: Show) -> None:
    host = one_of_each(whole)[0]
    assert signs_in(whole, host, FIRST)
    servers = whole.ids("directory")
    try:
        for server in servers:
            whole.lab.host(server).freeze_unit(DIRECTORY)
        forget(whole, host)
        began = time.monotonic()
        for argv in (
            ("id", "www-data"),
            ("id", "root"),
            ("su", "-l", "root", "-c", "id"),
            ("getent", "passwd", "salt"),
        ):
            alone = time.monotonic()
            whole.ask(host, *argv)
            assert time.monotonic() - alone < LOCAL_SECONDS, argv
        show(f"four look-ups of local users while no server answers: {time.monotonic() - began:.2f} s")
        began = time.monotonic()
        until("the cache answering", lambda: signs_in(whole, host, FIRST), CACHE_SECONDS)
        show(f"first sign-in from the cache: {time.monotonic() - began:.2f} s after its entries were old")
        began = time.monotonic()
        assert signs_in(whole, host, FIRST)
        show(f"the next one: {time.monotonic() - began:.2f} s")
        assert not signs_in(whole, host, "wrong")
        assert not change(whole, host, FIRST, OWN)
        began = time.monotonic()
        whole.saguire("salt", host, "state.apply")
        show(f"state.apply of {host} meanwhile: {time.monotonic() - began:.1f} s")
        whole.lab.kill(host)
        began = time.monotonic()
        whole.lab.start(host)
        until(f"{host} being up", lambda: whole.ask(host, "systemctl", "is-active", UNIT).strip() == "active", 120)
        show(f"{host} restarted meanwhile: SSSD runs after {time.monotonic() - began:.1f} s")
        assert whole.ask(host, "id", "alice") != ""
    finally:
        for server in servers:
            whole.lab.host(server).thaw_unit(DIRECTORY)
    until("the directory being asked again", lambda: change(whole, host, FIRST, OWN), 120, poll=2)
    assert change(whole, host, OWN, FIRST)


@pytest.mark.exhaustive
def test_who_leaves_is_locked_on_every_host_within_one_apply(alice: Running, whole: Running) -> None:
    hosts = one_of_each(whole)
    for host in hosts:
        assert signs_in(whole, host, FIRST), host
    path = whole.tenants / "harbour.yaml"
    before = path.read_text()
    data = yaml.safe_load(before)
    del data["users"]["alice"]
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))
    try:
        deploy(whole)
        for host in hosts:
            assert not signs_in(whole, host, FIRST), host
            shell = ("su", "-l", "-s", "/bin/bash", "alice", "-c", "id")
            until(f"{host} ending her account", lambda host=host, argv=shell: whole.ask(host, *argv) == "", 10)
            forget(whole, host)
            assert "/usr/sbin/nologin" in whole.ask(host, "getent", "passwd", "alice"), host
            assert whole.ask(host, "sss_ssh_authorizedkeys", "alice").strip() == "", host
            assert whole.ask(host, "stat", "-c", "%a", "/home/syd/alice").strip() == "700", host
    finally:
        path.write_text(before)
        deploy(whole)
    # A host asks for her anew when what it knows of her is a minute old.
    until("alice being back", lambda: all(signs_in(whole, host, FIRST) for host in hosts), 90)


def test_root_and_daemons_need_no_sssd(alice: Running, whole: Running) -> None:
    host = whole.lab.fleet.with_role(Role.LB)[0].id
    whole.saguire("pause", "--why", "a test stops SSSD")
    try:
        whole.ask(host, "systemctl", "stop", UNIT)
        began = time.monotonic()
        assert "uid=0(root)" in whole.ask(host, "su", "-l", "root", "-c", "id")
        assert "www-data" in whole.ask(host, "id", "www-data")
        assert time.monotonic() - began < LOCAL_SECONDS
    finally:
        whole.ask(host, "systemctl", "start", UNIT)
        whole.saguire("resume")
