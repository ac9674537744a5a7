"""`config_set.managed` through Salt's loaders, on a real Debian disk, with nginx as the daemon that checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from functional.salt_in_image import Host, fresh_host

GOOD = "events {}\nhttp { include sites.conf; }\n"
SITES = "{% for name in pillar.names %}\nserver { listen 8080; server_name {{ name | nginx }}; }\n{% endfor %}\n"
STATE: dict[str, Any] = {
    "name": "/etc/ours/nginx",
    "source": "salt://nginx/files",
    "check": ["/usr/sbin/nginx", "-t", "-q", "-c", "{dir}/nginx.conf"],
    "pillar_files": {"keys": {"pillar": "web:keys", "suffix": ".pem"}},
    "modes": {"keys/*": "0600"},
    "secret": ["keys/*"],
}


@pytest.fixture(scope="module")
def disk() -> Iterator[Host]:
    with fresh_host() as host:
        yield host


@pytest.fixture
def host(disk: Host) -> Host:
    """One good release in place."""
    disk.write("srv/test/states/nginx/files/nginx.conf", GOOD)
    disk.write("srv/test/states/nginx/files/sites.conf.j2", SITES)
    disk.pillar({"names": ["a.example"], "web": {"keys": {"a": "hunter1"}}})
    ret = disk.state("config_set.managed", **STATE)
    assert ret["result"] is True, ret
    return disk


def test_a_second_run_changes_nothing(host: Host) -> None:
    ret = host.state("config_set.managed", **STATE)
    assert (ret["result"], ret["changes"]) == (True, {})


def test_a_change_of_the_pillar_shows_a_diff_without_secrets(host: Host) -> None:
    host.pillar({"names": ["a.example", "b.example"], "web": {"keys": {"a": "hunter2", "b": "hunter3"}}})
    ret = host.state("config_set.managed", **STATE)
    assert ret["result"] is True
    assert set(ret["changes"]) == {"sites.conf", "keys/a.pem", "keys/b.pem"}
    assert '+server { listen 8080; server_name "b.example"; }' in ret["changes"]["sites.conf"]
    assert "hunter" not in str(ret)
    key = host.root / "etc/ours/nginx/keys/b.pem"
    assert (key.read_text(), key.stat().st_mode & 0o7777) == ("hunter3", 0o600)


def test_what_leaves_the_pillar_leaves_the_disk(host: Host) -> None:
    host.write("etc/ours/nginx/left-by-hand.conf", "")
    host.pillar({"names": ["a.example"], "web": {"keys": {}}})
    ret = host.state("config_set.managed", **STATE)
    assert set(ret["changes"].values()) == {"removed"}
    there = {path.name for path in (host.root / "etc/ours/nginx").iterdir()}
    assert there == {"nginx.conf", "sites.conf"}


def test_the_daemon_refuses_and_nothing_is_replaced(host: Host) -> None:
    before = (host.root / "etc/ours/nginx/nginx.conf").read_text()
    host.write("srv/test/states/nginx/files/nginx.conf", GOOD + "nonsense on;\n")
    ret = host.state("config_set.managed", **STATE)
    assert ret["result"] is False
    assert 'unknown directive "nonsense" in /etc/ours/nginx/nginx.conf:3' in ret["comment"]
    assert (host.root / "etc/ours/nginx/nginx.conf").read_text() == before
    assert ret["changes"] == {}
    assert [path.name for path in (host.root / "etc/ours").iterdir()] == ["nginx"]


def test_a_dry_run_asks_the_daemon_and_changes_nothing(host: Host) -> None:
    host.pillar({"names": ["c.example"], "web": {"keys": {"a": "hunter1"}}})
    ret = host.state("config_set.managed", test=True, **STATE)
    assert ret["result"] is None
    assert set(ret["changes"]) == {"sites.conf"}
    assert "c.example" not in (host.root / "etc/ours/nginx/sites.conf").read_text()
    host.write("srv/test/states/nginx/files/nginx.conf", "nonsense on;\n")
    assert host.state("config_set.managed", test=True, **STATE)["result"] is False


def test_a_template_that_cannot_be_rendered(host: Host) -> None:
    host.write("srv/test/states/nginx/files/sites.conf.j2", "\n{{ pillar.no_such_key }}\n")
    ret = host.state("config_set.managed", **STATE)
    assert ret["result"] is False
    assert "sites.conf.j2, line 2" in ret["comment"]


def test_an_argument_that_is_misspelt(host: Host) -> None:
    ret = host.state("config_set.managed", **STATE, chek=["true"])
    assert ret["result"] is False
    assert "chek" in ret["comment"]


def test_show_renders_one_file(host: Host) -> None:
    assert 'server_name "a.example"' in host.call("config_set.show", "salt://nginx/files", "sites.conf")


def test_what_was_accepted_before_is_not_shown_again_until_its_user_changes(host: Host) -> None:
    """The check counts the keys that it is shown."""
    count = "ls {dir}/keys | wc -l >&2; exit 1"
    settled = STATE | {"check": ["/bin/sh", "-c", count], "settled": {"keys/*.pem": "nginx.conf"}}
    host.pillar({"names": ["a.example"], "web": {"keys": {"a": "hunter1", "b": "hunter2", "c": "hunter3"}}})
    ret = host.state("config_set.managed", **settled)
    assert ret["result"] is False and ret["comment"].endswith("\n2"), ret
    host.write("srv/test/states/nginx/files/nginx.conf", GOOD + "\n")
    ret = host.state("config_set.managed", **settled)
    assert ret["result"] is False and ret["comment"].endswith("\n3"), ret
