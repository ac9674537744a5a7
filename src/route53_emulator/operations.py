"""The API's operations: from checked parameters to a result, both in the API's own form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from route53_emulator.errors import ApiError, invalid_input
from route53_emulator.health import HealthCheck, Opinion
from route53_emulator.names import BadName, canonical, sort_key
from route53_emulator.records import Json, Key
from route53_emulator.registry import Registry
from route53_emulator.zones import NAME_SERVERS, Zone

T = TypeVar("T")
_PAGE, _RECORD_PAGE = 100, 300
Observed = Callable[[str], Mapping[str, Opinion]]


class Operations:
    """`observed` gives what each checker thinks of a health check, by its address."""

    def __init__(self, registry: Registry, observed: Observed, checkers: Sequence[str]) -> None:
        self._registry = registry
        self._observed = observed
        self._checkers = checkers
        self._by_name: dict[str, Callable[[Json], Json]] = {
            "CreateHostedZone": self._create_zone,
            "GetHostedZone": lambda p: self._described(self._registry.zone(p["Id"])),
            "GetHostedZoneCount": lambda _: {"HostedZoneCount": len(self._registry.zones())},
            "ListHostedZones": self._list_zones,
            "ListHostedZonesByName": self._list_zones_by_name,
            "DeleteHostedZone": lambda p: self._changed(self._registry.delete_zone(p["Id"])),
            "ChangeResourceRecordSets": self._change_record_sets,
            "ListResourceRecordSets": self._list_record_sets,
            "GetChange": lambda p: {"ChangeInfo": self._registry.change_info(p["Id"])},
            "CreateHealthCheck": self._create_check,
            "GetHealthCheck": lambda p: {"HealthCheck": self._registry.check(p["HealthCheckId"]).to_api()},
            "GetHealthCheckCount": lambda _: {"HealthCheckCount": len(self._registry.checks())},
            "GetHealthCheckStatus": self._check_status,
            "ListHealthChecks": self._list_checks,
            "UpdateHealthCheck": self._update_check,
            "DeleteHealthCheck": self._delete_check,
            "GetCheckerIpRanges": lambda _: {"CheckerIpRanges": [f"{address}/32" for address in self._checkers]},
            "ChangeTagsForResource": self._change_tags,
            "ListTagsForResource": lambda p: {"ResourceTagSet": self._tag_set(p["ResourceType"], p["ResourceId"])},
            "ListTagsForResources": self._list_tags,
        }

    def run(self, name: str, parameters: Json) -> Json:
        """Raises ApiError; UnknownOperationException for what this emulator does not cover."""
        try:
            operation = self._by_name[name]
        except KeyError:
            raise ApiError("UnknownOperationException", f"this emulator does not cover {name}") from None
        return operation(parameters)

    # Hosted zones

    def _create_zone(self, given: Json) -> Json:
        config = given.get("HostedZoneConfig", {})
        if "VPC" in given or config.get("PrivateZone") or "DelegationSetId" in given:
            raise invalid_input(
                "Invalid request: this emulator covers public zones without reusable delegation sets only"
            )
        zone, change = self._registry.create_zone(given["Name"], given["CallerReference"], config.get("Comment"))
        return (
            self._described(zone)
            | self._changed(change)
            | {"Location": f"https://route53.amazonaws.com/2013-04-01/hostedzone/{zone.id}"}
        )

    def _changed(self, change: str) -> Json:
        return {"ChangeInfo": self._registry.change_info(change)}

    def _described(self, zone: Zone) -> Json:
        return {
            "HostedZone": _zone(zone),
            "DelegationSet": {"NameServers": [name.removesuffix(".") for name in NAME_SERVERS]},
        }

    def _list_zones(self, given: Json) -> Json:
        page, more = _page(self._registry.zones(), lambda zone: zone.id, given, "NoSuchHostedZone")
        return {"HostedZones": [_zone(zone) for zone in page], **more}

    def _list_zones_by_name(self, given: Json) -> Json:
        count = _count(given, _PAGE)
        first = (sort_key(_name(given["DNSName"])), given.get("HostedZoneId", "")) if "DNSName" in given else ("", "")
        zones = [zone for zone in self._registry.zones(by_name=True) if (sort_key(zone.name), zone.id) >= first]
        result: Json = {"HostedZones": [_zone(zone) for zone in zones[:count]], "IsTruncated": len(zones) > count}
        result |= {name: given[name] for name in ("DNSName", "HostedZoneId") if name in given}
        if len(zones) > count:
            result |= {"NextDNSName": zones[count].name, "NextHostedZoneId": zones[count].id}
        return result | {"MaxItems": str(count)}

    # Record sets

    def _change_record_sets(self, given: Json) -> Json:
        return self._changed(self._registry.change_record_sets(given["HostedZoneId"], given["ChangeBatch"]["Changes"]))

    def _list_record_sets(self, given: Json) -> Json:
        start = None
        if "StartRecordName" in given:
            name = _name(given["StartRecordName"])
            start = Key(sort_key(name), given.get("StartRecordType", ""), given.get("StartRecordIdentifier", ""))
        elif "StartRecordType" in given:
            raise invalid_input("Invalid request: StartRecordType needs StartRecordName")
        count = _count(given, _RECORD_PAGE)
        page, following = self._registry.record_sets(given["HostedZoneId"], start, count)
        result: Json = {"ResourceRecordSets": [one.to_api() for one in page], "IsTruncated": following is not None}
        if following:
            result |= {"NextRecordName": following.name, "NextRecordType": following.type}
            result |= {"NextRecordIdentifier": following.set_identifier} if following.set_identifier else {}
        return result | {"MaxItems": str(count)}

    # Health checks

    def _create_check(self, given: Json) -> Json:
        check = self._registry.create_check(given["CallerReference"], given["HealthCheckConfig"])
        return {
            "HealthCheck": check.to_api(),
            "Location": f"https://route53.amazonaws.com/2013-04-01/healthcheck/{check.id}",
        }

    def _list_checks(self, given: Json) -> Json:
        page, more = _page(self._registry.checks(), lambda check: check.id, given, "NoSuchHealthCheck")
        return {"HealthChecks": [check.to_api() for check in page], **more}

    def _update_check(self, given: Json) -> Json:
        update = {name: value for name, value in given.items() if name not in ("HealthCheckId", "HealthCheckVersion")}
        check = self._registry.update_check(given["HealthCheckId"], given.get("HealthCheckVersion"), update)
        return {"HealthCheck": check.to_api()}

    def _delete_check(self, given: Json) -> Json:
        self._registry.delete_check(given["HealthCheckId"])
        return {}

    def _check_status(self, given: Json) -> Json:
        check = self._registry.check(given["HealthCheckId"])
        if check.type == "CALCULATED":
            raise invalid_input("Invalid parameter : a calculated health check has no checkers of its own")
        return {
            "HealthCheckObservations": [_observation(check, *each) for each in sorted(self._observed(check.id).items())]
        }

    # Tags

    def _change_tags(self, given: Json) -> Json:
        add = {tag["Key"]: tag.get("Value", "") for tag in given.get("AddTags", ())}
        self._registry.change_tags(given["ResourceType"], given["ResourceId"], add, given.get("RemoveTagKeys", ()))
        return {}

    def _list_tags(self, given: Json) -> Json:
        return {"ResourceTagSets": [self._tag_set(given["ResourceType"], thing) for thing in given["ResourceIds"]]}

    def _tag_set(self, kind: str, thing: str) -> Json:
        tags = self._registry.tags(kind, thing)
        return {
            "ResourceType": kind,
            "ResourceId": thing,
            "Tags": [{"Key": k, "Value": v} for k, v in sorted(tags.items())],
        }


def _zone(zone: Zone) -> Json:
    config: Json = {"PrivateZone": False} | ({"Comment": zone.comment} if zone.comment else {})
    return {
        "Id": f"/hostedzone/{zone.id}",
        "Name": zone.name,
        "CallerReference": zone.caller_reference,
        "Config": config,
        "ResourceRecordSetCount": len(zone),
    }


def _observation(check: HealthCheck, address: str, opinion: Opinion) -> Json:
    del check
    report: Json = {"Status": opinion.said}
    if opinion.checked:
        report["CheckedTime"] = opinion.checked.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"Region": "us-east-1", "IPAddress": address, "StatusReport": report}


def _count(given: Json, default: int) -> int:
    """MaxItems: Route53 takes more than it gives, and gives its own page size then."""
    text = str(given.get("MaxItems", default))
    if not text.isdigit() or int(text) < 1:
        raise invalid_input(f"Invalid request: MaxItems should be a number from 1 on, and is {text}")
    return min(int(text), default)


def _page(things: Sequence[T], id_of: Callable[[T], str], given: Json, unknown: str) -> tuple[Sequence[T], Json]:
    """A page of things that are sorted by id, and the members of the answer that say so."""
    count = _count(given, _PAGE)
    marker = given.get("Marker")
    first = 0
    if marker is not None:
        first = next((place for place, thing in enumerate(things) if id_of(thing) == marker), -1)
        if first < 0:
            raise ApiError(unknown, f"The marker {marker} is the id of nothing that is there")
    more: dict[str, Any] = {"IsTruncated": len(things) > first + count, "MaxItems": str(count)}
    more |= {"Marker": marker} if marker is not None else {"Marker": ""}
    if more["IsTruncated"]:
        more["NextMarker"] = id_of(things[first + count])
    return things[first : first + count], more


def _name(text: str) -> str:
    try:
        return canonical(text)
    except BadName as error:
        raise invalid_input(f"Invalid request: {error} encountered with '{text}'") from error
