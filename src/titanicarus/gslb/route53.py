"""Amazon Route53, as far as the project uses it: the only module that imports boto3.

Every failure is one of the errors below, which says what is wrong and what to do. "Cannot read" is always an error and
never an empty answer. API reference: https://docs.aws.amazon.com/Route53/latest/APIReference/
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import botocore.config
import botocore.exceptions as faults
import botocore.parsers
import botocore.session

from titanicarus.gslb.desired import Check, Desired
from titanicarus.gslb.plan import FIXED
from titanicarus.gslb.world import Found, Raw, World, Zone, plain

FOLDER = Path("/etc/titanicarus/aws")
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
_BAD_KEY = frozenset(
    {"InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException", "InvalidSignature"}
)
_BAD_RIGHTS = frozenset({"AccessDenied", "AccessDeniedException"})
_THROTTLED = frozenset({"Throttling", "ThrottlingException", "PriorRequestNotComplete", "TooManyRequestsException"})
_HALF = (
    faults.IncompleteReadError,
    faults.ResponseStreamingError,
    faults.ConnectionClosedError,
    faults.HTTPClientError,
)


class Route53Error(Exception):
    """Something about AWS; the message says what to do."""


class NotSetUp(Route53Error):
    """This fleet has no AWS account, or half of what is needed to use one."""


class BadCredentials(Route53Error):
    """AWS does not know the key, or not with this secret."""


class NotAllowed(Route53Error):
    """The key is good and may not do this."""


class Throttled(Route53Error):
    """Too many requests, also after waiting."""


class OutOfReach(Route53Error):
    """No connection, or no answer in time. What was asked for may have been done."""


class Unreadable(Route53Error):
    """An answer that is cut off, or not what the API promises."""


class TwoZones(Route53Error):
    """Two hosted zones have one name: which of them the world sees cannot be told from here."""


class Refused(Route53Error):
    """Route53 says no to a change; nothing of that batch was done."""


class Route53:
    """One account. `calls` counts the requests that were sent, retries not included."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Raises NotSetUp."""
        config, credentials = folder / "config", folder / "credentials"
        for path in (config, credentials):
            if not path.is_file():
                raise NotSetUp(f"there is no {path}: AWS is not set up for this fleet (docs/aws.md says how)")
        session = botocore.session.Session()
        session.set_config_variable("config_file", str(config))
        session.set_config_variable("credentials_file", str(credentials))
        options = botocore.config.Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
        )
        self.calls = 0
        self._next = 0.0
        with _told_apart():
            if not session.get_config_variable("region"):
                raise NotSetUp(f"{config} names no region: add `region = ...` under [default] (docs/aws.md)")
            self._api: Any = boto3.Session(botocore_session=session).client("route53", config=options)
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
        with _told_apart():
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
        with _told_apart():
            yield from self._api.get_paginator(operation).paginate(**arguments)

    # Changing

    def create_check(self, check: Check) -> Found:
        with _told_apart():
            reference = f"{check.mark}/{secrets.token_hex(4)}"
            made = self._api.create_health_check(CallerReference=reference, HealthCheckConfig=dict(check.config))
            return Found(made["HealthCheck"]["Id"], reference, 1, made["HealthCheck"]["HealthCheckConfig"])

    def update_check(self, found: Found, config: Raw) -> None:
        with _told_apart():
            self._api.update_health_check(
                HealthCheckId=found.id,
                HealthCheckVersion=found.version,
                **{key: value for key, value in config.items() if key not in FIXED},
            )

    def delete_check(self, check_id: str) -> None:
        with _told_apart():
            self._api.delete_health_check(HealthCheckId=check_id)

    def create_zone(self, name: str, comment: str) -> str:
        """Gives back the id of the new zone."""
        with _told_apart():
            made = self._api.create_hosted_zone(
                Name=name, CallerReference=secrets.token_hex(16), HostedZoneConfig={"Comment": comment}
            )
            return str(made["HostedZone"]["Id"]).removeprefix("/hostedzone/")

    def change(self, zone_id: str, changes: Sequence[Mapping[str, Any]]) -> str:
        """One batch, all or nothing. Gives back the id of the change, for `wait`."""
        with _told_apart():
            answer = self._api.change_resource_record_sets(
                HostedZoneId=zone_id, ChangeBatch={"Comment": "titanicarus", "Changes": list(changes)}
            )
            return str(answer["ChangeInfo"]["Id"])

    def wait(self, change_ids: Sequence[str]) -> None:
        """Until all of Route53's servers answer as changed. Raises OutOfReach when that takes too long."""
        until = time.monotonic() + _INSYNC_SECONDS
        waiting = list(change_ids)
        while waiting:
            with _told_apart():
                answer = self._api.get_change(Id=waiting[0])
            if answer["ChangeInfo"]["Status"] == "INSYNC":
                waiting.pop(0)
            elif time.monotonic() > until:
                raise OutOfReach(f"a change is still not on all of Route53's servers after {_INSYNC_SECONDS:g} s")
            else:
                time.sleep(_POLL_SECONDS)


@contextmanager
def _told_apart() -> Iterator[None]:
    """Turn what boto3 raises into the errors of this module."""
    try:
        yield
    except (faults.NoCredentialsError, faults.PartialCredentialsError) as error:
        raise NotSetUp(f"no key for AWS in {FOLDER}/credentials: {error} (docs/aws.md)") from error
    except (faults.NoRegionError, faults.ConfigParseError, faults.ProfileNotFound) as error:
        raise NotSetUp(f"{FOLDER}/config cannot be used: {error} (docs/aws.md)") from error
    except faults.ClientError as error:
        raise _of_code(error) from error
    except (botocore.parsers.ResponseParserError, KeyError) as error:
        raise Unreadable(
            f"Route53's answer could not be read: {error!r}; nothing more was changed, run it again"
        ) from error
    except (faults.EndpointConnectionError, faults.ConnectTimeoutError, faults.ReadTimeoutError) as error:
        raise OutOfReach(f"Route53 did not answer: {error}") from error
    except _HALF as error:
        raise Unreadable(f"Route53's answer was cut off: {error}; run it again") from error


def _of_code(error: faults.ClientError) -> Route53Error:
    code = error.response.get("Error", {}).get("Code", "")
    said = error.response.get("Error", {}).get("Message", "")
    if code in _BAD_KEY:
        return BadCredentials(f"AWS refuses the key in {FOLDER}/credentials ({code}: {said})")
    if code in _BAD_RIGHTS:
        return NotAllowed(f"the key may not call {error.operation_name} ({said}): docs/aws.md has the policy")
    if code in _THROTTLED:
        return Throttled(f"Route53 takes no more requests now ({code}: {said}): wait a minute and run it again")
    if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return OutOfReach(f"Route53 has a fault of its own ({code}: {said})")
    return Refused(f"{error.operation_name} was refused ({code}): {said}")
