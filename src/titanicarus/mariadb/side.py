"""Side databases: what a database was at a moment, beside it. Its users may read it, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

LONGEST = 64
"""Characters of a database's name in MariaDB."""
READ = frozenset({"SELECT", "SHOW VIEW"})
_SUFFIX = re.compile(r"_restored_\d{8}_\d{6}$")


def side_name(database: str, time: float) -> str:
    """`shop_restored_20261124_235900`: the moment in UTC; a long name is cut."""
    suffix = datetime.fromtimestamp(time, UTC).strftime("_restored_%Y%m%d_%H%M%S")
    return database[: LONGEST - len(suffix)] + suffix


def is_side_of(name: str, databases: Iterable[str]) -> bool:
    """Whether `name` is a side database of one of these."""
    found = _SUFFIX.search(name)
    if found is None:
        return False
    stem = name[: found.start()]
    return any(stem == database[: LONGEST - len(found[0])] for database in databases)
