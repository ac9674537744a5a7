"""News of the systemd units that this host should run. What is worth saying: `titanicarus.heal.watch`.

.. code-block:: yaml

    beacons:
      units:
        - units: [nginx.service]
        - interval: 4

Tags are ``salt/beacon/<host>/units/<kind>``; docs/healing.md has the kinds and what comes with them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

LIBRARY = Path("/opt/titanicarus/current")
_remembered: dict[str, Any] = {"memory": {}, "release": None}


def validate(config: Any) -> tuple[bool, str]:
    """Whether a configuration can be used, and words that say why not. Salt asks this every second."""
    if not isinstance(config, list) or not all(isinstance(entry, dict) for entry in config):
        return False, "the beacon `units` takes a list of mappings"
    options = {key: value for entry in config for key, value in entry.items() if key != "_beacon_name"}
    if unknown := set(options) - {"units", "interval", "enabled", "disable_during_state_run", "beacon_module"}:
        return False, f"the beacon `units` has no option {', '.join(sorted(map(str, unknown)))}"
    units = options.get("units")
    if not isinstance(units, list) or not units:
        return False, "`units` must be a list with the names of the units that should run"
    if wrong := [unit for unit in units if not (isinstance(unit, str) and unit.endswith((".service", ".timer")))]:
        return False, f"`units`: {wrong[0]!r} is no name of a service or timer"
    interval = options.get("interval", 1)
    if isinstance(interval, bool) or not isinstance(interval, int | float) or not 1 <= interval <= 60:
        return False, f"`interval` is 1 to 60 seconds, found {interval!r}"
    return True, "valid"


def beacon(config: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is new since the last look."""
    _follow_library()
    from titanicarus.heal.here import Here
    from titanicarus.heal.news import look_around

    wanted = next(entry["units"] for entry in config if "units" in entry)
    place = Here(Path(__opts__.get("titanicarus_root", "/")))
    _remembered["memory"], news = look_around(place, _remembered["memory"], wanted)
    return news


def _follow_library() -> None:
    """A minion runs for months: when the host's library was changed under it, the new one is imported. What was
    remembered is forgotten with it, so that what is wrong is said once more."""
    release = LIBRARY.readlink().name if LIBRARY.is_symlink() else ""
    if _remembered["release"] != release:
        if _remembered["release"] is not None:
            for module in [name for name in sys.modules if name.startswith("titanicarus.heal")]:
                del sys.modules[module]
        _remembered.update(memory={}, release=release)
