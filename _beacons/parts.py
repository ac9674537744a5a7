"""News of what no unit tells of: copies of databases, bricks, mounts, disks, certificates. It is looked in
`titanicarus.heal.parts`; what is worth saying: `titanicarus.heal.ailment`.

.. code-block:: yaml

    beacons:
      parts:
        - interval: 20

Tags are ``salt/beacon/<host>/parts/<kind>``; docs/healing.md has the kinds and what comes with them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

_kept: dict[str, Any] = {}


def validate(config: Any) -> tuple[bool, str]:
    """Whether a configuration can be used, and words that say why not."""
    from titanicarus.heal import options

    return options.parts(config)


def beacon(_config: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is new since the last look."""
    from titanicarus.following import follow

    follow(_kept)
    from titanicarus.heal.here import Here
    from titanicarus.heal.parts import Rounds

    if "rounds" not in _kept:
        _kept["rounds"] = Rounds(__opts__["id"], Here(Path(__opts__.get("titanicarus_root", "/"))))
    news: list[dict[str, Any]] = _kept["rounds"].news()
    return news
