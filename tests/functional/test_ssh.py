"""SSH on a host: real sshd, SSSD and directory servers; keys come from the directory, hosts have certificates."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from functional.directories import Authority, DirectoryHost, OnLoopback, until
from functional.people_host import PeopleHost
from functional.ssh_host import NAMES, SshHost, make_key
from functional.test_directory import UID, person
from render.image_root import image_root

from titanicarus import pki
from titanicarus.control.renewals import Renewals, Revoked

Machines = tuple[DirectoryHost, DirectoryHost, SshHost, str]


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with ExitStack() as stack:
        authority = Authority()
        first, second = (
            DirectoryHost(name, OnLoopback(stack.enter_context(image_root())), authority)
            for name in ("syd-db1", "syd-db2")
        )
        people = PeopleHost(OnLoopback(stack.enter_context(image_root())), authority, (first, second))
        key = make_key(people.root / "tmp/keys/alice")
        host = SshHost(people)
        first.keeper(open=True)
        second.keeper(owner="syd-db1")
        yield first, second, host, key
        for machine in (first, second):
            machine.kill()
        host.stop()
        people.stop()


@pytest.fixture
def island(machines: Machines) -> Iterator[Machines]:
    """Both servers run, alice is in with her key, and sshd has the configuration of the state."""
    first, second, host, key = machines
    for server in (first, second):
        server.kill()
        server.start()
    assert first.apply(person(ssh_keys=[key]))["result"] is True
    until("the other server having it", lambda: first.entry("alice") == second.entry("alice"))
    for daemon in (host, host.people):
        daemon.stop()
    host.configure()
    host.people.start()
    host.start()
    yield first, second, host, key


def test_a_person_signs_in_with_a_key_of_the_directory_and_no_question_under_every_name(island: Machines) -> None:
    *_, host, _ = island
    assert host.check().returncode == 0, host.check().stdout
    for name in NAMES:
        done = host.ssh("alice", "id", "-un", host=name)
        assert done.stdout.strip() == "alice", done.stderr
        assert "authenticity" not in done.stderr
    home = (host.root / "home/syd/alice").stat()
    assert (home.st_mode & 0o777, home.st_uid) == (0o700, UID)


def test_files_come_and_go_by_sftp(island: Machines) -> None:
    *_, host, _ = island
    argv = host.argv("alice")
    sftp = ["sftp", "-P", argv[2], *argv[3:-1], "-b", "-", argv[-1]]
    done = host.people.run(*sftp, text="put /etc/hosts mine\nget mine /tmp/back\n")
    assert done.returncode == 0, done.stderr
    assert (host.root / "home/syd/alice/mine").stat().st_uid == UID


def test_a_host_that_nobody_vouched_for_is_not_talked_to(island: Machines) -> None:
    *_, host, _ = island
    other = pki.issue_host_key(host.mel, "syd-web1", NAMES, host.window)
    neighbour = pki.issue_host_key(host.syd, "syd-web2", ("syd-web2",), host.window)
    for issued, words in ((other, "Host key verification failed"), (neighbour, "not a listed principal")):
        host.stop()
        host.configure(host_key=issued.key, host_certificate=issued.certificate)
        host.start()
        # The client's file lies on the same disk and is as ever.
        done = host.ssh("alice", "true")
        assert done.returncode == 255
        assert words in done.stderr


def test_a_new_key_and_certificate_count_after_a_reload_and_sessions_go_on(island: Machines) -> None:
    *_, host, _ = island
    later = pki.Window(host.window.index + 1, host.window.start, host.window.days)
    issued = pki.issue_host_key(host.syd, "syd-web1", NAMES, later)
    before = host.shown()
    command = ["chroot", str(host.root), *host.argv("alice", "echo here; read word; echo $word")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
        assert session.stdout is not None
        assert session.stdout.readline() == "here\n"
        host.configure(host_key=issued.key, host_certificate=issued.certificate)
        host.reload()
        until("the new key", lambda: host.shown() not in {"", before})
        assert host.ssh("alice", "true").returncode == 0
        said, _ = session.communicate("still-here\n", timeout=30)
    assert said.strip() == "still-here"


@pytest.mark.parametrize("way", ["password", "keyboard-interactive"])
def test_no_password_opens_anything(island: Machines, way: str) -> None:
    *_, host, _ = island
    argv = host.argv("alice", "true")
    argv[1:1] = ["-o", f"PreferredAuthentications={way}"]
    done = host.people.run(*argv)
    assert done.returncode == 255
    assert "Permission denied (publickey)" in done.stderr


def test_a_key_that_lies_in_a_home_opens_nothing(island: Machines) -> None:
    *_, host, _ = island
    public = make_key(host.root / "tmp/keys/stranger")
    for home, owner in (("home/syd/alice", UID), ("root", 0)):
        folder = host.root / home / ".ssh"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "authorized_keys").write_text(public + "\n")
        subprocess.run(["chown", "-R", f"{owner}:{owner}", str(folder)], check=True)
    for login in ("alice", "root", "www-data", "nobody-at-all"):
        done = host.ssh(login, "true", key="/tmp/keys/stranger")
        assert "Permission denied (publickey)" in done.stderr, login


def test_who_was_taken_out_does_not_get_in_with_the_key(island: Machines) -> None:
    first, _, host, _ = island
    assert host.ssh("alice", "true").returncode == 0
    assert first.apply()["result"] is True
    until("the host refusing her", lambda: host.ssh("alice", "true").returncode == 255, 10)


def test_with_all_servers_dead_a_key_opens_from_the_cache(island: Machines) -> None:
    first, second, host, _ = island
    print(f"sign-in with both servers up: {host.seconds('alice'):.2f} s")
    for server in (first, second):
        server.kill()
    host.people.forget()
    until("the cache answering", lambda: host.ssh("alice", "true").returncode == 0, 30)
    print(f"sign-in with both servers dead: {host.seconds('alice'):.2f} s")


def test_the_check_finds_a_key_that_is_not_the_certificates(island: Machines) -> None:
    *_, host, _ = island
    assert host.check().returncode == 0
    host.configure(host_key=pki.issue_host_key(host.syd, "syd-web2", NAMES, host.window).key)
    refused = host.check()
    assert refused.returncode != 0
    assert refused.stdout.strip()


def test_an_operator_becomes_root_with_a_certificate_and_the_log_says_who(island: Machines) -> None:
    *_, host, _ = island
    host.configure(operators=["bruno"])
    key = host.certify("bruno")
    done = host.ssh("root", "id", "-un", key=key)
    assert done.stdout.strip() == "root", done.stderr
    accepted = [line for line in host.log().splitlines() if line.startswith("Accepted publickey for root")]
    assert f"ID bruno (serial {key.rpartition('-')[2]})" in accepted[-1]
    done = host.ssh("root", "test -t 0 && echo a terminal", key=key)
    assert done.stdout == ""


def test_only_operators_become_root_and_only_while_their_certificate_counts(island: Machines) -> None:
    *_, host, _ = island
    host.configure(operators=["bruno"])
    ended = host.certify("bruno", began=timedelta(minutes=-10))
    not_yet = host.certify("bruno", began=timedelta(minutes=10))
    for key in (ended, not_yet, host.certify("alice"), "/tmp/keys/alice"):
        assert "Permission denied (publickey)" in host.ssh("root", "true", key=key).stderr, key
    good = host.certify("bruno")
    assert host.ssh("root", "true", key=good).returncode == 0
    host.configure(operators=[])  # no reload: the file is read at each sign-in
    assert "Permission denied (publickey)" in host.ssh("root", "true", key=good).stderr
    assert host.ssh("alice", "id", "-un", key=host.certify("alice")).stdout.strip() == "alice"
    assert "Permission denied (publickey)" in host.ssh("alice", "true", key=good).stderr


def test_who_signs_for_themselves_is_no_operator(island: Machines) -> None:
    *_, host, _ = island
    host.configure(operators=["bruno"])
    ours, host.operators = host.operators, Ed25519PrivateKey.generate()
    try:
        key = host.certify("bruno")
    finally:
        host.operators = ours
    assert "Permission denied (publickey)" in host.ssh("root", "true", key=key).stderr


def test_break_glass_with_the_directory_and_sssd_dead(island: Machines) -> None:
    first, second, host, _ = island
    host.configure(operators=["bruno"])
    key = host.certify("bruno")
    for server in (first, second):
        server.kill()
    host.people.stop()
    began = time.monotonic()
    assert host.ssh("root", "id", "-un", key=key).stdout.strip() == "root"
    print(f"root's sign-in without SSSD and directory: {time.monotonic() - began:.2f} s")
    for server in (first, second):
        server.start()
    host.people.start()
    host.people.forget()
    for server in (first, second):
        server.stand_still(True)
    try:
        began = time.monotonic()
        assert host.ssh("root", "id", "-un", key=key).stdout.strip() == "root"
        print(f"root's sign-in while no server answers: {time.monotonic() - began:.2f} s")
    finally:
        for server in (first, second):
            server.stand_still(False)


def test_revoked_keys_open_nothing_at_once_and_a_revoked_host_is_not_talked_to(island: Machines) -> None:
    *_, host, public = island
    host.configure(operators=["bruno"])
    first, second = host.certify("bruno"), host.certify("bruno")
    stolen = host.made[first]
    assert host.ssh("root", "true", key=first).returncode == 0
    host.configure(operators=["bruno"], revoked=revoked(stolen))
    assert "Permission denied (publickey)" in host.ssh("root", "true", key=first).stderr
    assert host.ssh("root", "true", key=second).returncode == 0
    assert host.ssh("alice", "true").returncode == 0
    lost = host.root / "tmp/keys/alice.pub"
    assert lost.read_text().strip() == public
    host.configure(revoked=revoked(fingerprint_of(lost)))
    assert "Permission denied (publickey)" in host.ssh("alice", "true").stderr
    host.configure(revoked=revoked(pki.host_fingerprint(host.syd, "syd-web1", host.window)))
    assert "revoked" in host.ssh("alice", "true").stderr


def revoked(fingerprint: str) -> dict[str, str]:
    """The pillar `ssh:revoked` with this one key."""
    return {"keys": Renewals((Revoked(fingerprint, "a key", "a test", "a test", 1_700_000_000),)).revocation_list}


def fingerprint_of(path: Path) -> str:
    done = subprocess.run(["ssh-keygen", "-l", "-f", str(path)], capture_output=True, text=True, check=True)
    return done.stdout.split()[1]
