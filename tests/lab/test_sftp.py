"""SFTP from the lab's internet, through the load balancers, onto the shard's mirrored files; and through faults."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

import pytest
import yaml
from lab.running import Running, Show, until

from titanicarus.lab import CLIENT

KEY = "/root/sftp-key"
OPTIONS = (
    "-P 2222 -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/root/sftp-known -o ConnectTimeout=5"
)
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
