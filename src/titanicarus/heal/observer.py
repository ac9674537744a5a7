"""What a control host sees of other hosts and islands, from look to look. What is worth saying: `presence`.

A look reads the answers to what the look before it asked, so nobody waits for a host that is dead. Who was ever seen
is kept in a file: a host that was lost before this minion was started is missed all the same.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from titanicarus.control import files
from titanicarus.heal import here, presence
from titanicarus.heal.ping import Addresses, Pings

SEEN = Path("/var/lib/titanicarus/heal/seen.json")


class Observer:
    """One observer; `kept` is the file with the names that it has ever seen."""

    def __init__(self, kept: Path) -> None:
        self._kept = kept
        self._written = _read(kept)
        self._outlook = presence.Outlook(self._written)
        self._pings: Pings | None = None

    def look(self, addresses: Addresses) -> list[dict[str, Any]]:
        """The events to send, and the next round of requests. The first look only asks."""
        answered, why = None, ""
        try:
            if self._pings is None:
                self._pings = Pings()
                self._pings.ask(addresses)
                return []
            answered = self._pings.answered()
            self._pings.ask(addresses)
        except OSError as error:
            answered, why = None, str(error)
        self._outlook, news = presence.step(self._outlook, list(addresses), answered, here.up(), why)
        self._keep()
        return news

    def close(self) -> None:
        """Give the socket back."""
        if self._pings:
            self._pings.close()
            self._pings = None

    def _keep(self) -> None:
        if self._outlook.ever == self._written:
            return
        try:
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            files.write(self._kept, json.dumps(sorted(self._outlook.ever)), 0o644, durable=False)
        except OSError:
            return  # a full disk keeps nobody from being missed by this run of the minion; the next look tries again
        self._written = self._outlook.ever


def _read(path: Path) -> frozenset[str]:
    """The names; none when there is no file, or one that cannot be read: then everybody has to be seen first."""
    try:
        return frozenset(str(name) for name in json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return frozenset()
