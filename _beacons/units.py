"""News of the systemd units that this host should run. What is worth saying: `titanicarus.heal.watch`.

.. code-block:: yaml

    beacons:
      units:
        - units: [nginx.service]
        - interval: 4

Tags are ``salt/beacon/<host>/units/<kind>``; docs/healing.md has the kinds and what comes with them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

_kept: dict[str, Any] = {}


def validate(config: Any) -> tuple[bool, str]:
    """Whether a configuration can be used, and words that say why not."""
    from titanicarus.heal import options

    return options.units(config)


def beacon(config: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is new since the last look."""
    from titanicarus.following import follow

    follow(_kept)
    from titanicarus.heal.here import Here
    from titanicarus.heal.news import look_around

    wanted = next(entry["units"] for entry in config if "units" in entry)
    place = Here(Path(__opts__.get("titanicarus_root", "/")))
    _kept["memory"], news = look_around(place, _kept.get("memory", {}), wanted)
    return news
