"""The loop around `ailment.decide`, on a control host: a part of a host is ill, and nothing there puts it right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from titanicarus.heal import ailment, incidents, orders
from titanicarus.heal.ailment import Ailment, Trouble
from titanicarus.heal.case import Decision
from titanicarus.heal.decide import HOUR
from titanicarus.heal.incidents import Incident
from titanicarus.heal.teller import Teller


@dataclass(frozen=True, slots=True)
class Ward(Teller):
    """One control host's."""

    def parse(self, tag: Any, data: Any) -> Ailment:
        """Raises BadReport."""
        return ailment.parse(tag, data)

    def case(self, heard: Ailment, waited: float, standing: Incident | None) -> Trouble:
        """What is known without asking the host."""
        return Trouble(
            heard,
            self.facts.island(heard.host),
            self.now(),
            self.held(),
            waited,
            standing.id if standing else "",
            self.facts.ill_seconds,
            frozenset(self.facts.masters),
            self._told(heard.host),
        )

    def _told(self, host: str) -> int:
        """Into how many parts of the host it was looked within the hour, as far as is known here."""
        every = incidents.fold(self.ledger.everything())
        kinds = tuple(f"{host}/{kind}" for kind in ailment.KINDS)
        recent = [past for past in every if past.subject.startswith(kinds) and self.now() - past.at < HOUR]
        return len({past.subject for past in recent})

    def lock(self, heard: Ailment) -> str:
        """One part of a host at a time: what is ill is said again."""
        return f"{heard.host}/parts"

    def decide(self, case: Trouble) -> Decision:
        """What follows."""
        return ailment.decide(case)

    def views(self, heard: Ailment) -> Mapping[str, str] | str:
        """What the host says now."""
        return orders.parts(self.ask, heard.host)
