"""What the last Salt run on this host wished for, kept on its disk: whoever becomes the writer can carry it out.

An apply reaches every host that carries a shard, and the one that writes does the work. When that one dies on the
way, the next one finds here that there is something newer than what has been done, by the wish's time.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from titanicarus.control import files
from titanicarus.mariadb.tenants.model import Wanted, Wish, wanted_from

KEPT = Path("/var/lib/titanicarus/tenant_databases")


def keep(shard: str, tenants: list[dict[str, Any]], now: datetime, folder: Path = KEPT) -> tuple[Wanted, Wish]:
    """Keep what is wanted of a shard since `now`. Raises BadTenant, with nothing kept."""
    wanted = wanted_from(tenants, shard)
    wish = Wish(wanted.digest, now.astimezone(UTC))
    mine = [entry for entry in tenants if entry["shard"] == shard]
    files.folder(folder, 0o700)
    files.write(folder / f"{shard}.json", json.dumps({"at": wish.at.isoformat(), "tenants": mine}), 0o600)
    return wanted, wish


def kept(shard: str, folder: Path = KEPT) -> tuple[Wanted, Wish] | None:
    """What is kept for a shard, None when no run has been here."""
    try:
        data = json.loads((folder / f"{shard}.json").read_text())
    except FileNotFoundError:
        return None
    wanted = wanted_from(data["tenants"], shard)
    return wanted, Wish(wanted.digest, datetime.fromisoformat(data["at"]))


def due(wish: Wish, done: Wish | None) -> bool:
    """Whether the wish is newer than what was carried out last."""
    return done is None or (wish.digest != done.digest and wish.at > done.at)
