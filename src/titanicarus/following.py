"""Processes of Salt run for months: when the host's library is changed under them, they go on with the new one."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

LIBRARY = Path("/opt/titanicarus/current")
_imported: dict[str, str] = {}
"""The release that this process has imported; forgotten once for all callers, so that they go on with the same one."""


def follow(kept: MutableMapping[str, Any]) -> None:
    """To be called before anything else of the library is imported, by whoever keeps something of it in `kept` between
    two calls.

    When the library is another than at the last call, what this process has imported of it is forgotten, and so is all
    that was kept. What is under way goes on with what it began with.
    """
    release = LIBRARY.readlink().name if LIBRARY.is_symlink() else ""
    if _imported.setdefault("release", release) != release:
        _imported["release"] = release
        for module in [name for name in sys.modules if name.startswith("titanicarus.") and name != __name__]:
            del sys.modules[module]
    if kept.setdefault("release", release) != release:
        kept.clear()
        kept["release"] = release
