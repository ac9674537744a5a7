"""What a host sees of itself without starting a program: its units and its boot.

systemd keeps a link `/run/systemd/units/invocation:<unit>` for each unit that is neither inactive nor failed, with the
id of this run of it (src/core/unit.c: unit_export_invocation_id, unit_unlink_state_files; journald reads them).
To look at all units of a host so costs less than a millisecond: docs/adr/0080-looks-that-cost-nothing.md.
"""

from __future__ import annotations

import os
import time
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path

from titanicarus.control import layout

UNITS = Path("/run/systemd/units")
WANTS = Path("/etc/systemd/system")
BOOT = Path("/proc/sys/kernel/random/boot_id")
BOOTED = "multi-user.target"
LONGEST_BOOT = 300.0
"""Seconds after which a host whose boot never ends is judged as any other."""
_MARK = "invocation:"


@dataclass(frozen=True, slots=True)
class Here:
    """This host. `root` is another folder than `/` in tests."""

    root: Path = Path("/")

    def below(self, path: Path) -> Path:
        """The path as it is to be opened."""
        return layout.below(self.root, path)

    def invocations(self) -> dict[str, str]:
        """The id of the present run of each unit that runs, starts or stops. Raises OSError when nobody can tell."""
        folder = str(self.below(UNITS))
        found = {}
        for name in os.listdir(folder):  # noqa: PTH208 - a third of what iterdir costs, on each host, all day
            if name.startswith(_MARK):
                try:
                    found[name.removeprefix(_MARK)] = os.readlink(f"{folder}/{name}")  # noqa: PTH115
                except FileNotFoundError:
                    continue  # it has just ended
        return found

    def enabled(self, units: Iterable[str]) -> list[str]:
        """Those of the units that are started at every boot: the states see to it when they put one into service, and
        an operator who disables one takes it out."""
        folders = sorted(self.below(WANTS).glob("*.wants"))
        return [unit for unit in units if any((folder / unit).is_symlink() for folder in folders)]

    def booting(self, running: Container[str]) -> bool:
        """Whether units that do not run may just not have had their turn yet."""
        return BOOTED not in running and up() < LONGEST_BOOT


def up() -> float:
    """Seconds since the boot, by a clock that nobody can set and that also counts while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def boot() -> str:
    """The id of this boot."""
    return BOOT.read_text().strip()
