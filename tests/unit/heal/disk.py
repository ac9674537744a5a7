"""A host's disk as systemd and the platform leave it, for what looks there."""

from __future__ import annotations

import json
from pathlib import Path

from titanicarus.heal.here import BOOTED, Here


class Disk:
    """`root` is what the host's `/` is."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.units = root / "run/systemd/units"
        self.units.mkdir(parents=True)
        self.here = Here(root)
        self.run(BOOTED)

    def run(self, unit: str, invocation: str = "a" * 32) -> None:
        """Let the unit run, or another run of it."""
        link = self.units / f"invocation:{unit}"
        link.unlink(missing_ok=True)
        link.symlink_to(invocation)

    def stop(self, unit: str) -> None:
        (self.units / f"invocation:{unit}").unlink()

    def enable(self, *units: str) -> None:
        for unit in units:
            folder = self.root / "etc/systemd/system" / ("timers" if unit.endswith(".timer") else "multi-user") / ""
            folder = folder.parent / f"{folder.name}.target.wants"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / unit).symlink_to(f"/usr/lib/systemd/system/{unit}")

    def write(self, path: str, content: object) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content if isinstance(content, str) else json.dumps(content))
        return place
