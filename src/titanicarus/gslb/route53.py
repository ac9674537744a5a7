"""Amazon Route53, as far as the project uses it. Every failure is an AWSError.

API reference: https://docs.aws.amazon.com/Route53/latest/APIReference/"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from titanicarus import aws
from titanicarus.aws import FOLDER, AWSError, OutOfReach, told_apart
from titanicarus.gslb.desired import Check, Desired
from titanicarus.gslb.plan import FIXED
from titanicarus.gslb.world import Found, Raw, World, Zone, plain

ACTIONS = frozenset(
    {
        "ListHostedZones",
        "ListResourceRecordSets",
        "ListHealthChecks",
        "GetHealthCheckStatus",
        "GetChange",
        "CreateHostedZone",
        "ChangeResourceRecordSets",
        "CreateHealthCheck",
        "UpdateHealthCheck",
        "DeleteHealthCheck",
    }
)
"""Every call that is made; the IAM policy in docs/aws.md allows these and no others."""
RATE = 5.0
_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 3, 15, 8
_INSYNC_SECONDS, _POLL_SECONDS = 120.0, 1.0


class TwoZones(AWSError):
    """Two hosted zones have one name: which of them the world sees cannot be told from here."""


class Route53:
    """One account. `calls` counts the requests that were sent, retries not included."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Raises NotSetUp."""
        self.calls = 0
        self._next = 0.0
        self._api: Any = aws.client("route53", folder, connect=_CONNECT_SECONDS, read=_READ_SECONDS, attempts=_ATTEMPTS)
        self._api.meta.events.register("before-call.route53", self._count)

    def _count(self, **_: object) -> None:
        """An account has five requests a second: what would be refused and tried again is better sent in time."""
        now = time.monotonic()
        self._next = max(self._next, now - 1) + 1 / RATE
        time.sleep(max(0.0, self._next - now))
        self.calls += 1

    # Reading

    def read(self, wanted: Desired, *, more: bool = True) -> World:
        """Everything that matters for a plan: all of it, or an error. Without `more`, of the wanted zones only."""
        marks = {check.mark for check in wanted.checks.values()}
        checks = {
            check.id: check
            for check in self._checks()
            if check.mark in marks or check.mark.startswith(f"titanicarus/{wanted.fleet}/")
        }
        zones = [zone for zone in self._zones(wanted.comment) if (more and zone.ours) or zone.name in wanted.zones]
        names = [zone.name for zone in zones]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise TwoZones(f"more than one public hosted zone is called {', '.join(twice)}: delete all but one")
        full = {zone.name: Zone(zone.id, zone.name, zone.ours, self._record_sets(zone.id)) for zone in zones}
        return World(full, checks)

    def statuses(self, check: Found) -> list[tuple[str, str]]:
        """What each of Route53's checkers last said of an endpoint: its region, and the status text."""
        with told_apart("route53"):
            answer = self._api.get_health_check_status(HealthCheckId=check.id)
            return [(one["Region"], one["StatusReport"]["Status"]) for one in answer["HealthCheckObservations"]]

    def _zones(self, comment: str) -> Iterator[Zone]:
        for answer in self._pages("list_hosted_zones"):
            for zone in answer["HostedZones"]:
                if not zone["Config"]["PrivateZone"]:
                    ours = zone["Config"].get("Comment") == comment
                    yield Zone(zone["Id"].removeprefix("/hostedzone/"), plain(zone["Name"]), ours)

    def _record_sets(self, zone_id: str) -> tuple[Raw, ...]:
        return tuple(
            record_set
            for answer in self._pages("list_resource_record_sets", HostedZoneId=zone_id)
            for record_set in answer["ResourceRecordSets"]
        )

    def _checks(self) -> Iterator[Found]:
        for answer in self._pages("list_health_checks"):
            for check in answer["HealthChecks"]:
                yield Found(
                    check["Id"], check["CallerReference"], check["HealthCheckVersion"], check["HealthCheckConfig"]
                )

    def _pages(self, operation: str, **arguments: str) -> Iterator[Raw]:
        with told_apart("route53"):
            yield from self._api.get_paginator(operation).paginate(**arguments)

    # Changing

    def create_check(self, check: Check) -> Found:
        with told_apart("route53"):
            reference = f"{check.mark}/{secrets.token_hex(4)}"
            made = self._api.create_health_check(CallerReference=reference, HealthCheckConfig=dict(check.config))
            return Found(made["HealthCheck"]["Id"], reference, 1, made["HealthCheck"]["HealthCheckConfig"])

    def update_check(self, found: Found, config: Raw) -> None:
        with told_apart("route53"):
            self._api.update_health_check(
                HealthCheckId=found.id,
                HealthCheckVersion=found.version,
                **{key: value for key, value in config.items() if key not in FIXED},
            )

    def delete_check(self, check_id: str) -> None:
        with told_apart("route53"):
            self._api.delete_health_check(HealthCheckId=check_id)

    def create_zone(self, name: str, comment: str) -> str:
        """Gives back the id of the new zone."""
        with told_apart("route53"):
            made = self._api.create_hosted_zone(
                Name=name, CallerReference=secrets.token_hex(16), HostedZoneConfig={"Comment": comment}
            )
            return str(made["HostedZone"]["Id"]).removeprefix("/hostedzone/")

    def change(self, zone_id: str, changes: Sequence[Mapping[str, Any]]) -> str:
        """One batch, all or nothing. Gives back the id of the change, for `wait`."""
        with told_apart("route53"):
            answer = self._api.change_resource_record_sets(
                HostedZoneId=zone_id, ChangeBatch={"Comment": "titanicarus", "Changes": list(changes)}
            )
            return str(answer["ChangeInfo"]["Id"])

    def wait(self, change_ids: Sequence[str]) -> None:
        """Until all of Route53's servers answer as changed. Raises OutOfReach when that takes too long."""
        until = time.monotonic() + _INSYNC_SECONDS
        waiting = list(change_ids)
        while waiting:
            with told_apart("route53"):
                answer = self._api.get_change(Id=waiting[0])
            if answer["ChangeInfo"]["Status"] == "INSYNC":
                waiting.pop(0)
            elif time.monotonic() > until:
                raise OutOfReach(f"a change is still not on all of Route53's servers after {_INSYNC_SECONDS:g} s")
            else:
                time.sleep(_POLL_SECONDS)
