"""On control hosts: which hosts of the island, and which other islands, are there. It is looked in
`titanicarus.heal.observer`.

.. code-block:: yaml

    beacons:
      hosts:
        - look_at: {syd-web1: [10.71.1.21], mel: [10.71.2.31, 198.18.2.10]}
        - interval: 4

Tags are ``salt/beacon/<observer>/hosts/<kind>``; docs/healing.md has the kinds and what comes with them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

_kept: dict[str, Any] = {}


def validate(config: Any) -> tuple[bool, str]:
    """Whether a configuration can be used, and words that say why not."""
    from titanicarus.heal import options

    return options.hosts(config)


def beacon(config: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is new since the last look."""
    from titanicarus.following import follow

    follow(_kept)
    from titanicarus.heal.observer import SEEN, Observer

    if "observer" not in _kept:
        _kept["observer"] = Observer(Path(__opts__.get("titanicarus_root", "/")) / SEEN.relative_to("/"))
    news: list[dict[str, Any]] = _kept["observer"].look(
        next(entry["look_at"] for entry in config if "look_at" in entry)
    )
    return news


def close(_config: list[dict[str, Any]]) -> None:
    """Salt's last word to a beacon: the socket is given back."""
    if "observer" in _kept:
        _kept.pop("observer").close()
