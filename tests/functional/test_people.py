"""People of the directory on a host: SSSD, PAM, sudo and passwd against two real directory servers, which then die."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from functional.directories import Authority, DirectoryHost, OnLoopback, until
from functional.people_host import PeopleHost
from functional.test_directory import ALICE_KEY, UID, person
from render.image_root import image_root

QUICK_SECONDS = 1.5
"""For a local user, whatever the directory does; on a machine that does other things, too."""
LOCAL = (("getent", "passwd", "root"), ("id", "www-data"), ("su", "-l", "root", "-c", "true"))
SITE = "www-boats-example"
"""A site's Unix user: SSSD's configuration does not name it, so that a new site leaves SSSD alone."""
Island = tuple[DirectoryHost, DirectoryHost, PeopleHost]


@pytest.fixture(scope="module")
def machines() -> Iterator[Island]:
    with ExitStack() as stack:
        authority = Authority()
        first, second = (
            DirectoryHost(name, OnLoopback(stack.enter_context(image_root())), authority)
            for name in ("syd-db1", "syd-db2")
        )
        host = PeopleHost(OnLoopback(stack.enter_context(image_root())), authority, (first, second))
        assert host.run("useradd", "--system", "--user-group", SITE).returncode == 0
        yield first, second, host
        for machine in (first, second):
            machine.kill()
        host.stop()


@pytest.fixture
def island(machines: Island) -> Iterator[Island]:
    """Both servers run, the second one writes, alice is in, and SSSD has nothing from before."""
    first, second, host = machines
    second.keeper(open=True)
    first.keeper(owner="syd-db2")
    for server in (first, second):
        server.kill()
        server.takes_passwords = server is second
        server.start()
    assert second.apply(person(), groups={"sailors": ["alice"]})["result"] is True
    second.set_password("alice", "first-password")
    until("the other server having it", lambda: first.entry("alice") == second.entry("alice"))
    host.stop()
    host.configure()
    host.start()
    yield first, second, host


def test_somebody_of_the_directory_is_known_with_groups_and_keys(island: Island) -> None:
    *_, host = island
    assert host.line("passwd", "alice") == f"alice:*:{UID}:{UID}:Alice Ångström:/home/syd/alice:/bin/bash"
    assert host.line("group", "sailors") == "sailors:*:1000700:alice"
    assert host.run("id", "alice").stdout.strip() == (
        f"uid={UID}(alice) gid={UID}(alice) groups={UID}(alice),1000700(sailors)"
    )
    assert host.run("sss_ssh_authorizedkeys", "alice").stdout.strip() == ALICE_KEY
    assert host.line("passwd", "bruno") == ""


def test_signing_in_makes_a_home_that_nobody_else_reads(island: Island) -> None:
    *_, host = island
    assert not host.signs_in("alice", "wrong")
    assert host.signs_in("alice", "first-password")
    home = (host.root / "home/syd/alice").stat()
    assert (home.st_mode & 0o777, home.st_uid) == (0o700, UID)


def test_passwd_changes_it_on_the_server_that_writes_and_an_apply_leaves_it(island: Island) -> None:
    first, second, host = island
    refused = host.change_password("alice", "wrong", "my-very-own-1")
    assert refused.returncode != 0
    done = host.change_password("alice", "first-password", "my-very-own-1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert second.signs_in("alice", "my-very-own-1")
    until("the other server knowing it", lambda: first.signs_in("alice", "my-very-own-1"))
    assert second.apply(person(), groups={"sailors": ["alice"]})["changes"] == {}
    assert host.signs_in("alice", "my-very-own-1")
    assert not host.signs_in("alice", "first-password")


def test_who_was_taken_out_does_not_get_in_though_the_host_remembers_them(island: Island) -> None:
    _, second, host = island
    assert host.signs_in("alice", "first-password")
    assert second.apply()["changes"] == {"alice": "locked", "group sailors": "removed"}
    until("the host refusing her", lambda: not host.signs_in("alice", "first-password"), 10)
    # Without a password to be judged: the account has ended. SSSD looks somebody up once in five seconds.
    as_root = ("su", "-l", "-s", "/bin/bash", "alice", "-c", "id -un")
    until("the account having ended", lambda: host.run(*as_root).stdout == "", 10)
    assert host.run(*as_root).returncode != 0
    host.forget()
    assert host.line("passwd", "alice").endswith(":/usr/sbin/nologin")
    assert host.run("sss_ssh_authorizedkeys", "alice").stdout.strip() == ""
    assert str(UID) in host.line("passwd", "alice")  # the files are still hers


def test_the_other_server_answers_when_one_dies(island: Island) -> None:
    first, _, host = island
    first.kill()
    host.forget()
    until("the other server being asked", lambda: host.signs_in("alice", "first-password"), 10)
    assert host.line("group", "sailors") == "sailors:*:1000700:alice"


def test_with_all_servers_dead_people_sign_in_from_the_cache_and_local_users_feel_nothing(island: Island) -> None:
    first, second, host = island
    assert host.signs_in("alice", "first-password")
    first.kill()
    second.kill()
    host.forget()
    for argv in (*LOCAL, ("id", SITE), ("id", "root")):
        assert host.seconds(*argv) < QUICK_SECONDS, argv
    until("the cache answering", lambda: host.signs_in("alice", "first-password"), 20)
    assert not host.signs_in("alice", "wrong")
    assert host.line("passwd", "alice").startswith("alice:*:")
    assert host.change_password("alice", "first-password", "my-very-own-1").returncode != 0
    second.start()
    again = ("alice", "first-password", "my-very-own-1")
    until("the directory being asked again", lambda: host.change_password(*again).returncode == 0, 90)


def test_servers_that_hang_are_felt_by_nobody_who_is_local_and_not_for_long_by_others(island: Island) -> None:
    first, second, host = island
    assert host.signs_in("alice", "first-password")
    for server in (first, second):
        server.stand_still(True)
    host.forget()
    try:
        for argv in (*LOCAL, ("id", SITE)):
            assert host.seconds(*argv) < QUICK_SECONDS, argv
        until("the cache answering", lambda: host.signs_in("alice", "first-password"), 30)
    finally:
        for server in (first, second):
            server.stand_still(False)


def test_without_sssd_root_and_daemons_are_as_ever(island: Island) -> None:
    *_, host = island
    host.stop()
    assert host.seconds("su", "-l", "root", "-c", "true") < QUICK_SECONDS
    assert host.seconds("id", "www-data") < QUICK_SECONDS
    assert not host.signs_in("alice", "first-password")


def test_operators_become_root_with_their_own_password_and_nobody_else_does(island: Island) -> None:
    *_, host = island
    sudo = ("runuser", "-u", "alice", "--", "sudo", "-S", "-p", "", "id", "-un")
    assert host.run(*sudo, text="first-password\n").returncode != 0
    host.configure(operators=["alice"])
    done = host.run(*sudo, text="first-password\n")
    assert done.stdout.strip() == "root", done.stderr
    assert host.run("runuser", "-u", "alice", "--", "sudo", "-k").returncode == 0
    assert host.run(*sudo, text="wrong\nwrong\nwrong\n").returncode != 0


def test_the_check_finds_a_mistake_in_either_file(island: Island) -> None:
    *_, host = island
    folder = host.root / "etc/titanicarus/people"
    check = ("/etc/titanicarus/people/check", "/etc/titanicarus/people")
    assert host.run(*check).returncode == 0
    sudoers = folder / "sudoers"
    text = sudoers.read_text()
    sudoers.write_text(text + "alice ALL=(ALL:ALL ALL\n")
    assert host.run(*check).returncode != 0
    sudoers.write_text(text)
    configuration = folder / "sssd.conf"
    configuration.write_text(configuration.read_text().replace("ldap_uri", "ldap_url"))
    assert host.run(*check).returncode != 0
