"""What a host says that has still to come right."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from unit.heal.disk import Disk

from titanicarus.heal import ready
from titanicarus.volumes.facts import STATUS

COPY = {
    "read_only": True, "source": "syd-db1", "io_running": True, "sql_running": True, "io_error": "", "sql_error": "",
    "lag_seconds": 0.0,
}  # fmt: skip
BRICK = {"online": True, "waits": "", "torn": [], "why": "well", "pending": 0}
MOUNT = {"well": True, "why": "well", "repairs": 2}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"lag_seconds": 10.0}, ""),
        ({"read_only": False, "source": None}, ""),
        ({"lag_seconds": 40.4}, "is 40 s behind"),
        ({"lag_seconds": None}, "cannot say how far it is behind"),
        ({"source": None}, "follows nobody"),
        ({"io_running": False, "io_error": "1236: purged"}, "does not follow syd-db1: 1236: purged"),
        ({"sql_running": False, "sql_error": "1062: twice"}, "does not follow syd-db1: 1062: twice"),
        ({"sql_running": False}, "does not follow syd-db1: no reason given"),
        ({"down": "no socket"}, "is down: no socket"),
    ],
)
def test_copies(changes: dict[str, Any], words: str) -> None:
    assert ready.copies({"mel": COPY | changes}) == ([f"database mel {words}"] if words else [])


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"bricks": {"mel": BRICK}, "mounts": {"mel": MOUNT}}, []),
        ({"bricks": {}, "mounts": {}}, []),
        ({"bricks": {"mel": BRICK | {"pending": 7}}, "mounts": {}}, ["brick of mel: 7 files wait to be healed"]),
        ({"bricks": {"mel": BRICK | {"online": False, "why": "is off"}}, "mounts": {}}, ["brick of mel: is off"]),
        ({"bricks": {"mel": BRICK | {"waits": "for db1"}}, "mounts": {}}, ["brick of mel: for db1"]),
        ({"bricks": {"mel": BRICK | {"waits": "goes on without db1", "pending": 7}}, "mounts": {}}, []),
        (
            {"bricks": {"mel": BRICK | {"torn": ["/a"]}}, "mounts": {}},
            ["brick of mel: no copy can be said to be the right one of /a"],
        ),
        (
            {"bricks": {}, "mounts": {"mel": MOUNT | {"well": False, "why": "is dead"}}},
            ["mount of mel: is dead; mounted anew 2 times"],
        ),
    ],
)
def test_files(document: dict[str, Any], said: list[str]) -> None:
    assert ready.of_document(document) == said


def test_files_that_nobody_speaks_of(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    assert ready.kept_files(disk.here) == ["has said nothing of its files since it started"]
    path = disk.here.below(STATUS)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"bricks": {"mel": BRICK}, "mounts": {}}))
    assert ready.kept_files(disk.here) == []
    os.utime(path, (time.time() - 60, time.time() - 60))
    assert ready.kept_files(disk.here) == ["has said nothing of its files for 60 s"]


def test_units(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.enable("nginx.service")
    disk.enable("haproxy.service")
    disk.run("haproxy.service")
    wanted = ["nginx.service", "haproxy.service", "valkey-server.service"]
    assert ready.units(disk.here, wanted) == ["nginx.service does not run"]
