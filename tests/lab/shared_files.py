"""Somebody who writes files on a mount through a fault, and what became of each file that he was told was written."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from time import sleep
from typing import Any

from lab.running import Running, until

WRITER = """
import json, os, sys, time
folder, seconds = sys.argv[1], float(sys.argv[2])
os.makedirs(folder, exist_ok=True)
print("begun", flush=True)
began = last = time.monotonic()
gap, at, written, errors = 0.0, 0.0, [], {}
number = 0
while time.monotonic() - began < seconds:
    name = f"{folder}/{number}"
    number += 1
    try:
        with open(name, "w") as file:
            file.write(f"{number} " + "x" * 4090)
        written.append(number)
        now = time.monotonic()
        if now - last > gap:
            gap, at = now - last, now - began
        last = now
    except OSError as error:
        errors[error.strerror] = errors.get(error.strerror, 0) + 1
        time.sleep(0.05)
    time.sleep(max(0.0, began + number / 20 - time.monotonic()))
print(json.dumps({"gap": round(gap, 2), "at": round(at, 2), "written": written, "errors": errors}))
"""
READER = """
import json, sys
folder, missing = sys.argv[1], []
for number in json.load(sys.stdin):
    try:
        with open(f"{folder}/{number - 1}") as file:
            if file.read() != f"{number} " + "x" * 4090:
                missing.append(number)
    except OSError:
        missing.append(number)
print(json.dumps(missing))
"""


@dataclass(frozen=True)
class Felt:
    """What the writer felt: `gap` is the longest time without a file written, in seconds; `lost` are files that were
    written, as it was told, and that another host does not find afterwards."""

    gap: float
    at: float
    files: int
    errors: dict[str, int]
    lost: list[int]

    def __str__(self) -> str:
        errors = ", ".join(f"{count} x {what}" for what, count in self.errors.items()) or "no error"
        return f"{self.files} files, longest gap {self.gap:.2f} s at {self.at:.1f} s, {errors}, {len(self.lost)} lost"


def volumes(fleet: Running) -> dict[str, dict[str, Any]]:
    """What `saguire files status` says, by volume."""
    return {view["volume"]: view for view in fleet.json("files", "status")}


def unwell(fleet: Running, volume: str) -> list[str]:
    """What is not well of a volume, in words; also files that wait to be healed."""
    view = volumes(fleet)[volume]
    words = [f"{part['what']} of {part['host']}: {part['why']}" for part in view["parts"] if not part["well"]]
    return words + ([f"{view['pending']} files wait"] if view["pending"] else [])


def await_well(fleet: Running, volume: str, seconds: float = 180) -> float:
    """Until every brick and mount of it is well and nothing waits; gives how many seconds that took."""
    try:
        return until(f"{volume} being well", lambda: not unwell(fleet, volume), seconds, poll=0.5)
    except AssertionError as error:
        raise AssertionError(f"{error}: {unwell(fleet, volume)}") from error


def measure(
    fleet: Running,
    volume: str,
    during: Callable[[], object],
    *,
    last: float = 12.0,
    after: Callable[[], object] | None = None,
) -> Felt:
    """Write 20 files a second on a web server, do something, let it last, undo it (`after`), and read on another."""
    writer, reader = fleet.ids("web", volume)[:2]
    folder = f"/srv/files/{volume}/test-{uuid.uuid4().hex[:8]}"
    argv = fleet.lab.command(writer, ["python3", "-c", WRITER, folder, str(3 + last)])
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "begun\n"
        sleep(2)  # the good time before
        during()
        said = json.loads(running.stdout.readline())
    if after is not None:
        after()
    await_well(fleet, volume)
    read = fleet.lab.command(reader, ["python3", "-c", READER, folder])
    done = subprocess.run(
        read, input=json.dumps(said["written"]), capture_output=True, text=True, timeout=300, check=True
    )
    return Felt(said["gap"], said["at"], len(said["written"]), said["errors"], json.loads(done.stdout))
