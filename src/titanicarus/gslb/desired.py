"""What should be in Route53: pure, from the pillar `gslb:` (titanicarus.fleet.public_names)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

REFERENCE_LIMIT = 64  # CallerReference of a health check, API reference of CreateHealthCheck
_TOKEN_LENGTH = 9  # "/" and eight hexadecimal digits, which make each use of a mark a new one


@dataclass(frozen=True, slots=True)
class Check:
    """A health check. `mark` says in Route53 whose it is; `config` is what its endpoint is, in the API's own words."""

    island: str
    mark: str
    config: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True, order=True)
class Record:
    """One island's share of one name: a weighted A record set with that island's health check.

    `name` has no last dot; `weight` is 0 to 255 and `ttl` in seconds.
    """

    zone: str
    name: str
    island: str
    address: str
    weight: int
    ttl: int


@dataclass(frozen=True, slots=True)
class Desired:
    """Everything, by key: zones with the comment that new ones get, checks by island, records by name and island."""

    fleet: str
    zones: tuple[str, ...]
    checks: Mapping[str, Check]
    records: Mapping[tuple[str, str], Record]

    @property
    def comment(self) -> str:
        """How a zone that we made is known."""
        return f"made by titanicarus/{self.fleet}"


class UnknownIsland(ValueError):
    """A weight was given for an island that has no share."""


def desired(pillar: Mapping[str, Any], weights: Mapping[str, int] | None = None) -> Desired:
    """What the pillar asks for. `weights` overrides islands' shares for as long as a failover wants it.

    Raises UnknownIsland.
    """
    islands: dict[str, Mapping[str, Any]] = dict(pillar["islands"])
    strange = sorted(set(weights or {}) - set(islands))
    if strange:
        raise UnknownIsland(f"there is no share to change for {', '.join(strange)}; islands are {', '.join(islands)}")
    shares = {name: int((weights or {}).get(name, island["weight"])) for name, island in islands.items()}
    check = pillar["check"]
    checks = {name: _check(pillar["fleet"], name, island["address"], check) for name, island in islands.items()}
    records = [
        Record(zone, name, island, facts["address"], shares[island], pillar["ttl"])
        for zone, names in pillar["zones"].items()
        for name in names
        for island, facts in islands.items()
    ]
    # Names of the islands themselves have no choice: one record each, which is always of weight 1.
    records += [
        Record(pillar["domain"], f"{island}.{pillar['domain']}", island, facts["address"], 1, pillar["ttl"])
        for island, facts in islands.items()
    ]
    zones = tuple(sorted({record.zone for record in records}))
    return Desired(pillar["fleet"], zones, checks, {(one.name, one.island): one for one in sorted(records)})


def mark(fleet: str, island: str, service: str) -> str:
    """How a health check of ours begins its CallerReference; the rest of that makes it unique for ever."""
    plain = f"titanicarus/{fleet}/{island}/{service}"
    if len(plain) + _TOKEN_LENGTH <= REFERENCE_LIMIT:
        return plain
    return f"titanicarus/{hashlib.sha256(plain.encode()).hexdigest()[:32]}"


def _check(fleet: str, island: str, address: str, check: Mapping[str, Any]) -> Check:
    config = {
        "Type": "HTTP",
        "IPAddress": address,
        "Port": check["port"],
        "ResourcePath": check["path"],
        "RequestInterval": check["interval"],
        "FailureThreshold": check["threshold"],
    }
    return Check(island, mark(fleet, island, check["service"]), config)
