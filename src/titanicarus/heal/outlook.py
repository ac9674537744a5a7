"""The loop around `absence.decide`, on a control host: a host or an island gives no answer.

An island is taken out as well; `returns` brings it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from titanicarus.control import layout
from titanicarus.heal import absence, orders, presence, shares
from titanicarus.heal.absence import Absence, View
from titanicarus.heal.case import Action, Decision, Outcome
from titanicarus.heal.incidents import Incident
from titanicarus.heal.presence import Sighting
from titanicarus.heal.teller import Teller
from titanicarus.keeper.config import AWS_CONFIG


@dataclass(frozen=True, slots=True)
class Outlook(Teller):
    """One control host's."""

    def parse(self, tag: Any, data: Any) -> Sighting:
        """Raises BadReport."""
        return presence.parse(tag, data)

    def case(self, heard: Sighting, waited: float, standing: Incident | None) -> Absence:
        """What is known without asking the other observers."""
        failed = _failures(standing) if standing else []
        aws = layout.below(self.root, AWS_CONFIG).exists()
        out = heard.about in shares.without(self.ledger.everything()) and not failed
        return Absence(
            heard,
            self.facts.island(heard.place),
            self.facts.observers.get(heard.about, ()),
            self.now(),
            self.held(),
            waited,
            standing.id if standing else "",
            self.facts.lost_seconds,
            shares=heard.about in self.facts.places and aws and not out,
            tried=len(failed) if standing is None or standing.master == self.facts.me else None,
            failed_for=self.now() - failed[-1] if failed else 0.0,
        )

    def decide(self, case: Absence) -> Decision:
        """What follows."""
        return absence.decide(case)

    def views(self, heard: Sighting) -> Mapping[str, View]:
        """What every observer sees now."""
        return orders.views(self.ask, self.facts.observers.get(heard.about, ()), heard.about)

    def acts(self, case: Absence) -> bool:
        """Whether an island is to be taken out."""
        return case.due

    def act(self, name: str, case: Absence) -> Absence:
        """Take the island out."""
        return replace(case, attempt=self.shift(name, case.heard.subject, case.heard.about, Action.TAKE_OUT))


def _failures(past: Incident) -> list[float]:
    """When it was tried in vain to take the island out; none once it was done."""
    tries = [entry for entry in past.entries if entry["step"] == shares.OUTCOME]
    return [] if any(one["outcome"] == Outcome.DONE for one in tries) else [one["at"] for one in tries]
