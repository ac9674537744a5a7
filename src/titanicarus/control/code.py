"""Where a tree has its states and extension modules."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

EXTENSION_FOLDERS = ("_beacons", "_grains", "_modules", "_returners", "_states", "_utils")
MASTER_FOLDERS = ("_pillar", "_runners")
REACTOR = "reactor"
CONTENT = Path("salt/content")


def code_files(tree: Path) -> Iterator[Path]:
    """The files that decide, together with a host's pillar, what an apply does: states and extension modules."""
    yield from files_below(tree / "salt", without=tree / CONTENT)
    for folder in EXTENSION_FOLDERS:
        yield from files_below(tree / folder)


def master_files(tree: Path) -> Iterator[Path]:
    """The files that masters load themselves. They change nothing about what an apply does."""
    for folder in (*MASTER_FOLDERS, REACTOR):
        yield from files_below(tree / folder)


def files_below(folder: Path, without: Path | None = None) -> Iterator[Path]:
    """Every file in the folder and below, but for the folder `without`; sorted, no bytecode."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__" and Path(parent, name) != without)
        for name in sorted(names):
            yield Path(parent, name)
