"""Programs that run on this host, and what they have open: from /proc, so nothing is asked and nothing hangs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")


def pids(program: str, *words: str, proc: Path = _PROC) -> list[int]:
    """Processes of a program whose command line has all of these words, or parts of words, in it."""
    found = []
    for pid, command in _commands(proc):
        line = command.decode(errors="replace").split("\0")
        if line[0].endswith(f"/{program}") and all(any(word in one for one in line) for word in words):
            found.append(pid)
    return found


def older(program: str, *words: str, than: float, proc: Path = _PROC) -> list[int]:
    """Those of them that began before a Unix time."""
    found = []
    for pid in pids(program, *words, proc=proc):
        with suppress(OSError):  # it has ended
            if _began(proc, pid) < than:
                found.append(pid)
    return found


def in_use(mount: Path, proc: Path = _PROC) -> bool:
    """Whether a process other than this one has a file open in a mount, or works in it. Never asks the mount itself."""
    place = f"{mount}/"
    for pid, _ in _commands(proc):
        if pid == os.getpid():
            continue
        with suppress(OSError):
            links = [proc / str(pid) / "cwd", *(proc / str(pid) / "fd").iterdir()]
            if any(f"{_target(link)}/".startswith(place) for link in links):
                return True
    return False


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""  # it has just been closed


def _commands(proc: Path) -> Iterator[tuple[int, bytes]]:
    for path in proc.glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended
            yield int(path.parent.name), path.read_bytes()


def _began(proc: Path, pid: int) -> float:
    """From the boot of the machine, which is in whole seconds: up to one too early."""
    booted = next(int(line.split()[1]) for line in (proc / "stat").read_text().splitlines() if line.startswith("btime"))
    ticks = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()[19]
    return booted + int(ticks) / _TICKS
