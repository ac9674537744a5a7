"""Processes of Salt run for months: when the host's library is changed under them, they go on with the new one."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

LIBRARY = Path("/opt/titanicarus/current")
_PACKAGE = "titanicarus.heal"


def follow(kept: MutableMapping[str, Any]) -> None:
    """To be called before the package `heal` is imported, by whoever keeps something of it in `kept` between two calls.

    When the library is another than at the last call with the same `kept`, what was imported of it is forgotten, and
    so is all that was kept. A module that another caller has kept something of stays with what it is kept by.
    """
    release = LIBRARY.readlink().name if LIBRARY.is_symlink() else ""
    if kept.get("release") == release:
        return
    if "release" in kept:
        for module in [name for name in sys.modules if name.startswith(_PACKAGE)]:
            del sys.modules[module]
    kept.clear()
    kept["release"] = release
