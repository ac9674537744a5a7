"""Processes of a host's systemd units, found from outside by their control groups, stopped and killed there.

Nobody inside takes part, least of all the host's systemd: it learns of it as it would of any such accident.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from titanicarus.lab.cgroup import Group, is_zombie, wait_until
from titanicarus.lab.errors import LabError

_SECONDS = 10.0
_SUFFIXES = (".service", ".scope", ".slice", ".socket", ".mount", ".swap")
_STOPPED = "T"


def unit_name(name: str) -> str:
    """The whole name of a unit: `.service` is added to a name without a suffix, as systemctl does."""
    return name if name.endswith(_SUFFIXES) else f"{name}.service"


def processes(group: Group, unit: str) -> tuple[int, ...]:
    """Process ids (as seen here) of a unit of the host in `group`, sorted. Raises LabError when it has none."""
    found = tuple(sorted(set(_processes(group, unit_name(unit)))))
    if not found:
        raise LabError(f"{Path(group.path).name} has no process of {unit_name(unit)}: does it run?")
    return found


def stop(group: Group, unit: str) -> None:
    """Stop all processes of a unit where they are (SIGSTOP), with all their threads. Raises LabError."""
    _until(group, unit, signal.SIGSTOP, lambda pid: _state(pid) == _STOPPED)


def go_on(group: Group, unit: str) -> None:
    """Let a stopped unit go on (SIGCONT). Raises LabError, also when none of it was stopped."""
    if not any(_state(pid) == _STOPPED for pid in processes(group, unit)):
        raise LabError(f"{unit_name(unit)} of {Path(group.path).name} is not stopped")
    _until(group, unit, signal.SIGCONT, lambda pid: _state(pid) != _STOPPED)


def kill(group: Group, unit: str) -> None:
    """SIGKILL all processes that a unit has now; whether it is started again is its own affair. Raises LabError."""
    for pid in processes(group, unit):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def stopped(group: Group) -> tuple[str, ...]:
    """The host's units that have a stopped process, sorted."""
    found = set()
    for directory in group.directories:
        for here, _, _ in os.walk(directory):
            unit = Path(here).name
            if unit.endswith(".service") and any(_state(pid) == _STOPPED for pid in _below(Path(here))):
                found.add(unit)
    return tuple(sorted(found))


def _until(group: Group, unit: str, number: signal.Signals, done: Callable[[int], bool]) -> None:
    def reached() -> bool:
        # In turns: a process may be made by another one while that is being stopped.
        missing = [pid for pid in processes(group, unit) if not is_zombie(pid) and not done(pid)]
        for pid in missing:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return not missing

    if not wait_until(reached, _SECONDS):
        raise LabError(f"processes of {unit_name(unit)} did not obey {number.name} within {_SECONDS:g} s")


def _processes(group: Group, unit: str) -> Iterator[int]:
    for directory in group.directories:
        for here, _, _ in os.walk(directory):
            if Path(here).name == unit:
                yield from _below(Path(here))


def _below(directory: Path) -> Iterator[int]:
    for here, _, _ in os.walk(directory):
        with suppress(OSError):
            yield from (int(pid) for pid in (Path(here) / "cgroup.procs").read_text().split() if pid != "0")


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
