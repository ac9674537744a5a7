"""Is a change batch right, and what does the zone look like after it? Pure: nothing is changed here.

`read_changes` judges each change by itself, `apply_batch` the batch against the zone, all or nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from route53_emulator.errors import ApiError, invalid_batch, invalid_input
from route53_emulator.names import BadName, canonical, is_within, parents
from route53_emulator.rdata import BadValue, covered_types, rdata
from route53_emulator.records import Json, RecordSet

# The record sets of one name: by type, then by set identifier ("" for none).
NameSets = Mapping[str, Mapping[str, RecordSet]]

MAX_VALUES_IN_BATCH = 1000
MAX_CHARACTERS_IN_BATCH = 32000
MAX_VALUES_IN_SET = 400
MAX_SETS_IN_GROUP = 100
POLICIES = ("Weight", "Region", "Failover", "MultiValueAnswer", "GeoLocation", "CidrRoutingConfig")
NOT_COVERED = ("GeoLocation", "CidrRoutingConfig", "GeoProximityLocation", "TrafficPolicyInstanceId")


@dataclass(frozen=True, slots=True)
class Change:
    """`action` is CREATE, DELETE or UPSERT."""

    action: str
    record_set: RecordSet


@dataclass(frozen=True, slots=True)
class ZoneFacts:
    """What a batch is judged against. `sets_at` gives a name's record sets, `names_below` is for aliases."""

    zone_id: str
    apex: str
    sets_at: Callable[[str], NameSets]
    has_health_check: Callable[[str], bool]


def read_changes(changes: Sequence[Json]) -> list[Change]:
    """From the API's form. Raises ApiError: InvalidInput for a wrong shape, InvalidChangeBatch for wrong values."""
    if not changes:
        raise invalid_input("1 validation error detected: Value '[]' at 'changeBatch.changes' must not be empty")
    _check_size(changes)
    messages: list[str] = []
    read = []
    for change in changes:
        data = dict(change["ResourceRecordSet"])
        _check_shape(change["Action"], data)
        try:
            data["Name"] = canonical(data["Name"])
            if "AliasTarget" in data:
                data["AliasTarget"] = data["AliasTarget"] | {"DNSName": canonical(data["AliasTarget"]["DNSName"])}
        except BadName as error:
            messages.append(f"FATAL problem: {error} encountered with '{change['ResourceRecordSet']['Name']}'")
            continue
        record_set = RecordSet.from_api(data)
        messages += _value_problems(record_set)
        read.append(Change(change["Action"], record_set))
    if messages:
        raise invalid_batch(messages)
    return read


def _check_size(changes: Sequence[Json]) -> None:
    values = characters = 0
    for change in changes:
        times = 2 if change["Action"] == "UPSERT" else 1
        records = change["ResourceRecordSet"].get("ResourceRecords", ())
        values += times * max(1, len(records))
        characters += times * sum(len(record["Value"]) for record in records)
    if values > MAX_VALUES_IN_BATCH:
        raise invalid_batch([f"Number of records limit of {MAX_VALUES_IN_BATCH} exceeded."])
    if characters > MAX_CHARACTERS_IN_BATCH:
        raise invalid_batch([f"Number of characters limit of {MAX_CHARACTERS_IN_BATCH} exceeded."])


def _check_shape(action: str, data: Json) -> None:
    identifier = data.get("SetIdentifier")
    subject = f"Action={action}, Name={data['Name']}, Type={data['Type']}, SetIdentifier={identifier or 'null'}"
    where = f"in Change with [{subject}]"
    covered = [name for name in NOT_COVERED if name in data]
    if covered or data["Type"] not in covered_types():
        raise invalid_input(f"Invalid request: this emulator does not cover {covered or data['Type']} {where}")
    policies = [name for name in POLICIES if name in data]
    if policies and identifier is None:
        raise invalid_input(f"Invalid request: Missing field 'SetIdentifier' {where}")
    if identifier is not None and len(policies) != 1:
        found = f"more than one: {policies}" if policies else "none"
        raise invalid_input(f"Invalid request: Expected exactly one of {list(POLICIES)}, but found {found} {where}")
    contents = [name for name in ("AliasTarget", "ResourceRecords") if name in data]
    if len(contents) != 1:
        found = "more than one" if contents else "none"
        raise invalid_input(
            f"Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], "
            f"or TrafficPolicyInstanceId], but found {found} {where}"
        )
    if ("TTL" in data) != ("ResourceRecords" in data):
        problem = "Missing field 'TTL'" if "ResourceRecords" in data else "Unexpected field 'TTL'"
        raise invalid_input(f"Invalid request: {problem} {where}")
    if data.get("HealthCheckId") and not policies:
        raise invalid_input(f"Invalid request: Unexpected field 'HealthCheckId' of a simple record set {where}")
    if data.get("MultiValueAnswer") is False:
        raise invalid_input(f"Invalid request: MultiValueAnswer may only be true {where}")
    if data.get("MultiValueAnswer") and ("AliasTarget" in data or data["Type"] in ("NS", "CNAME", "SOA")):
        raise invalid_input(f"Invalid request: no multivalue answer for an alias or type {data['Type']} {where}")
    if policies and data["Type"] in ("NS", "SOA"):
        raise invalid_input(f"Invalid request: type {data['Type']} takes the simple routing policy only {where}")


def _value_problems(record_set: RecordSet) -> list[str]:
    problems = []
    for value in record_set.values:
        try:
            rdata(record_set.type, value)
        except BadValue as error:
            problems.append(f"Invalid Resource Record: {error}")
    problems += [
        f"Duplicate Resource Record: '{value}'" for value, times in Counter(record_set.values).items() if times > 1
    ]
    if not record_set.alias and not record_set.values:
        problems.append(f"Resource record set '{record_set.name}' has no values")
    if len(record_set.values) > MAX_VALUES_IN_SET:
        problems.append(f"Number of values in a resource record set is limited to {MAX_VALUES_IN_SET}.")
    single = record_set.type in ("CNAME", "SOA") or record_set.multivalue
    if single and len(record_set.values) > 1:
        kind = "multivalue answer" if record_set.multivalue else record_set.type
        problems.append(f"A {kind} resource record set may hold one value only: '{record_set.name}'")
    return problems


def apply_batch(facts: ZoneFacts, changes: Sequence[Change]) -> dict[str, dict[str, dict[str, RecordSet]]]:
    """The record sets after the batch, of each name that it touches. Raises ApiError with every reason against it."""
    for change in changes:
        check = change.record_set.health_check_id
        if change.action != "DELETE" and check and not facts.has_health_check(check):
            raise ApiError("NoSuchHealthCheck", f"No health check exists with the ID {check}")
    messages = _repeated(changes)
    after: dict[str, dict[str, dict[str, RecordSet]]] = {}
    for change in changes:
        name = change.record_set.name
        if not is_within(name, facts.apex):
            messages.append(f"RRSet with DNS name {name} is not permitted in zone {facts.apex}")
            continue
        if name not in after:
            after[name] = {kind: dict(sets) for kind, sets in facts.sets_at(name).items()}
        problem = _apply(after[name].setdefault(change.record_set.type, {}), change)
        if problem:
            messages.append(problem)
    for name, by_type in after.items():
        for kind in [kind for kind, sets in by_type.items() if not sets]:
            del by_type[kind]
        messages += _conflicts(facts, name, by_type)
    messages += _alias_problems(facts, changes, after)
    if messages:
        raise invalid_batch(messages)
    return after


def _repeated(changes: Sequence[Change]) -> list[str]:
    """A record set may be deleted and made anew in one batch, and not more than that."""
    seen = Counter((change.record_set.key, change.action == "DELETE") for change in changes)
    return sorted(
        {
            "The request contains an invalid set of changes for a resource record set "
            f"'{change.record_set.type} {change.record_set.name}'"
            for change in changes
            if seen[change.record_set.key, change.action == "DELETE"] > 1
        }
    )


def _apply(sets: dict[str, RecordSet], change: Change) -> str | None:
    """Change one group; the message of what stands against it."""
    wanted = change.record_set
    identifier = wanted.set_identifier or ""
    shown = f"name='{wanted.name}', type='{wanted.type}'" + (f", set-identifier='{identifier}'" if identifier else "")
    if change.action == "CREATE" and identifier in sets:
        return f"Tried to create resource record set [{shown}] but it already exists"
    if change.action != "DELETE":
        sets[identifier] = wanted
        return None
    if identifier not in sets:
        return f"Tried to delete resource record set [{shown}] but it was not found"
    if not _same(sets[identifier], wanted):
        return f"Tried to delete resource record set [{shown}] but the values provided do not match the current values"
    del sets[identifier]
    return None


def _same(one: RecordSet, other: RecordSet) -> bool:
    """Equal, whatever the order of the values."""
    return sorted(one.values) == sorted(other.values) and one == _with_values(other, one.values)


def _with_values(record_set: RecordSet, values: tuple[str, ...]) -> RecordSet:
    api = record_set.to_api()
    if not record_set.alias:
        api["ResourceRecords"] = [{"Value": value} for value in values]
    return RecordSet.from_api(api)


def _conflicts(facts: ZoneFacts, name: str, by_type: NameSets) -> list[str]:
    """What may not stand side by side at one name."""
    messages = []
    if "CNAME" in by_type and name == facts.apex:
        messages.append(f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {facts.apex}")
    if "CNAME" in by_type and len(by_type) > 1:
        other = next(kind for kind in by_type if kind != "CNAME")
        messages.append(
            f"RRSet of type {other} with DNS name {name} is not permitted because a conflicting RRSet of type "
            f"CNAME with the same DNS name already exists in zone {facts.apex}"
        )
    if name == facts.apex and "SOA" not in by_type:
        messages.append("A HostedZone must contain exactly one SOA record.")
    if name == facts.apex and "NS" not in by_type:
        messages.append("A HostedZone must contain at least one NS record for the zone itself.")
    if name != facts.apex and "SOA" in by_type:
        messages.append(f"RRSet of type SOA with DNS name {name} is only permitted at apex in zone {facts.apex}")
    for sets in by_type.values():
        messages += _group_conflicts(list(sets.values()))
    return messages


def _group_conflicts(sets: Sequence[RecordSet]) -> list[str]:
    """What may not stand side by side at one name and type."""
    messages = []
    policies = sorted({one.policy for one in sets})
    first = sets[0]
    if len(policies) > 1:
        messages.append(
            f"RRSet with DNS name {first.name}, type {first.type}, SetIdentifier {sets[-1].set_identifier or 'null'} "
            f"cannot be created because a non {sets[-1].policy} rrset exists with the same name and type."
        )
    for attribute in ("region", "failover"):
        values = Counter(getattr(one, attribute) for one in sets if getattr(one, attribute) is not None)
        messages += [
            f"RRSet with DNS name {first.name}, type {first.type} cannot be created because another RRSet with the "
            f"same name, type, and {attribute} {value} exists."
            for value, times in values.items()
            if times > 1
        ]
    if len(sets) > MAX_SETS_IN_GROUP:
        messages.append(
            f"Number of {first.policy} records with the name {first.name} is limited to {MAX_SETS_IN_GROUP}."
        )
    return messages


def _alias_problems(facts: ZoneFacts, changes: Sequence[Change], after: Mapping[str, NameSets]) -> list[str]:
    messages = []
    for change in changes:
        alias = change.record_set.alias
        if not alias or change.action == "DELETE":
            continue
        kind = change.record_set.type
        shown = f"Tried to create an alias that targets {alias.name}, type {kind} in zone {alias.zone_id}, but"
        target: NameSets = after[alias.name] if alias.name in after else facts.sets_at(alias.name)
        if alias.zone_id != facts.zone_id:
            messages.append(f"{shown} this emulator covers aliases within one hosted zone only")
        elif not is_within(alias.name, facts.apex):
            messages.append(f"{shown} the alias target name does not lie within the target zone")
        elif alias.name == change.record_set.name or kind not in target:
            messages.append(f"{shown} that target was not found")
    return messages


def ancestors_in(name: str, apex: str) -> list[str]:
    """The names above `name` down from and including the apex; empty for the apex itself."""
    return [] if name == apex else [above for above in parents(name) if is_within(above, apex)]
