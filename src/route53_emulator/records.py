"""Record sets: what a hosted zone is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from route53_emulator.names import sort_key

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Alias:
    """A pointer at another record set of the same zone. `zone_id` without its prefix."""

    zone_id: str
    name: str
    evaluate: bool


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What makes a record set one of its kind in a zone; ordered as ListResourceRecordSets orders."""

    order: str
    type: str
    set_identifier: str

    @classmethod
    def of(cls, name: str, kind: str, set_identifier: str | None) -> Key:
        """`name` canonical."""
        return cls(sort_key(name), kind, set_identifier or "")


@dataclass(frozen=True, slots=True)
class RecordSet:
    """`name` canonical, `ttl` in seconds and None for an alias, `values` as the user wrote them."""

    name: str
    type: str
    ttl: int | None = None
    values: tuple[str, ...] = ()
    set_identifier: str | None = None
    weight: int | None = None
    region: str | None = None
    failover: str | None = None
    multivalue: bool | None = None
    health_check_id: str | None = None
    alias: Alias | None = None

    @property
    def key(self) -> Key:
        return Key.of(self.name, self.type, self.set_identifier)

    @property
    def policy(self) -> str:
        """The routing policy in the words of Route53's messages."""
        if self.weight is not None:
            return "weighted"
        if self.region is not None:
            return "latency"
        if self.failover is not None:
            return "failover"
        return "multivalue answer" if self.multivalue is not None else "simple"

    def to_api(self) -> Json:
        """As the API writes it."""
        out: Json = {"Name": self.name, "Type": self.type}
        optional = {
            "SetIdentifier": self.set_identifier,
            "Weight": self.weight,
            "Region": self.region,
            "Failover": self.failover,
            "MultiValueAnswer": self.multivalue,
            "TTL": self.ttl,
            "HealthCheckId": self.health_check_id,
        }
        out |= {name: value for name, value in optional.items() if value is not None}
        if self.alias:
            target = {"HostedZoneId": self.alias.zone_id, "DNSName": self.alias.name}
            out["AliasTarget"] = target | {"EvaluateTargetHealth": self.alias.evaluate}
        else:
            out["ResourceRecords"] = [{"Value": value} for value in self.values]
        return out

    @classmethod
    def from_api(cls, data: Json) -> RecordSet:
        """From the API's form, with names already canonical; absent members are None."""
        alias = data.get("AliasTarget")
        return cls(
            name=data["Name"],
            type=data["Type"],
            ttl=data.get("TTL"),
            values=tuple(record["Value"] for record in data.get("ResourceRecords", ())),
            set_identifier=data.get("SetIdentifier"),
            weight=data.get("Weight"),
            region=data.get("Region"),
            failover=data.get("Failover"),
            multivalue=data.get("MultiValueAnswer"),
            health_check_id=data.get("HealthCheckId"),
            alias=Alias(alias["HostedZoneId"], alias["DNSName"], alias["EvaluateTargetHealth"]) if alias else None,
        )
