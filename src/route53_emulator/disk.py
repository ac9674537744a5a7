"""The account on disk: one SQLite file, one row for each thing, on the disk before the API answers."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from route53_emulator.records import Json


class Disk:
    """Rows by kind and id. For one thread at a time: the registry's lock sees to that."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(folder / "account.sqlite3", check_same_thread=False, isolation_level=None)
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("PRAGMA synchronous=FULL")
        self._file.execute("CREATE TABLE IF NOT EXISTS things (kind TEXT, id TEXT, data TEXT, PRIMARY KEY (kind, id))")

    def put(self, kind: str, thing: str, data: Json) -> None:
        self._file.execute("INSERT OR REPLACE INTO things VALUES (?, ?, ?)", (kind, thing, json.dumps(data)))

    def remove(self, kind: str, thing: str) -> None:
        self._file.execute("DELETE FROM things WHERE kind = ? AND id = ?", (kind, thing))

    def load(self, kind: str) -> Iterator[tuple[str, Json]]:
        rows = self._file.execute("SELECT id, data FROM things WHERE kind = ? ORDER BY id", (kind,)).fetchall()
        return ((thing, json.loads(data)) for thing, data in rows)

    def close(self) -> None:
        self._file.close()
