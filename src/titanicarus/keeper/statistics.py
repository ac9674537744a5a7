"""What the local HAProxy says of other islands and of this one's web servers."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

# Results of a check that show that the other side is there, whatever it said (HAProxy management guide, 9.1, field 36).
_ANSWERED = frozenset({"L7OK", "L7OKC", "L7STS", "L7RSP", "L6OK", "L4OK"})


def read_statistics(text: str, islands: Sequence[str]) -> tuple[bool | None, bool | None]:
    """(peers, well) from the answer to `show stat`: whether another island answers, and whether a web server is up.

    `islands` are the other islands. Before the first check of a server has ended, it says nothing about it: None.
    """
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("# "))))
    ways = {(f"island_{name}", "vpn") for name in islands} | {(f"detour_{name}", "public") for name in islands}
    checks = [row["check_status"] for row in rows if (row["pxname"], row["svname"]) in ways]
    done = [status.removeprefix("* ") for status in checks if status not in ("", "INI", "UNK")]
    heard = None if not ways or len(done) < len(checks) or not done else any(s in _ANSWERED for s in done)
    if heard is None and any(status in _ANSWERED for status in done):
        heard = True
    web = [row for row in rows if row["pxname"] == "web" and row["svname"] == "BACKEND"]
    well = any(row["status"].startswith("UP") and int(row["act"] or 0) > 0 for row in web) if web else None
    return heard, well
