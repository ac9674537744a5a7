"""SFTP from the lab's internet onto the shard's mirrored files, sites that are served from there; through faults."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import yaml
from lab.running import Running, Show, until
from lab.shared_files import await_well

from titanicarus.fleet.model import Site
from titanicarus.lab import CLIENT
from titanicarus.operations import probe_targets

KEY = "/root/sftp-key"
OPTIONS = (
    "-P 2222 -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/root/sftp-known -o ConnectTimeout=5"
)
ASKED = 100
"""Requests to each site through a fault, ten a second: files stand still for less than that."""
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def alice(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The fleet with one more key for alice, whose private half the client has; without it afterwards."""
    key = tmp_path_factory.mktemp("keys") / "alice"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)], check=True)
    path = running.tenants / "harbour.yaml"
    before = path.read_text()
    data = yaml.safe_load(before)
    keys = data["users"]["alice"]["ssh_keys"]
    data["users"]["alice"]["ssh_keys"] = [*keys, key.with_suffix(".pub").read_text().strip()]
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))
    deploy(running)
    place = running.lab.host(CLIENT).layout.root / KEY[1:]
    place.write_text(key.read_text())
    place.chmod(0o600)
    running.ask(CLIENT, "rm", "-f", "/root/sftp-known")
    yield running
    path.write_text(before)
    deploy(running)
    place.unlink()


def deploy(fleet: Running) -> None:
    fleet.saguire("push")
    fleet.saguire("apply")


def home(fleet: Running) -> str:
    """The island in which alice's tenant is at home."""
    return next(tenant.home for tenant in fleet.declaration.tenants if "alice" in tenant.users)


def sftp(fleet: Running, *lines: str, island: str | None = None, login: str = "alice") -> str:
    """What a batch of commands prints, then `done` if all went well."""
    place = f"{login}@{island or home(fleet)}.{fleet.lab.fleet.domain}"
    words = "\\n".join(lines)
    return fleet.ask(
        CLIENT, "sh", "-c", f"printf '{words}\\n' | sftp {OPTIONS} -i {KEY} -b - {place} 2>&1 && echo done", timeout=60
    )


def serves(fleet: Running) -> bool:
    return sftp(fleet, "ls").endswith("done\n")


def test_a_file_that_came_in_is_on_every_web_server_of_the_island(alice: Running, whole: Running, show: Show) -> None:
    began = time.monotonic()
    said = sftp(whole, "put /etc/hostname from-client", "ls -l")
    show(f"a file by SFTP, sign-in included: {time.monotonic() - began:.2f} s")
    assert said.endswith("done\n"), said
    island = home(whole)
    uid = next(
        user.uid for tenant in whole.declaration.tenants for user in tenant.users.values() if user.name == "alice"
    )
    for host in whole.ids("web", island):
        path = f"/srv/files/{island}/people/alice/home/from-client"
        assert whole.ask(host, "cat", path).strip() == CLIENT, host
        assert whole.ask(host, "stat", "-c", "%u %a", f"/srv/files/{island}/people/alice/home").split() == [
            str(uid),
            "700",
        ]


def test_files_and_nothing_else_and_nobody_elses(alice: Running, whole: Running) -> None:
    for line in ("ls /../..", "get /etc/passwd", "ls /people"):
        said = sftp(whole, line)
        assert "root" not in said and ("done" not in said or line == "ls /../.."), said
    shell = f"ssh {OPTIONS.replace('-P', '-p')} -i {KEY} alice@{home(whole)}.{whole.lab.fleet.domain} id"
    assert "uid=" not in whole.ask(CLIENT, "sh", "-c", f"{shell} 2>&1", timeout=60)
    assert "done" not in sftp(whole, "ls", login="root")
    others = [island for island in whole.islands if island != home(whole) and whole.ids("web", island)]
    for island in others:
        assert "done" not in sftp(whole, "ls", island=island)


def test_a_web_server_and_a_load_balancer_die_one_after_the_other(alice: Running, whole: Running, show: Show) -> None:
    island = home(whole)
    assert serves(whole)
    for role in ("web", "lb"):
        hosts = whole.ids(role, island)
        if len(hosts) < 2:
            continue
        whole.lab.kill(hosts[0])
        taken = until(f"SFTP without {hosts[0]}", lambda: serves(whole), 30)
        show(f"SFTP again {taken:.2f} s after {hosts[0]} was killed")
        whole.lab.start(hosts[0])
        whole.put_right()


def test_a_drained_web_server_gets_no_new_sessions(alice: Running, whole: Running) -> None:
    island = home(whole)
    hosts = whole.ids("web", island)
    if len(hosts) < 2:
        pytest.fail("this fleet's home island has one web server: run this test on another")
    whole.saguire("drain", hosts[0])
    try:
        since = whole.ask(hosts[0], "date", "+%s").strip()
        for _ in range(4):
            assert serves(whole)
        said = whole.ask(
            hosts[0], "journalctl", "--no-pager", "-u", "titanicarus-sftp", "--since", f"@{since}", "-g", "Accepted"
        )
        assert "alice" not in said
    finally:
        whole.saguire("restore", hosts[0])


@dataclass(frozen=True)
class Uploaded:
    """A site whose files come by SFTP, with PHP, and how its tenant's people reach them."""

    fleet: Running
    site: Site
    island: str

    def put(self, name: str, text: str) -> None:
        """Bring a file."""
        place = self.fleet.lab.host(CLIENT).layout.root / "root/brought"
        place.write_text(text)
        said = sftp(self.fleet, f"put /root/brought {name}", login=self.site.unix_user)
        assert said.endswith("done\n"), said

    def ask(self, path: str, server: str | None = None) -> str:
        """A page as people get it, or as one web server gives it to its load balancers."""
        if server is None:
            vip = self.fleet.lab.fleet.islands[self.island].wan.vip
            name = self.site.name
            words = ["curl", "-s", "--resolve", f"{name}:443:{vip}", f"https://{name}{path}"]
            return self.fleet.ask(CLIENT, *words, timeout=20)
        asks = self.fleet.ids("lb", self.island)[0]
        address = self.fleet.lab.fleet.host(server).lan
        words = ["curl", "-s", "-H", f"Host: {self.site.name}", "-H", "X-Forwarded-Proto: https"]
        return self.fleet.ask(asks, *words, f"http://{address}:8080{path}", timeout=20)


@pytest.fixture
def photos(alice: Running, whole: Running) -> Uploaded:
    """The one that is declared, with what nobody brought yet out of the way."""
    found = next((pair for pair in whole.declaration.sites if pair[1].uploads and pair[1].php), None)
    assert found is not None, "no tenant of this fleet has a site with `php` and `uploads`"
    return Uploaded(whole, found[1], found[0].home)


COUNTER = """<?php
// Who asks leaves a line, and reads all there are. The folder is made as WordPress makes its own.
@mkdir(__DIR__ . '/book', fileperms(__DIR__) & 07777, true);
file_put_contents(__DIR__ . '/book/guests.txt', $_GET['guest'] . "\\n", FILE_APPEND | LOCK_EX);
echo file_get_contents(__DIR__ . '/book/guests.txt');
"""


def test_what_is_brought_to_a_site_is_served_by_every_web_server(photos: Uploaded, show: Show) -> None:
    words = f"brought at {time.time():.3f}"
    photos.put("index.html", words)
    began = time.monotonic()
    for server in photos.fleet.ids("web", photos.island):
        until(f"{server} serving it", lambda server=server: photos.ask("/", server) == words, 10, poll=0.1)
    show(f"a page that was brought is served by every web server after {time.monotonic() - began:.2f} s")
    assert photos.ask("/") == words
    others = [island for island in photos.fleet.islands if island != photos.island]
    for island in others:  # passed on home
        assert words in photos.fleet.page_of(island, photos.site.name)


def test_its_php_writes_where_every_web_server_reads(photos: Uploaded) -> None:
    photos.put("guests.php", COUNTER)
    servers = photos.fleet.ids("web", photos.island)
    guests = [f"guest{number}-{time.time():.0f}" for number in range(6)]
    for number, guest in enumerate(guests):
        server = servers[number % len(servers)]
        until(
            f"{server} adding {guest}",
            lambda server=server, guest=guest: photos.ask(f"/guests.php?guest={guest}", server).split()[-1:] == [guest],
            10,
        )
    said = photos.ask("/book/guests.txt").split()
    assert list(dict.fromkeys(said))[-len(guests) :] == guests


def test_a_filer_dies_and_only_what_is_uploaded_waits(photos: Uploaded, show: Show) -> None:
    """Row 9 for the web: pushed sites do not notice, uploaded ones go on when files do and what waited is served."""
    fleet, island = photos.fleet, photos.island
    photos.put("index.html", "still here")
    victim = fleet.ids("filer", island)[0]
    sites = [site for tenant, site in fleet.declaration.sites if tenant.home == island]
    pushed = next(site for site in sites if not site.uploads and site.app is None)
    targets = probe_targets(fleet.declaration, [pushed.name, photos.site.name], island)
    with fleet.lab.probe(targets) as probe:
        probe.wait_until_good(15)
        fleet.lab.kill(victim)
        asked = probe.so_far().target(pushed.name).requests + ASKED
        until("users asking through the fault", lambda: probe.so_far().target(pushed.name).requests >= asked, 60)
        result = probe.stop()
    fleet.lab.start(victim)
    await_well(fleet, island)
    gaps = {target.name: target.longest_gap for target in result.targets}
    show(f"row 9: {victim} killed: pushed {gaps[pushed.name]:.2f} s, uploaded {gaps[photos.site.name]:.2f} s")
    assert gaps[pushed.name] <= 1.0, result.table()
    assert gaps[photos.site.name] <= 8.0, result.table()
