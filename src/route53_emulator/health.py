"""When is a health check healthy? Pure.

Source: "How Amazon Route 53 determines whether a health check is healthy" in the Developer Guide.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from route53_emulator.records import Json

# Healthy when MORE than this share of the checkers says so.
HEALTHY_SHARE = 0.18
CONNECT_SECONDS = {"TCP": 10.0}
HTTP_CONNECT_SECONDS = 4.0
HTTP_ANSWER_SECONDS = 2.0
BODY_SECONDS = 2.0
SEARCHED_BYTES = 5120
ENDPOINT_TYPES = frozenset({"HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP"})


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """`config` in the API's own form, with every default filled in."""

    id: str
    caller_reference: str
    version: int
    config: Json = field(hash=False)

    @property
    def type(self) -> str:
        return str(self.config["Type"])

    def get(self, name: str, default: Any = None) -> Any:
        return self.config.get(name, default)

    def to_api(self) -> Json:
        return {
            "Id": self.id,
            "CallerReference": self.caller_reference,
            "HealthCheckConfig": self.config,
            "HealthCheckVersion": self.version,
        }

    @classmethod
    def from_api(cls, data: Json) -> HealthCheck:
        return cls(data["Id"], data["CallerReference"], data["HealthCheckVersion"], data["HealthCheckConfig"])


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one checker thinks of an endpoint; `against` is how many checks in a row said otherwise.

    A new endpoint is healthy until the threshold of failures is reached. `checked` is None before the first check.
    """

    healthy: bool = True
    against: int = 0
    said: str = "Unknown: no check has been made yet"
    checked: datetime | None = None


def heard(opinion: Opinion, *, success: bool, threshold: int, said: str, at: datetime) -> Opinion:
    """The opinion after one more check: it turns when `threshold` checks in a row say otherwise."""
    against = 0 if success == opinion.healthy else opinion.against + 1
    if against >= threshold:
        return Opinion(not opinion.healthy, 0, said, at)
    return Opinion(opinion.healthy, against, said, at)


def endpoint_healthy(opinions: Collection[Opinion]) -> bool:
    """The 18 % rule. With no checker at all an endpoint is healthy, as a new one is."""
    return not opinions or sum(one.healthy for one in opinions) > HEALTHY_SHARE * len(opinions)


def verdict(
    check_id: str,
    checks: Mapping[str, HealthCheck],
    opinions: Callable[[str], Collection[Opinion]],
    seen: frozenset[str] = frozenset(),
) -> bool:
    """Is the health check healthy, as DNS and calculated parents see it?

    Disabled counts as healthy and Inverted turns that around too. A check that does not exist is unhealthy.
    """
    check = checks.get(check_id)
    if check is None or check_id in seen:
        return False
    if check.get("Disabled", False):
        healthy = True
    elif check.type == "CALCULATED":
        children = check.get("ChildHealthChecks", ())
        count = sum(verdict(child, checks, opinions, seen | {check_id}) for child in children)
        healthy = count >= check.get("HealthThreshold", 0)
    else:
        healthy = endpoint_healthy(opinions(check_id))
    return healthy != bool(check.get("Inverted", False))
