"""What the fleet's pillar wants of Route53, as the last push brought it to this control host."""

from __future__ import annotations

import json
from collections.abc import Mapping

from titanicarus.control import layout
from titanicarus.gslb.desired import Desired, desired


def declared(host: str, weights: Mapping[str, int] | None = None) -> Desired:
    """From this control host's own disk: the minion's copy is as old as its last apply, and a new name changes nothing
    on a control host that would make an apply due.

    `weights` are shares that differ from the declared ones for now, 0 to 255 by island. Raises UnknownIsland, OSError.
    """
    release = layout.Release(layout.Deploy(layout.DEPLOY).current)
    pillar = json.loads((release.pillar / f"{host}.json").read_text(encoding="utf-8"))
    return desired(pillar["gslb"], weights)
