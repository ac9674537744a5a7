"""A copy that is made anew: a unit of its own does it, so that it outlives this keeper and has its own limits."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from titanicarus.keeper.desk import Desk

RUN = Path("/run/titanicarus/keeper")
UNIT = "titanicarus-rebuild@{}.service"
_SECONDS = 10.0
_LOOK_SECONDS = 2.0
_PAUSE = 20.0


class Rebuilding:
    """For one shard. systemd is asked in a thread, never by the loop; after an attempt there is a pause."""

    def __init__(self, shard: str, say: Callable[[str], None]) -> None:
        self._shard, self._say = shard, say
        self._unit = UNIT.format(shard)
        self._desk = Desk(f"{shard}: rebuilding")
        self._runs = True  # until systemd has said otherwise: the keeper before this one may have started it
        self._asked = 0.0
        self._pause_until = 0.0

    def runs(self) -> bool:
        """Whether one runs, or may run."""
        if self._runs and time.monotonic() - self._asked >= _LOOK_SECONDS:
            self._asked = time.monotonic()
            self._desk.ask("look", self._look)
        return self._runs

    def start(self, source: str) -> bool:
        """Begin one; False, and nothing happens, when the last one was a moment ago."""
        if time.monotonic() < self._pause_until:
            return False
        self._pause_until = time.monotonic() + _PAUSE
        self._runs = True
        self._asked = time.monotonic()
        self._desk.ask("start", lambda: self._begin(source))
        return True

    def _begin(self, source: str) -> None:
        # The unit reads from whom in its instance's environment file: an argument would be part of its name.
        RUN.joinpath(f"rebuild-{self._shard}.env").write_text(f"SOURCE={source}\n")
        done = _systemctl("start", "--no-block", self._unit)
        if done.returncode != 0:
            self._say(f"{self._unit} could not be started: {done.stderr.strip()}")
            self._runs = False

    def _look(self) -> None:
        state = _systemctl("show", "--property=ActiveState", "--value", self._unit).stdout.strip()
        runs = state in ("activating", "active", "deactivating")
        if state == "failed":
            self._say(f"{self._unit} has failed: journalctl -u {self._unit} says why; it is tried again")
            _systemctl("reset-failed", self._unit)
        self._runs = runs


def _systemctl(*arguments: str) -> subprocess.CompletedProcess[str]:
    argv = ["/usr/bin/systemctl", *arguments]
    try:
        return subprocess.run(argv, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(argv, 1, "", str(error))
