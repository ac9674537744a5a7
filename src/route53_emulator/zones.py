"""A hosted zone: its record sets as they were ordered, and as the name servers answer by now."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field

from route53_emulator.batch import NameSets
from route53_emulator.names import is_within
from route53_emulator.records import Json, Key, RecordSet

NAME_SERVERS = ("ns-1.emulator.example.", "ns-2.emulator.example.", "ns-3.emulator.example.", "ns-4.emulator.example.")
_EMPTY: NameSets = {}


@dataclass
class Zone:
    """`name` canonical. `sets` is what the API says, `published` what DNS says; changes wait in `pending` until the
    moment (seconds of the registry's clock) at which they are INSYNC."""

    id: str
    name: str
    caller_reference: str
    comment: str | None
    sets: dict[str, NameSets] = field(default_factory=dict)
    published: dict[str, NameSets] = field(default_factory=dict)
    pending: list[tuple[float, dict[str, NameSets]]] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)

    def at(self, name: str) -> NameSets:
        """The record sets of a name, as the API says."""
        return self.sets.get(name, _EMPTY)

    def change(self, after: dict[str, NameSets], insync: float) -> None:
        """Replace the record sets of these names."""
        for name, by_type in after.items():
            for one in _all(self.at(name)):
                del self.keys[bisect_left(self.keys, one.key)]
            for one in _all(by_type):
                insort(self.keys, one.key)
            if by_type:
                self.sets[name] = by_type
            else:
                self.sets.pop(name, None)
        self.pending.append((insync, after))

    def settle(self, now: float) -> None:
        """Let DNS see what is INSYNC by now."""
        while self.pending and self.pending[0][0] <= now:
            _, after = self.pending.pop(0)
            for name, by_type in after.items():
                if by_type:
                    self.published[name] = by_type
                else:
                    self.published.pop(name, None)

    def answers_for(self, name: str) -> NameSets | None:
        """What DNS has at a name; empty for one that only has names below it, None for one that does not exist."""
        if name in self.published:
            return self.published[name]
        return _EMPTY if any(is_within(other, name) for other in self.published) else None

    def page(self, start: Key | None, count: int) -> tuple[list[RecordSet], RecordSet | None]:
        """`count` record sets in Route53's order from `start` on, and the one after them."""
        first = bisect_left(self.keys, start) if start else 0
        found = [self._find(key) for key in self.keys[first : first + count + 1]]
        return found[:count], found[count] if len(found) > count else None

    def _find(self, key: Key) -> RecordSet:
        name = ".".join(reversed(key.order.removesuffix(".").split("."))) + "."
        return self.sets[name][key.type][key.set_identifier]

    def __len__(self) -> int:
        return len(self.keys)

    def to_disk(self) -> Json:
        """Everything but `published`: what was ordered before a crash is INSYNC after it."""
        sets = [one.to_api() for by_type in self.sets.values() for one in _all(by_type)]
        return {"name": self.name, "caller_reference": self.caller_reference, "comment": self.comment, "sets": sets}

    @classmethod
    def from_disk(cls, zone_id: str, data: Json) -> Zone:
        zone = cls(zone_id, data["name"], data["caller_reference"], data["comment"])
        after: dict[str, dict[str, dict[str, RecordSet]]] = {}
        for one in map(RecordSet.from_api, data["sets"]):
            after.setdefault(one.name, {}).setdefault(one.type, {})[one.set_identifier or ""] = one
        zone.change(dict(after), 0.0)
        zone.settle(0.0)
        return zone


def apex_sets(name: str) -> dict[str, NameSets]:
    """The SOA and NS that every new zone has."""
    soa = f"{NAME_SERVERS[0]} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
    return {
        name: {
            "NS": {"": RecordSet(name, "NS", 172800, NAME_SERVERS)},
            "SOA": {"": RecordSet(name, "SOA", 900, (soa,))},
        }
    }


def _all(by_type: NameSets) -> Iterator[RecordSet]:
    for sets in by_type.values():
        yield from sets.values()
