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
_VOLATILE = ("open_for", "witness_age", "lag")
_FILE_SECONDS = 1.0


class Board:
    """The document as it is now. Numbers of versions only grow."""

    def __init__(self, first: Document, path: Path | None = DOCUMENT) -> None:
        self._changed = threading.Condition()
        self._document = first
        self._version = 0
        self._urgent = 0
        self._path = path
        self._written = 0.0

    @property
    def document(self) -> Document:
        """The newest document."""
        return self._document

    def publish(self, document: Document) -> None:
        """Show a new document, and wake those who wait if something changed that matters to them."""
        urgent = _part(document, _URGENT, only=True) != _part(self._document, _URGENT, only=True)
        changed = urgent or _part(document, _VOLATILE, only=False) != _part(self._document, _VOLATILE, only=False)
        with self._changed:
            self._document = document
            if changed:
                self._version += 1
                self._urgent += urgent
                self._changed.notify_all()
        if self._path and (urgent or time.monotonic() - self._written >= _FILE_SECONDS):
            self._written = time.monotonic()
            if not files.write(self._path, json.dumps(document), 0o644, durable=False):
                os.utime(self._path)  # the same words, said again: its age says that somebody still says them

    def wait(self, seen: tuple[int, int], pause: float, longest: float) -> tuple[tuple[int, int], Document]:
        """The next document after `seen`, with what to pass the next time.

        At once when something urgent changed (who is open, epoch, owner, standby), after `pause` seconds when
        anything else did, and after `longest` seconds as it is.
        """
        deadline = time.monotonic() + longest
        with self._changed:
            self._changed.wait_for(lambda: self._urgent != seen[1], pause)
            self._changed.wait_for(
                lambda: self._version != seen[0] or self._urgent != seen[1], max(0.0, deadline - time.monotonic())
            )
            return (self._version, self._urgent), self._document


def _part(document: Document, keys: tuple[str, ...], *, only: bool) -> Document:
    shards: Document = document.get("shards", {})
    return {
        name: {key: value for key, value in facts.items() if (key in keys) is only} for name, facts in shards.items()
    }
