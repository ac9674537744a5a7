"""What the name servers of a zone answer. Pure but for the given dice.

Sources: RFC 1034 (section 4.3.2), RFC 2308 (negative answers), RFC 4592 (wildcards), and the Developer Guide for the
choice among record sets (see `routing`).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from route53_emulator.batch import ancestors_in
from route53_emulator.names import WILDCARD, canonical, is_within
from route53_emulator.rdata import rdata
from route53_emulator.records import RecordSet
from route53_emulator.routing import choose
from route53_emulator.zones import Zone

NOERROR, NXDOMAIN, REFUSED = 0, 3, 5
_MOST_STEPS = 8
_ALIAS_TTL = 60


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of an answer: `value` as a user of the API writes it."""

    name: str
    type: str
    ttl: int
    value: str


@dataclass
class Answer:
    """`authority` holds the SOA of a negative answer or the NS of a delegation, which is not `authoritative`."""

    code: int = NOERROR
    entries: list[Entry] = field(default_factory=list)
    authority: list[Entry] = field(default_factory=list)
    authoritative: bool = True


@dataclass(frozen=True)
class Resolver:
    """Answers from one zone.

    `verdict` says whether a health check is green; `regions` are the client's, nearest first.
    """

    zone: Zone
    verdict: Callable[[str], bool]
    dice: random.Random
    regions: Sequence[str] = ()

    def answer(self, name: str, kind: str) -> Answer:
        """The answer to one question; `name` is canonical and inside the zone, `kind` such as A or ANY."""
        answer = Answer()
        for _ in range(_MOST_STEPS):
            step = self._step(name, kind, answer)
            if step is None or not is_within(step, self.zone.name):
                break
            name = step
        return answer

    def _step(self, name: str, kind: str, answer: Answer) -> str | None:
        """Add what there is at one name; gives back the target of a CNAME that has to be followed."""
        cut = self._delegation(name, kind)
        if cut:
            answer.authority, answer.authoritative = self._entries(cut, cut.name), False
            return None
        by_type = self.zone.answers_for(name)
        if by_type is None:
            by_type = self._wildcard(name)
        if by_type is None:
            answer.code = NXDOMAIN
            answer.authority = self._negative()
            return None
        kinds = [kind] if kind in by_type else (["CNAME"] if "CNAME" in by_type else [])
        if kind == "ANY":
            kinds = sorted(by_type)
        if not kinds:
            answer.authority = self._negative()
            return None
        for each in kinds:
            for one in self._chosen(list(by_type[each].values())):
                answer.entries += self._entries(one, name)
        if kinds == ["CNAME"] and kind not in ("CNAME", "ANY"):
            return canonical(answer.entries[-1].value)
        return None

    def _chosen(self, sets: list[RecordSet]) -> list[RecordSet]:
        return choose(sets, self._healthy, self.dice, self.regions)

    def _healthy(self, one: RecordSet) -> bool:
        if one.health_check_id and not self.verdict(one.health_check_id):
            return False
        if one.alias and one.alias.evaluate:
            return any(map(self._healthy, self._targets(one)))
        return True

    def _targets(self, one: RecordSet) -> list[RecordSet]:
        assert one.alias is not None
        by_type = self.zone.answers_for(one.alias.name) or {}
        return [target for target in by_type.get(one.type, {}).values() if target.key != one.key]

    def _entries(self, one: RecordSet, name: str) -> list[Entry]:
        if one.alias is None:
            return [Entry(name, one.type, one.ttl or 0, value) for value in one.values]
        targets = self._targets(one)
        found = [entry for target in self._chosen(targets) for entry in self._entries(target, name)] if targets else []
        return [Entry(name, entry.type, min(entry.ttl, _ALIAS_TTL), entry.value) for entry in found]

    def _delegation(self, name: str, kind: str) -> RecordSet | None:
        """The NS record set below the apex that the name is under, unless it is asked for by its parent's rights."""
        places = [*([] if kind in ("NS", "DS") else [name]), *ancestors_in(name, self.zone.name)]
        for place in places:
            sets = self.zone.published.get(place, {})
            if place != self.zone.name and "NS" in sets:
                return next(iter(sets["NS"].values()))
        return None

    def _wildcard(self, name: str) -> dict[str, dict[str, RecordSet]] | None:
        """The record sets of `*` below the closest name that exists."""
        for above in ancestors_in(name, self.zone.name):
            found = self.zone.published.get(f"{WILDCARD}.{above}")
            if found is not None:
                return {kind: dict(sets) for kind, sets in found.items()}
            if self.zone.answers_for(above) is not None:
                return None
        return None

    def _negative(self) -> list[Entry]:
        soa = next(iter(self.zone.published[self.zone.name]["SOA"].values()))
        least = rdata("SOA", soa.values[0]).times[4]
        return [Entry(self.zone.name, "SOA", min(soa.ttl or 0, least), soa.values[0])]
