"""Somebody who writes files on a mount through a fault, and what became of each file that he was told was written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

from lab.running import Running

from titanicarus.drill.files import FileWriter, written
from titanicarus.drill.looking import volume_lacks
from titanicarus.drill.waiting import until_nothing
from titanicarus.operations.files import look_at_files


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
    return next(volume_lacks(view) for view in look_at_files(fleet.lab, fleet.lab.fleet) if view.name == volume)


def await_well(fleet: Running, volume: str, seconds: float = 180) -> float:
    """Until every brick and mount of it is well and nothing waits; gives how many seconds that took."""
    return until_nothing(f"{volume} being well", lambda: unwell(fleet, volume), seconds)


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
    files = FileWriter(fleet.lab, volume, writer, reader)
    with files.probe as probe:
        sleep(2)  # the good time before
        began = monotonic()
        during()
        sleep(max(0.0, began + last + 1 - monotonic()))  # the length of the fault itself
        result = probe.stop()
    if after is not None:
        after()
    await_well(fleet, volume)
    (felt,) = result.targets
    errors = dict(Counter(felt.reasons))
    return Felt(felt.longest_gap, felt.gap_began - result.begin, len(written(result)), errors, files.lost(result))
