"""SFTP behind a real HAProxy: people are shut into a folder of their own, and have nothing but files."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from functional.directories import SECONDS, Authority, DirectoryHost, OnLoopback, until
from functional.people_host import PeopleHost
from functional.salt_in_image import ROOT
from functional.ssh_host import make_key
from functional.test_directory import UID, person
from render.image_root import image_root

from titanicarus import pki
from titanicarus.configset import render
from titanicarus.control.renewals import Renewals
from titanicarus.volumes.facts import Folder
from titanicarus.volumes.folders import make

STATES = ROOT / "salt/sftp"
READER = 33  # www-data
CONFIG = "/etc/titanicarus/sftp"
ADDRESS, PORT, SHARED = "127.0.7.9", 16022, 16222
VOLUME = "/srv/files/syd"
SITE, SITE_UID = "www-photos-example", 1_000_777
NO_SHELL = "/usr/sbin/nologin"
SHOWN = "tenants/harbour/sites/photos.example"


class SftpHost:
    """A web server that serves files by SFTP, with its balancer before it. `volume` is where the shard's files are."""

    def __init__(self, people: PeopleHost, volume: Path, key: str) -> None:
        self.people, self.root = people, people.root
        self.volume = volume
        self._daemons: list[subprocess.Popen[bytes]] = []
        now = datetime.now(UTC)
        island = pki.make_island(pki.make_root("sample", now), "sample", "syd", now)
        self.authority = pki.public_line(pki.host_authority(island).public_key())
        issued = pki.issue_service_key(island, "sftp", ("syd.sample.example", ADDRESS), pki.window_at(now, 30))
        sftp = {
            "port": PORT,
            "shard": "syd",
            "volume": VOLUME,
            "names": ["syd.sample.example", ADDRESS],
            "host_key": issued.key,
            "host_certificate": issued.certificate,
            "sites": [{"user": SITE, "folder": f"{VOLUME}/{SHOWN}", "keys": [" ".join(key.split()[:2])]}],
        }
        pillar = {"host": {"id": "syd-web1", "island": "syd"}, "people": {"least_id": 1_000_000}, "sftp": sftp}
        sources = {path.name: path.read_bytes() for path in (STATES / "files").iterdir()}
        for name, data in render(sources, pillar, {}).items():
            mode = {"check": 0o755, "keys_of": 0o755, "host_key": 0o600}.get(name, 0o644)
            people.disk.write(f"{CONFIG[1:]}/{name}", data).chmod(mode)
        people.disk.write("etc/titanicarus/ssh/revoked/keys", base64.b64decode(Renewals().revocation_list))
        (self.root / "etc/pam.d/titanicarus-sftp").symlink_to(f"{CONFIG}/pam")
        people.disk.write("tmp/haproxy.cfg", balancer())
        people.disk.write("tmp/known_hosts", f"@cert-authority {ADDRESS} {self.authority}\n")
        for folder in ("run/sshd", "srv/files/syd", "proc"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        sshd = ["/usr/sbin/sshd", "-D", "-e", "-f", f"{CONFIG}/sshd_config", "-o", f"ListenAddress={ADDRESS}"]
        for name, argv in (("sshd", sshd), ("haproxy", ["haproxy", "-db", "-f", "/tmp/haproxy.cfg"])):
            log = (self.root / f"var/log/{name}-sftp.log").open("ab")
            whole = ["chroot", str(self.root), *argv]
            self._daemons.append(
                subprocess.Popen(whole, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
            )
        until("sshd answering behind HAProxy", lambda: self.greeting() != "")

    def stop(self) -> None:
        for daemon in self._daemons:
            os.killpg(daemon.pid, signal.SIGTERM)
            daemon.wait(timeout=SECONDS)
        self._daemons = []

    def greeting(self) -> str:
        argv = ["ssh-keyscan", "-T", "2", "-t", "ed25519", "-p", str(SHARED), ADDRESS]
        return subprocess.run(argv, capture_output=True, text=True, check=False).stdout

    def client(self, program: str, login: str, *command: str, **options: str) -> subprocess.CompletedProcess[str]:
        """`sftp` reads what to do from `text`; `ssh` runs a command."""
        chosen = {"BatchMode": "yes", "IdentitiesOnly": "yes", "UserKnownHostsFile": "none", "Port": str(SHARED)}
        chosen |= {"GlobalKnownHostsFile": "/tmp/known_hosts", "IdentityFile": options.get("key", "/tmp/keys/alice")}
        named = [word for option, value in chosen.items() for word in ("-o", f"{option}={value}")]
        batch = ["-b", "-"] if program == "sftp" else []
        return self.people.run(program, *named, *batch, f"{login}@{ADDRESS}", *command, text=options.get("text", ""))

    def sftp(self, text: str, login: str = "alice", **options: str) -> subprocess.CompletedProcess[str]:
        return self.client("sftp", login, text=text, **options)


def balancer() -> str:
    """The part of a load balancer's configuration, as the state writes it, with the ports of this test."""
    sources = {"haproxy.cfg.j2": (ROOT / "salt/haproxy/files/haproxy.cfg.j2").read_bytes()}
    lb = {
        "sql": {"shards": []},
        "spill": {"islands": [], "port": 1, "public_port": 1},
        "web_servers": [{"name": "web1", "address": ADDRESS, "port": 1}],
        "sftp": {"port": SHARED, "servers": [{"name": "web1", "address": ADDRESS, "port": PORT}]},
    }
    text = render(sources, {"host": {"id": "syd-lb1"}, "lb": lb}, {})["haproxy.cfg"].decode()
    frontend = text[text.index("defaults sftp") : text.index("# For this host only")]
    # Whether a server is up is what its pages say; there are none here.
    return "global\n    log stdout format short daemon\n" + frontend.replace(" track web/web1", "")


Machines = tuple[DirectoryHost, SftpHost, str]


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with ExitStack() as stack:
        authority = Authority()
        server, other = (
            DirectoryHost(name, OnLoopback(stack.enter_context(image_root())), authority)
            for name in ("syd-db1", "syd-db2")
        )
        people = PeopleHost(OnLoopback(stack.enter_context(image_root())), authority, (server, other))
        key = make_key(people.root / "tmp/keys/alice")
        make_key(people.root / "tmp/keys/bruno")
        files = people.root / "var/files"
        files.mkdir()
        host = SftpHost(people, files, key)
        people.run("useradd", "--uid", str(SITE_UID), "--user-group", "--no-create-home", "--shell", NO_SHELL, SITE)
        server.keeper(open=True)
        server.start()
        mount = people.root / VOLUME[1:]
        # A file system of its own, as the shard's files are; it outlives being taken away from where it belongs.
        for argv in (["-t", "tmpfs", "-o", "mode=0755", "tmpfs", str(files)], ["--bind", str(files), str(mount)]):
            subprocess.run(["mount", *argv], check=True)
            stack.callback(subprocess.run, ["umount", argv[-1]], check=True)
        people_of(server, key)
        people.start()
        host.start()
        yield server, host, key
        host.stop()
        people.stop()
        server.kill()


def people_of(server: DirectoryHost, key: str) -> None:
    """Alice and dora are at home here and chen is not; all have the same key."""
    everybody = [person(ssh_keys=[key]), person("dora", UID + 1, ssh_keys=[key])]
    everybody.append(person("chen", UID + 2, ssh_keys=[key], home="/home/mel/chen"))
    assert server.apply(*everybody)["result"] is not False


def test_files_come_and_go_below_a_folder_of_the_persons_own(machines: Machines) -> None:
    _, host, _ = machines
    checked = host.people.run(f"{CONFIG}/check", CONFIG)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    done = host.sftp("pwd\nput /etc/hosts mine\nls\nget mine /tmp/back\nls /\n")
    assert done.returncode == 0, done.stderr
    assert "Remote working directory: /home" in done.stdout
    assert done.stdout.rstrip().endswith("/home")
    stored = host.volume / "people/alice/home/mine"
    assert stored.stat().st_uid == UID
    assert (host.root / "tmp/back").read_bytes() == stored.read_bytes()


def test_nobody_sees_what_others_have(machines: Machines) -> None:
    _, host, _ = machines
    assert host.sftp("put /etc/hosts hers\n", "dora").returncode == 0
    for words in ("ls /../dora/home\n", "ls /people\n", "get /etc/passwd /tmp/x\n", "ls /srv\n"):
        assert host.sftp(words).returncode != 0, words
    assert host.sftp("ln -s /../dora/home/hers link\n").returncode == 0
    assert host.sftp("get link /tmp/x\n").returncode != 0
    assert host.sftp("put /etc/hosts /outside\n").returncode != 0  # the folder itself is root's


def test_files_and_nothing_else(machines: Machines) -> None:
    _, host, _ = machines
    for words in (("id",), ("-t", "id")):
        done = host.client("ssh", "alice", *words)
        assert done.returncode != 0
        assert done.stdout.strip() == "This service allows sftp connections only."
    forwarded = host.client("ssh", "alice", "-W", f"{ADDRESS}:{PORT}")
    assert forwarded.returncode != 0
    assert "SSH-2.0" not in forwarded.stdout


@pytest.mark.parametrize("login", ["root", "www-data", "nobody-at-all"])
def test_who_is_no_person_does_not_get_in(machines: Machines, login: str) -> None:
    _, host, _ = machines
    done = host.sftp("ls\n", login)
    assert done.returncode != 0
    assert not (host.volume / "people" / login).exists()


def test_who_is_at_home_in_another_island_has_no_files_here(machines: Machines) -> None:
    _, host, _ = machines
    assert host.sftp("ls\n", "chen").returncode != 0
    assert not (host.volume / "people/chen").exists()


def test_a_key_of_somebody_else_opens_nothing(machines: Machines) -> None:
    _, host, _ = machines
    assert "Permission denied (publickey)" in host.sftp("ls\n", key="/tmp/keys/bruno").stderr


def test_the_tenants_people_reach_a_sites_files(machines: Machines) -> None:
    """As the site's own user, for the web server's group; not before the folder was made."""
    _, host, _ = machines
    assert host.sftp("ls\n", SITE).returncode != 0
    make(host.volume, Folder(SHOWN, SITE_UID, "photos.example", "index.html"), READER)
    done = host.sftp("pwd\nmkdir album\nput /etc/hosts album/page.html\nput /etc/hosts index.html\n", SITE)
    assert done.returncode == 0, done.stderr
    assert "Remote working directory: /files" in done.stdout
    own = host.volume / SHOWN / "files"
    assert own.stat().st_mode & 0o7777 == 0o2750
    for path, mode in ((own / "album", 0o2755), (own / "album/page.html", 0o644), (own / "index.html", 0o640)):
        about = path.stat()
        assert (about.st_uid, about.st_gid, about.st_mode & 0o7777) == (SITE_UID, READER, mode), path
    # A client that brings a whole folder sets its mode afterwards, and with it the group of what comes later.
    (host.root / "tmp/whole").mkdir(exist_ok=True)
    (host.root / "tmp/whole/one.html").write_text("one")
    assert host.sftp("put -r /tmp/whole\nput /etc/hosts whole/later.html\n", SITE).returncode == 0
    reads = ["setpriv", "--reuid=www-data", "--regid=www-data", "--clear-groups", "cat"]
    for name in ("one.html", "later.html"):
        assert host.people.run(*reads, f"{VOLUME}/{SHOWN}/files/whole/{name}").returncode == 0, name
    others = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "cat"]
    assert host.people.run(*others, f"{VOLUME}/{SHOWN}/files/index.html").returncode != 0
    for words in ("put /etc/hosts /outside\n", "ls /../../laneway\n", "get /etc/passwd /tmp/x\n"):
        assert host.sftp(words, SITE).returncode != 0, words


def test_nobody_else_is_the_site_and_the_site_has_files_and_nothing_else(machines: Machines) -> None:
    _, host, _ = machines
    assert "Permission denied (publickey)" in host.sftp("ls\n", SITE, key="/tmp/keys/bruno").stderr
    done = host.client("ssh", SITE, "id")
    assert (done.returncode != 0, done.stdout.strip()) == (True, "This service allows sftp connections only.")


def test_without_the_files_there_is_no_session_and_nothing_is_written_beside_them(
    machines: Machines,
) -> None:
    _, host, _ = machines
    mount = host.root / VOLUME[1:]
    subprocess.run(["umount", str(mount)], check=True)
    try:
        assert host.sftp("ls\n").returncode != 0
        assert list(mount.iterdir()) == []
    finally:
        subprocess.run(["mount", "--bind", str(host.volume), str(mount)], check=True)
    assert host.sftp("ls\n").returncode == 0


def test_who_left_is_refused_and_the_files_stay(machines: Machines) -> None:
    server, host, key = machines
    assert host.sftp("put /etc/hosts kept\n").returncode == 0
    assert server.apply()["result"] is not False
    try:
        until("the host refusing her", lambda: host.sftp("ls\n").returncode != 0, 15)
        assert (host.volume / "people/alice/home/kept").exists()
    finally:
        people_of(server, key)
        host.people.forget()  # as it does by itself after a minute
    until("her being back", lambda: host.sftp("ls\n").returncode == 0, 30)
