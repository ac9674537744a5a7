"""What is in Route53, as far as it concerns us: plain values that `route53` reads and `plan` compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Raw = Mapping[str, Any]
"""A record set or a health check in the API's own form."""


@dataclass(frozen=True, slots=True)
class Found:
    """A health check with our mark. `id` is Route53's."""

    id: str
    reference: str
    version: int
    config: Raw = field(hash=False)

    @property
    def mark(self) -> str:
        return self.reference.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Zone:
    """A hosted zone with all its record sets; `name` without the last dot."""

    id: str
    name: str
    ours: bool
    record_sets: tuple[Raw, ...] = field(default=(), hash=False)


@dataclass(frozen=True, slots=True)
class World:
    """Zones by name and health checks by id: complete for the zones that were asked for, or it was not read at all."""

    zones: Mapping[str, Zone]
    checks: Mapping[str, Found]

    def owned(self, record_set: Raw) -> bool:
        """A record set is ours if and only if it carries a health check of ours."""
        return record_set.get("HealthCheckId") in self.checks


def plain(name: str) -> str:
    """A name as Route53 writes it, without the last dot and with escapes as characters."""
    return name.removesuffix(".").replace("\\052", "*")
