"""What this host's keeper says of its shards, for everybody who asks: one document, and who waits for the next one."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

from titanicarus.control import files

DOCUMENT = Path("/run/titanicarus/keeper/shards.json")
Document = dict[str, Any]
_URGENT = ("open", "epoch", "owner", "standby", "start_id")
"""What others act on. Everything else is told with the next of these, or within a second: during writes the position
changes with every commit, and a keeper has a dozen listeners."""
_FILE_SECONDS = 1.0


class Board:
    """The document as it is now."""

    def __init__(self, first: Document, path: Path | None = DOCUMENT) -> None:
        self._changed = threading.Condition()
        self._document = first
        self._urgent = 0
        self._path = path
        self._written = 0.0

    @property
    def document(self) -> Document:
        """The newest document."""
        return self._document

    def publish(self, document: Document) -> None:
        """Show a new document, and wake those who wait if something changed that matters to them."""
        urgent = _urgent(document) != _urgent(self._document)
        with self._changed:
            self._document = document
            if urgent:
                self._urgent += 1
                self._changed.notify_all()
        if self._path and (urgent or time.monotonic() - self._written >= _FILE_SECONDS):
            self._written = time.monotonic()
            if not files.write(self._path, json.dumps(document), 0o644, durable=False):
                os.utime(self._path)  # the same words, said again: its age says that somebody still says them

    def wait(self, seen: int, longest: float) -> tuple[int, Document]:
        """The next document after `seen`, with what to pass the next time: at once when somebody opened or shut, the
        epoch, the owner, the standby or the run of a database changed, and after `longest` seconds as it is."""
        with self._changed:
            self._changed.wait_for(lambda: self._urgent != seen, longest)
            return self._urgent, self._document


def _urgent(document: Document) -> dict[str, list[Any]]:
    shards: Document = document.get("shards", {})
    return {name: [facts.get(key) for key in _URGENT] for name, facts in shards.items()}
