"""What the daemons of the lab's hosts wrote to their journals, read on this machine: also of a host that is off."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from titanicarus.drill.timeline import UNITS, Line
from titanicarus.operations.errors import OperationFailed

FOLDER = "var/log/journal"
SECONDS = 60.0


def read_journals(places: Mapping[str, tuple[Path, ...]], since: float) -> Iterator[Line]:
    """Lines of UNITS since an instant of CLOCK_MONOTONIC, host by host; of the places where a host's disk may be seen
    the first that has a journal counts. Raises OperationFailed when one cannot be read."""
    began = since + time.time() - time.monotonic()
    for host, roots in places.items():
        folder = next((root / FOLDER for root in roots if (root / FOLDER).is_dir()), None)
        if folder is not None:
            yield from (line for line in lines(_read(folder, began), host) if line.at >= since)


def _read(folder: Path, began: float) -> str:
    units = [f"--unit={unit}" for unit in UNITS]
    argv = ["journalctl", f"--directory={folder}", f"--since=@{began:.0f}", "--output=json", "--no-pager", *units]
    try:
        done = subprocess.run(argv, capture_output=True, timeout=SECONDS, check=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, FileNotFoundError) as error:
        raise OperationFailed(f"{folder} cannot be read: {error}") from error
    return done.stdout.decode(errors="replace")


def lines(text: str, host: str) -> Iterator[Line]:
    """From what journalctl prints as JSON. A host's CLOCK_MONOTONIC is this machine's."""
    for row in text.splitlines():
        try:
            found: dict[str, Any] = json.loads(row)
            said, at = found["MESSAGE"], int(found["__MONOTONIC_TIMESTAMP"]) / 1e6
        except (ValueError, KeyError, TypeError):
            continue  # half a line, which a host that just lost its power may leave
        if isinstance(said, str):
            yield Line(at, host, str(found.get("_SYSTEMD_UNIT", "")), said)
