"""A standby that cannot have a copy (another MariaDB, a certificate that has ended) is told why; all else goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from lab.databases import await_whole, mariadb, measure, verdict, view, writer
from lab.running import Running, Show

from titanicarus import pki
from titanicarus.control import secrets
from titanicarus.control.certificates import host_request
from titanicarus.transport import CommandFailed, run

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(600)]
SERVER = "/usr/sbin/mariadbd"
CERTIFICATE, KEY = "/etc/titanicarus/pki/host.crt", "/etc/titanicarus/pki/host.key"
OTHER_VERSION = f"""#!/bin/sh
case "$*" in
*--version) echo "mariadbd  Ver 11.4.2-MariaDB for debian-linux-gnu on x86_64" ;;
*) exec {SERVER}.real "$@" ;;
esac
"""


@pytest.fixture
def shard(whole: Running) -> str:
    """One with a writer, a standby and copies that follow."""
    name = whole.shards[0]
    await_whole(whole, name)
    return name


def standby(fleet: Running, shard: str) -> str:
    found = view(fleet, shard).standby
    assert found is not None
    return found


def refused(fleet: Running, show: Show, shard: str, what: str) -> str:
    """Ask the standby to make its copy anew: it must not, the sentence is given back. Clients write meanwhile."""
    host, source, before = standby(fleet, shard), writer(fleet, shard), view(fleet, shard)
    instance = fleet.ask(host, "systemctl", "show", "--property=MainPID", "--value", mariadb(shard))
    words: list[str] = []

    def ask() -> None:
        argv = ["/opt/salt/bin/python", "-m", "titanicarus.mariadb.rebuild", shard, source]
        with pytest.raises(CommandFailed) as failure:
            run(fleet.lab, host, argv, timeout=60)
        words.append(failure.value.stderr.strip())

    felt = measure(fleet, shard, ask, last=2.0)
    verdict(show, f"{what} on {host}", felt, gap=1.0, failures=0)
    after = view(fleet, shard)
    assert (after.epoch, after.standby, after.in_sync) == (before.epoch, before.standby, True)
    assert instance == fleet.ask(host, "systemctl", "show", "--property=MainPID", "--value", mariadb(shard))
    assert fleet.ask(host, "find", "/srv/mariadb", "-maxdepth", "1", "-name", ".*.new").strip() == ""
    show(words[0])
    return words[0]


@contextmanager
def file_instead(fleet: Running, host: str, path: str, content: str, mode: str) -> Iterator[None]:
    """Another content for a while; the old file is kept beside it as `.real`."""
    run(fleet.lab, host, ["cp", "-a", path, f"{path}.real"], timeout=20)
    try:
        argv = ["install", "-m", mode, "/dev/stdin", f"{path}.other"]
        run(fleet.lab, host, argv, input=content.encode(), timeout=20)
        run(fleet.lab, host, ["mv", f"{path}.other", path], timeout=20)
        yield
    finally:
        run(fleet.lab, host, ["mv", f"{path}.real", path], timeout=20)


def test_another_version_of_mariadb(whole: Running, shard: str, show: Show) -> None:
    with file_instead(whole, standby(whole, shard), SERVER, OTHER_VERSION, "0755"):
        words = refused(whole, show, shard, "MariaDB 11.4")
    assert "11.4" in words
    assert "install the same one" in words


def test_a_certificate_that_has_ended(whole: Running, shard: str, show: Show) -> None:
    host = whole.lab.fleet.host(standby(whole, shard))
    island = secrets.load(whole.lab.fleet, whole.lab.secrets).islands[host.island]
    days = whole.declaration.policy.certificate_days
    past = pki.window_at(datetime.now(UTC) - timedelta(days=3 * days), days)
    leaf = pki.issue(island, host_request(host.id, host.id, [str(host.lan)]), past)
    with (
        file_instead(whole, host.id, CERTIFICATE, leaf.certificate + leaf.chain, "0644"),
        file_instead(whole, host.id, KEY, leaf.key, "0600"),
    ):
        words = refused(whole, show, shard, "an expired certificate")
    assert "expired" in words
    assert "state.apply" in words
