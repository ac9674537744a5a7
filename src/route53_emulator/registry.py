"""One account: hosted zones, health checks, changes and tags. Every public method is one step under one lock."""

from __future__ import annotations

import secrets
import string
import threading
import time
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from route53_emulator import check_config
from route53_emulator.batch import ZoneFacts, apply_batch, read_changes
from route53_emulator.disk import Disk
from route53_emulator.errors import ApiError
from route53_emulator.health import HealthCheck, Opinion, verdict
from route53_emulator.names import BadName, canonical, sort_key
from route53_emulator.records import Json, Key, RecordSet
from route53_emulator.zones import Zone, apex_sets

_LETTERS = string.ascii_uppercase + string.digits
Opinions = Callable[[str], Collection[Opinion]]
P = ParamSpec("P")
R = TypeVar("R")


def _locked(
    method: Callable[Concatenate[Registry, P], R],
) -> Callable[Concatenate[Registry, P], R]:
    @wraps(method)
    def held(self: Registry, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self._lock:
            return method(self, *args, **kwargs)

    return held


class Registry:
    """`insync` is how many seconds a change takes to reach DNS; `clock` gives seconds."""

    def __init__(self, disk: Disk, *, insync: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.RLock()
        self._disk = disk
        self._insync = insync
        self._clock = clock
        self._zones = {zone_id: Zone.from_disk(zone_id, data) for zone_id, data in disk.load("zone")}
        self._by_name: dict[str, list[str]] = {}
        for zone in self._zones.values():
            self._by_name.setdefault(zone.name, []).append(zone.id)
        self._checks = {check_id: HealthCheck.from_api(data) for check_id, data in disk.load("check")}
        # References stay taken for ever, also those of things that were deleted.
        self._references = dict(disk.load("reference"))
        self._tags: dict[str, dict[str, str]] = dict(disk.load("tags"))
        self._changes: dict[str, tuple[float, datetime]] = {}
        self.opinions: Opinions = lambda _: ()

    # Hosted zones

    @_locked
    def create_zone(self, name: str, reference: str, comment: str | None) -> tuple[Zone, str]:
        """The new zone and the id of the change. Raises ApiError."""
        name = _name(name)
        taken = f"zone/{reference}"
        if taken in self._references:
            raise ApiError(
                "HostedZoneAlreadyExists",
                f"A hosted zone has already been created with the specified caller reference {reference}.",
            )
        zone = Zone("Z" + _token(20), name, reference, comment)
        self._zones[zone.id] = zone
        self._by_name.setdefault(name, []).append(zone.id)
        self._take(taken, zone.id)
        change = self._change(zone, apex_sets(name))
        return zone, change

    @_locked
    def zone(self, zone_id: str) -> Zone:
        """Raises ApiError: NoSuchHostedZone."""
        try:
            return self._zones[zone_id.removeprefix("/hostedzone/")]
        except KeyError:
            raise ApiError("NoSuchHostedZone", f"No hosted zone found with ID: {zone_id}") from None

    @_locked
    def zones(self, *, by_name: bool = False) -> list[Zone]:
        """Every zone, by id or in the order of names."""
        return sorted(self._zones.values(), key=lambda zone: (sort_key(zone.name), zone.id) if by_name else zone.id)

    @_locked
    def delete_zone(self, zone_id: str) -> str:
        """Gives back the id of the change. Raises ApiError."""
        zone = self.zone(zone_id)
        if len(zone) > len(apex_sets(zone.name)[zone.name]):
            raise ApiError(
                "HostedZoneNotEmpty",
                "The specified hosted zone contains non-required resource record sets and so cannot be deleted.",
            )
        del self._zones[zone.id]
        self._by_name[zone.name].remove(zone.id)
        self._disk.remove("zone", zone.id)
        return self._new_change()

    @_locked
    def change_record_sets(self, zone_id: str, changes: Iterable[Json]) -> str:
        """All of them or none; gives back the id of the change. Raises ApiError."""
        zone = self.zone(zone_id)
        read = read_changes(list(changes))
        facts = ZoneFacts(zone.id, zone.name, zone.at, self._checks.__contains__)
        return self._change(zone, dict(apply_batch(facts, read)))

    @_locked
    def record_sets(self, zone_id: str, start: Key | None, count: int) -> tuple[list[RecordSet], RecordSet | None]:
        """A page, and the record set that the next one begins with. Raises ApiError."""
        return self.zone(zone_id).page(start, count)

    @_locked
    def change_info(self, change_id: str) -> Json:
        """Raises ApiError: NoSuchChange."""
        try:
            insync, submitted = self._changes[change_id.removeprefix("/change/")]
        except KeyError:
            raise ApiError(
                "NoSuchChange", f"A change with the specified change ID {change_id} does not exist."
            ) from None
        status = "INSYNC" if self._clock() >= insync else "PENDING"
        return {"Id": f"/change/{change_id.removeprefix('/change/')}", "Status": status, "SubmittedAt": _iso(submitted)}

    # DNS

    @_locked
    def zone_for(self, name: str) -> Zone | None:
        """The zone that answers for a name: the longest that holds it, of several the first by id; None for none."""
        labels = name.removesuffix(".").split(".")
        for start in range(len(labels)):
            ids = self._by_name.get(".".join(labels[start:]) + ".")
            if ids:
                zone = self._zones[min(ids)]
                zone.settle(self._clock())
                if zone.published:
                    return zone
        return None

    @_locked
    def verdict(self, check_id: str) -> bool:
        """Whether a health check is green."""
        return verdict(check_id, self._checks, self.opinions)

    # Health checks

    @_locked
    def create_check(self, reference: str, config: Json) -> HealthCheck:
        """The new health check, or the one that this very request made before. Raises ApiError."""
        full = check_config.complete(config, self._checks.__contains__)
        before = self._references.get(f"check/{reference}")
        if before is not None:
            existing = self._checks.get(before["id"])
            if existing and existing.config == full:
                return existing
            raise ApiError(
                "HealthCheckAlreadyExists",
                f"The caller reference {reference} was used for a health check that has other settings or was deleted.",
            )
        check_id = "-".join(secrets.token_hex(size) for size in (4, 2, 2, 2, 6))
        self._take(f"check/{reference}", check_id)
        return self._keep(HealthCheck(check_id, reference, 1, full))

    @_locked
    def check(self, check_id: str) -> HealthCheck:
        """Raises ApiError: NoSuchHealthCheck."""
        try:
            return self._checks[check_id]
        except KeyError:
            raise ApiError("NoSuchHealthCheck", f"No health check exists with the specified ID {check_id}") from None

    @_locked
    def checks(self) -> list[HealthCheck]:
        """Every health check, by id."""
        return [self._checks[check_id] for check_id in sorted(self._checks)]

    @_locked
    def update_check(self, check_id: str, version: int | None, update: Json) -> HealthCheck:
        """Raises ApiError."""
        check = self.check(check_id)
        if version is not None and version != check.version:
            raise ApiError(
                "HealthCheckVersionMismatch",
                f"The value of HealthCheckVersion is {version}, and the health check is at {check.version}",
            )
        config = check_config.changed(check.config, update, self._checks.__contains__)
        return self._keep(HealthCheck(check.id, check.caller_reference, check.version + 1, config))

    @_locked
    def delete_check(self, check_id: str) -> None:
        """Raises ApiError. Record sets that use it are left with a check that does not exist, as in the real one; a
        calculated check that has it as a child keeps it from going."""
        self.check(check_id)
        users = [check.id for check in self._checks.values() if check_id in check.get("ChildHealthChecks", ())]
        if users:
            raise ApiError("HealthCheckInUse", f"The health check {check_id} is a child of {', '.join(users)}")
        del self._checks[check_id]
        self._disk.remove("check", check_id)

    # Tags

    @_locked
    def tags(self, kind: str, thing: str) -> dict[str, str]:
        """The tags of a `hostedzone` or `healthcheck`. Raises ApiError."""
        _ = self.zone(thing) if kind == "hostedzone" else self.check(thing)
        return dict(self._tags.get(f"{kind}/{thing}", {}))

    @_locked
    def change_tags(self, kind: str, thing: str, add: dict[str, str], remove: Collection[str]) -> None:
        """Raises ApiError."""
        tags = {key: value for key, value in self.tags(kind, thing).items() if key not in remove} | add
        if len(tags) > 50:
            raise ApiError("InvalidInput", "Invalid request: at most 50 tags")
        self._tags[f"{kind}/{thing}"] = tags
        self._disk.put("tags", f"{kind}/{thing}", dict(tags))

    def _change(self, zone: Zone, after: dict[str, Any]) -> str:
        zone.settle(self._clock())
        zone.change(after, self._clock() + self._insync)
        self._disk.put("zone", zone.id, zone.to_disk())
        return self._new_change()

    def _new_change(self) -> str:
        now = self._clock()
        # Nobody asks for changes of long ago; the real one forgets them too.
        self._changes = {key: value for key, value in self._changes.items() if value[0] > now - 3600}
        change = "C" + _token(20)
        self._changes[change] = (now + self._insync, datetime.now(UTC))
        return change

    def _keep(self, check: HealthCheck) -> HealthCheck:
        self._checks[check.id] = check
        self._disk.put("check", check.id, check.to_api())
        return check

    def _take(self, reference: str, thing: str) -> None:
        self._references[reference] = {"id": thing}
        self._disk.put("reference", reference, {"id": thing})


def _name(text: str) -> str:
    try:
        return canonical(text)
    except BadName as error:
        raise ApiError("InvalidDomainName", f"The domain name is invalid: {error}") from error


def _token(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
