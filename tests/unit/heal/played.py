"""Echo requests that a test answers."""

from __future__ import annotations

from typing import ClassVar

from titanicarus.heal.ping import Addresses


class Played:
    """In place of `titanicarus.heal.ping.Pings`: `there` answer, and `broken` says why nobody can be asked."""

    there: ClassVar[set[str]] = set()
    broken: ClassVar[str] = ""
    asked: ClassVar[list[Addresses]] = []
    closed: ClassVar[int] = 0

    def ask(self, addresses: Addresses) -> None:
        if self.broken:
            raise OSError(self.broken)
        self.asked.append(addresses)

    def answered(self) -> set[str]:
        return set(self.there)

    def close(self) -> None:
        type(self).closed += 1
