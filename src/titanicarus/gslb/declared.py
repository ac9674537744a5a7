"""What the fleet's pillar wants of Route53, as the last push brought it to this control host."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from titanicarus.control import layout
from titanicarus.gslb.desired import Desired, desired
from titanicarus.heal import shares
from titanicarus.heal.ledger import FOLDER, Ledger


def declared(host: str, weights: Mapping[str, int] | None = None, root: Path = Path("/")) -> Desired:
    """From this control host's own disk: the minion's copy is as old as its last apply, and a new name changes nothing
    on a control host that would make an apply due.

    Islands that were taken out (docs/healing.md) have a share of 0. `weights` are shares that differ from the declared
    ones for now, 0 to 255 by island, and come before that. Raises UnknownIsland, OSError, and Broken for a ledger that
    cannot be read.
    """
    release = layout.Release(layout.Deploy(layout.below(root, layout.DEPLOY)).current)
    pillar = json.loads((release.pillar / f"{host}.json").read_text(encoding="utf-8"))
    out = shares.without(Ledger(host, layout.below(root, FOLDER)).everything())
    known = {island: 0 for island in out if island in pillar["gslb"]["islands"]}
    return desired(pillar["gslb"], {**known, **(weights or {})})
