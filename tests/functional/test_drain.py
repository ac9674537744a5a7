"""`drain.*` through Salt's loaders: when is it refused, and what is left behind then? The act itself: tests/lab."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from functional.salt_in_image import Host, fresh_host

# Nobody answers at these addresses: the host under test has no network at all.
WEB: dict[str, Any] = {"web": {"load_balancers": ["10.71.1.11", "10.71.1.12"]}}
LB: dict[str, Any] = {
    "lb": {
        "vrrp": {
            "router_id": 1,
            "peers": ["10.71.1.12"],
            "vips": [
                {"address": "198.18.1.10/24", "interface": "wan0"},
                {"address": "10.71.1.10/24", "interface": "lan0"},
            ],
        }
    }
}


@pytest.fixture(scope="module")
def disk() -> Iterator[Host]:
    with fresh_host() as host:
        host.write("var/lib/titanicarus/drained/keepalived", "0\n")
        yield host


def refusal(host: Host, *words: str) -> str:
    done = host.run("/opt/salt/bin/salt-call", "--local", "-c", "/srv/test/conf", "--retcode-passthrough", *words)
    assert done.returncode != 0, done.stdout
    return (done.stdout + done.stderr).decode()


def flags(host: Host) -> dict[str, str]:
    folder = host.root / "var/lib/titanicarus/drained"
    return {path.name: path.read_text().strip() for path in folder.iterdir()}


def test_unknown_is_not_fine(disk: Host) -> None:
    """A web server whose load balancers do not answer stays in service."""
    disk.pillar(WEB)
    assert "no load balancer answers" in refusal(disk, "drain.start")
    assert "web" not in flags(disk)


def test_the_last_load_balancer_stays(disk: Host) -> None:
    disk.pillar(LB)
    assert "no other load balancer of the island is in service" in refusal(disk, "drain.start")
    assert flags(disk)["keepalived"] == "0"


def test_force_drains_all_the_same_and_stop_takes_it_back(disk: Host) -> None:
    disk.pillar(WEB)
    assert set(disk.call("drain.start", "force=True", "seconds=1")) == {"web"}
    assert disk.call("drain.status") == {"web": {"drained": True, "connections": 0}}
    disk.call("drain.stop")
    assert disk.call("drain.status") == {"web": {"drained": False, "connections": 0}}


def test_force_on_a_load_balancer(disk: Host) -> None:
    disk.pillar(LB)
    seen = disk.call("drain.start", "force=True", "seconds=1")
    assert seen == {"lb": "nobody holds the addresses; no connection is left here"}
    assert (flags(disk)["keepalived"], flags(disk)["haproxy.acl"]) == ("1", "/")
    assert disk.call("drain.stop") == {"lb": "stands by; the addresses stay where they are"}
    assert (flags(disk)["keepalived"], flags(disk)["haproxy.acl"]) == ("0", "")
    assert disk.call("drain.stop") == {"lb": "was not drained"}


def test_a_host_of_another_role(disk: Host) -> None:
    disk.pillar({})
    assert "there is nothing to drain" in refusal(disk, "drain.start")
