"""The API as boto3 sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from fixtures.route53 import a, change, client, settings, until, weighted

from route53_emulator.service import Service


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def names(api: Any, zone: str) -> list[tuple[str, str, str]]:
    pages = api.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone, PaginationConfig={"PageSize": 2})
    return [(r["Name"], r["Type"], r.get("SetIdentifier", "")) for page in pages for r in page["ResourceRecordSets"]]


def test_a_new_zone_has_soa_and_ns_and_is_listed(api: Any, zone: str) -> None:
    assert names(api, zone) == [("shop.example.", "NS", ""), ("shop.example.", "SOA", "")]
    assert [found["Name"] for found in api.list_hosted_zones()["HostedZones"]] == ["shop.example."]
    assert api.get_hosted_zone(Id=zone)["HostedZone"]["ResourceRecordSetCount"] == 2
    assert len(api.get_hosted_zone(Id=zone)["DelegationSet"]["NameServers"]) == 4


def test_a_caller_reference_makes_one_zone(api: Any, zone: str) -> None:
    with pytest.raises(ClientError) as error:
        api.create_hosted_zone(Name="shop.example", CallerReference="first")
    assert code(error) == "HostedZoneAlreadyExists"
    again = api.create_hosted_zone(Name="shop.example", CallerReference="second")["HostedZone"]["Id"]
    assert again != zone


def test_only_an_empty_zone_goes(api: Any, zone: str) -> None:
    change(api, zone, ("CREATE", a("www.shop.example", "192.0.2.1")))
    with pytest.raises(ClientError) as error:
        api.delete_hosted_zone(Id=zone)
    assert code(error) == "HostedZoneNotEmpty"
    change(api, zone, ("DELETE", a("www.shop.example", "192.0.2.1")))
    api.delete_hosted_zone(Id=zone)
    with pytest.raises(ClientError) as error:
        api.get_hosted_zone(Id=zone)
    assert code(error) == "NoSuchHostedZone"


def test_record_sets_are_listed_in_order_page_by_page(api: Any, zone: str) -> None:
    change(
        api,
        zone,
        ("CREATE", a("www.shop.example", "192.0.2.1")),
        ("CREATE", weighted("a.shop.example", "192.0.2.2", 1)),
        ("CREATE", weighted("a.shop.example", "192.0.2.1", 1)),
        ("CREATE", a("*.shop.example", "192.0.2.3")),
    )
    assert names(api, zone) == [
        ("shop.example.", "NS", ""),
        ("shop.example.", "SOA", ""),
        ("\\052.shop.example.", "A", ""),
        ("a.shop.example.", "A", "192.0.2.1"),
        ("a.shop.example.", "A", "192.0.2.2"),
        ("www.shop.example.", "A", ""),
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([("CREATE", a("www.shop.example", "192.0.2.1"))], "already exists"),
        ([("DELETE", a("www.shop.example", "192.0.2.9"))], "do not match the current values"),
        ([("DELETE", a("none.shop.example", "192.0.2.1"))], "was not found"),
        ([("CREATE", a("www.other.example", "192.0.2.1"))], "is not permitted in zone"),
        ([("CREATE", a("x.shop.example", "192.0.2.300"))], "not a valid IPv4"),
        ([("CREATE", weighted("www.shop.example", "192.0.2.1", 5))], "with the same name and type"),
        ([("CREATE", {**a("www.shop.example", "b.example"), "Type": "CNAME"})], "conflicting RRSet"),
        ([("CREATE", {**a("shop.example", "b.example"), "Type": "CNAME"})], "not permitted at apex"),
    ],
)
def test_a_refused_batch_changes_nothing(api: Any, zone: str, changes: list[Any], said: str) -> None:
    change(api, zone, ("CREATE", a("www.shop.example", "192.0.2.1")))
    before = names(api, zone)
    with pytest.raises(ClientError) as error:
        change(api, zone, ("CREATE", a("good.shop.example", "192.0.2.1")), *changes)
    assert code(error) == "InvalidChangeBatch"
    assert said in str(error.value)
    assert names(api, zone) == before


def test_apex_soa_and_ns_stay(api: Any, zone: str) -> None:
    sets = api.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    for record_set in sets:
        with pytest.raises(ClientError) as error:
            change(api, zone, ("DELETE", record_set))
        assert code(error) == "InvalidChangeBatch"


@pytest.mark.parametrize(
    "record_set",
    [
        a("x.shop.example", "192.0.2.1", Weight=5),
        a("x.shop.example", "192.0.2.1", SetIdentifier="one"),
        a("x.shop.example", "192.0.2.1", SetIdentifier="one", Weight=5, Failover="PRIMARY"),
        a("x.shop.example", "192.0.2.1", HealthCheckId="00000000-0000-0000-0000-000000000000"),
        a("x.shop.example", "192.0.2.1", SetIdentifier="one", Weight=256),
    ],
)
def test_a_wrong_shape_is_invalid_input(api: Any, zone: str, record_set: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as error:
        change(api, zone, ("CREATE", record_set))
    assert code(error) == "InvalidInput"


def test_a_record_needs_a_health_check_that_is_there(api: Any, zone: str) -> None:
    with pytest.raises(ClientError) as error:
        change(api, zone, ("CREATE", weighted("x.shop.example", "192.0.2.1", 5, HealthCheckId="none")))
    assert code(error) == "NoSuchHealthCheck"


def test_a_change_is_pending_and_then_in_sync(tmp_path: Path) -> None:
    with Service(settings(tmp_path, insync=0.3)) as service:
        api = client(service)
        made = api.create_hosted_zone(Name="shop.example", CallerReference="x")
        change_id = made["ChangeInfo"]["Id"]
        assert made["ChangeInfo"]["Status"] == "PENDING"
        until(lambda: api.get_change(Id=change_id)["ChangeInfo"]["Status"] == "INSYNC")
    with pytest.raises(ClientError) as error, Service(settings(tmp_path)) as service:
        client(service).get_change(Id="/change/C0")
    assert code(error) == "NoSuchChange"


def test_the_account_survives_the_program(tmp_path: Path) -> None:
    with Service(settings(tmp_path)) as service:
        api = client(service)
        zone = api.create_hosted_zone(Name="shop.example", CallerReference="x")["HostedZone"]["Id"]
        change(api, zone, ("CREATE", a("www.shop.example", "192.0.2.1")))
        check = api.create_health_check(
            CallerReference="c", HealthCheckConfig={"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 80}
        )
        before = names(api, zone)
    with Service(settings(tmp_path)) as service:
        api = client(service)
        assert names(api, zone) == before
        assert api.get_health_check(HealthCheckId=check["HealthCheck"]["Id"])["HealthCheck"] == check["HealthCheck"]


def test_credentials_and_rights(tmp_path: Path) -> None:
    policy = {"AKIDREADER": frozenset({"ListHostedZones"})}
    with Service(settings(tmp_path, policy=policy)) as service:
        for key, secret, expected in (
            ("AKIDNOBODY", "x", "InvalidClientTokenId"),
            ("AKIDEXAMPLE", "wrong", "SignatureDoesNotMatch"),
        ):
            with pytest.raises(ClientError) as error:
                client(service, key, secret).list_hosted_zones()
            assert code(error) == expected
        reader = client(service, "AKIDREADER", "another")
        assert reader.list_hosted_zones(MaxItems="5")["HostedZones"] == []
        with pytest.raises(ClientError) as error:
            reader.create_hosted_zone(Name="shop.example", CallerReference="x")
        assert code(error) == "AccessDenied"


def test_more_than_the_rate_is_throttled(tmp_path: Path) -> None:
    with Service(settings(tmp_path, rate=2.0)) as service:
        api = client(service)
        with pytest.raises(ClientError) as error:
            for _ in range(6):
                api.list_hosted_zones()
        assert code(error) == "Throttling"
        patient = client(service, attempts=8)
        for _ in range(3):
            patient.list_hosted_zones()


def test_a_health_check_and_its_versions(api: Any) -> None:
    config = {"Type": "HTTP", "IPAddress": "192.0.2.1", "ResourcePath": "/x", "RequestInterval": 10}
    made = api.create_health_check(CallerReference="one", HealthCheckConfig=config)["HealthCheck"]
    assert made["HealthCheckConfig"]["Port"] == 80
    assert made["HealthCheckConfig"]["FailureThreshold"] == 3
    assert api.create_health_check(CallerReference="one", HealthCheckConfig=config)["HealthCheck"]["Id"] == made["Id"]
    with pytest.raises(ClientError) as error:
        api.create_health_check(CallerReference="one", HealthCheckConfig={**config, "Port": 81})
    assert code(error) == "HealthCheckAlreadyExists"
    after = api.update_health_check(HealthCheckId=made["Id"], HealthCheckVersion=1, Disabled=True)["HealthCheck"]
    assert (after["HealthCheckVersion"], after["HealthCheckConfig"]["Disabled"]) == (2, True)
    with pytest.raises(ClientError) as error:
        api.update_health_check(HealthCheckId=made["Id"], HealthCheckVersion=1, Disabled=False)
    assert code(error) == "HealthCheckVersionMismatch"
    parent = {"Type": "CALCULATED", "ChildHealthChecks": [made["Id"]], "HealthThreshold": 1}
    parent_id = api.create_health_check(CallerReference="two", HealthCheckConfig=parent)["HealthCheck"]["Id"]
    with pytest.raises(ClientError) as error:
        api.delete_health_check(HealthCheckId=made["Id"])
    assert code(error) == "HealthCheckInUse"
    api.delete_health_check(HealthCheckId=parent_id)
    api.delete_health_check(HealthCheckId=made["Id"])
    with pytest.raises(ClientError) as error:
        api.create_health_check(CallerReference="one", HealthCheckConfig=config)
    assert code(error) == "HealthCheckAlreadyExists"


@pytest.mark.parametrize(
    "config",
    [
        {"Type": "HTTP"},
        {"Type": "HTTP", "IPAddress": "192.0.2.1", "RequestInterval": 20},
        {"Type": "HTTP", "IPAddress": "nowhere"},
        {"Type": "TCP", "IPAddress": "192.0.2.1"},
        {"Type": "CALCULATED", "ChildHealthChecks": ["none"], "HealthThreshold": 1},
        {"Type": "HTTP_STR_MATCH", "IPAddress": "192.0.2.1"},
    ],
)
def test_a_wrong_health_check_is_refused(api: Any, config: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as error:
        api.create_health_check(CallerReference="bad", HealthCheckConfig=config)
    assert code(error) == "InvalidInput"


def test_tags(api: Any, zone: str) -> None:
    zone_id = zone.removeprefix("/hostedzone/")
    api.change_tags_for_resource(
        ResourceType="hostedzone", ResourceId=zone_id, AddTags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    )
    api.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone_id, RemoveTagKeys=["a"])
    tags = api.list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone_id)["ResourceTagSet"]["Tags"]
    assert tags == [{"Key": "b", "Value": "2"}]


def test_what_is_not_covered_says_so(api: Any) -> None:
    with pytest.raises(ClientError) as error:
        api.list_traffic_policies()
    assert code(error) == "UnknownOperationException"


def test_switched_off_it_says_nothing(emulator: Service, api: Any) -> None:
    emulator.switches["api"].clear()
    quick = client(emulator)
    with pytest.raises(Exception, match="Read timeout"):
        quick.list_hosted_zones()
    emulator.switches["api"].set()
    assert api.list_hosted_zones()["HostedZones"] == []
