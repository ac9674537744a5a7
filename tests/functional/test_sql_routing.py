"""From a keeper's word to the clients of a database, through a real HAProxy with a load balancer's configuration."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from render.image_root import image_root, inside, place, prepare
from render.rendering import Component, component, pillars

ROOT = Path(__file__).resolve().parents[2]
FLEET = "tests/fixtures/fleets/two-islands.saguirefile"
BALANCER = "wlg-b1"  # its island has no database host
SECONDS = 120
STATE: Mapping[str, Any] = {
    "name": "/etc/titanicarus/haproxy",
    "source": "salt://haproxy/files",
    "pillar_files": {
        "certificates": {"pillar": "lb:certificates", "suffix": ".pem"},
        "identity": {"pillar": "lb:identity", "suffix": ".pem"},
    },
}


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """What a client saw; the run is that of sql_routing_inside.py."""
    pillar = pillars(FLEET)[BALANCER]
    shard = next(shard for shard in pillar["lb"]["sql"]["shards"] if shard["name"] == "wlg")
    config: Component = component(BALANCER, pillar, STATE)
    with image_root() as root:
        prepare(root)
        place(root, config, "lb")
        shutil.copytree(ROOT / "tests/fixtures", root / "srv/test/fixtures")
        shutil.copy(ROOT / "tests/functional/sql_routing_inside.py", root / "srv/test")
        path = "PYTHONPATH=/opt/titanicarus/current:/srv/test"
        run = f'mount -t proc proc /proc; mkdir -p /run/haproxy; exec env {path} "$@"'
        program = ["/opt/salt/bin/python", "/srv/test/sql_routing_inside.py", json.dumps(shard)]
        done = subprocess.run(
            [*inside(root), "/bin/sh", "-c", run, "sh", *program, "/candidates/lb/haproxy.cfg"],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        print(done.stdout + done.stderr)
        assert done.returncode == 0
        found: dict[str, Any] = json.loads((root / "srv/test/seen.json").read_text())
    print(found)
    return found


def test_where_nobody_writes_a_client_is_turned_away_at_once(seen: dict[str, Any]) -> None:
    assert seen["nobody"] == ""
    assert seen["turned_away_ms"] < 500
    assert seen["health_nobody"] == [503, {"service": "sql", "state": "down", "shards": {"syd": "down", "wlg": "down"}}]
    assert seen["health_writer"] == [503, {"service": "sql", "state": "down", "shards": {"syd": "down", "wlg": "up"}}]


def test_sessions_end_when_their_writer_goes_and_new_ones_find_the_next(seen: dict[str, Any]) -> None:
    print(f"cut after {seen['cut_ms']:.0f} ms, moved after {seen['moved_ms']:.0f} ms")
    assert seen["cut_ms"] < 1000
    assert seen["moved_ms"] < 1000


def test_a_session_that_is_being_connected_to_a_dead_host_ends(seen: dict[str, Any]) -> None:
    """HAProxy keeps one for ever that is shut down in that moment; it must end by its time-out for connecting."""
    print(f"ended after {seen['connecting_ends_ms']:.0f} ms")
    assert seen["connecting_ends_ms"] < 5000


def test_a_reload_leaves_sessions_alone_and_does_not_hide_them(seen: dict[str, Any]) -> None:
    assert seen["reload"] == "Success=1"
    assert seen["talks_after_reload"]
    assert seen["old_workers"] == 1
    assert seen["after_reload"] == "syd-a1"
    assert seen["cut_in_old_worker_ms"] < 1000


def test_an_haproxy_that_was_killed_knows_the_writer_when_it_starts(seen: dict[str, Any]) -> None:
    assert seen["after_restart"] == "syd-a1"
