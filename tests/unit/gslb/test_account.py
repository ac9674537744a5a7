"""The same against a running Route53 emulator: real calls, and each thing that can be wrong with an account."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fixtures.public_names import PILLAR
from fixtures.route53 import KEY, SECRET, client, settings

from route53_emulator.service import Service
from titanicarus import aws
from titanicarus.gslb import route53
from titanicarus.gslb.apply import Changed, apply, prepare, status
from titanicarus.gslb.desired import Desired, desired
from titanicarus.gslb.plan import NotOurs
from titanicarus.gslb.route53 import ACTIONS, Route53
from titanicarus.gslb.safety import Unsafe

ROOT = Path(__file__).parents[3]


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Service]:
    with Service(settings(tmp_path / "state", vantage=("127.0.0.1", "127.0.0.2"))) as service:
        yield service


def account(folder: Path, service: Service, key: str = KEY, secret: str = SECRET, region: str = "us-east-1") -> Path:
    """A folder with AWS's two files, as they are on a control host."""
    folder.mkdir(exist_ok=True)
    line = f"region = {region}\n" if region else ""
    url = f"http://127.0.0.1:{service.api[1]}"
    (folder / "config").write_text(
        f"[default]\n{line}services = here\n\n[services here]\nroute_53 =\n  endpoint_url = {url}\n"
    )
    (folder / "credentials").write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    return folder


@pytest.fixture
def api(tmp_path: Path, emulator: Service) -> Route53:
    return Route53(account(tmp_path / "aws", emulator))


def wanted(**changes: Any) -> Desired:
    return desired({**PILLAR, **changes})


def everything(emulator: Service) -> list[Any]:
    boto = client(emulator)
    zones = boto.list_hosted_zones()["HostedZones"]
    return [
        (zone["Name"], boto.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]) for zone in zones
    ]


def test_from_nothing_to_as_declared(api: Route53, emulator: Service) -> None:
    plan = prepare(api, wanted()).plan
    assert len(plan.steps) == 10
    assert apply(api, wanted(), plan.checksum).checksum == plan.checksum
    assert prepare(api, wanted()).plan.steps == ()
    answer = status(api, wanted())
    assert {island: one["weight"] for island, one in answer.items()} == {"syd": 100, "mel": 50}
    assert sum(one["share"] for one in answer.values()) == pytest.approx(1, abs=0.001)
    assert {name for name, _ in everything(emulator)} == {"shop.example.", "fleet.example."}


def test_every_call_is_in_the_policy_and_nothing_else_is(api: Route53, tmp_path: Path) -> None:
    called: set[str] = set()
    api._api.meta.events.register("before-call.route53", lambda model, **_: called.add(model.name))
    apply(api, wanted())
    slower = wanted(check={**PILLAR["check"], "interval": 30})
    apply(api, slower)
    apply(api, wanted(check={**PILLAR["check"], "interval": 30, "path": "/healthz/other"}))
    status(api, slower)
    assert called == ACTIONS
    text = (ROOT / "docs/aws.md").read_text()
    policy = json.loads(re.findall(r"```json\n(.*?)```", text, re.DOTALL)[0])
    allowed = {action for statement in policy["Statement"] for action in statement["Action"]}
    assert {f"route53:{action}" for action in ACTIONS} <= allowed
    assert not any("*" in action for action in allowed)


def test_only_shares_leaves_everything_else_as_it_is(api: Route53, emulator: Service) -> None:
    """A master that was away for a push does not undo it when it takes an island out."""
    apply(api, wanted(zones={"shop.example": ["shop.example", "new.shop.example"]}))
    before = everything(emulator)
    plan = apply(api, desired(PILLAR, {"syd": 0}), only_shares=True)
    assert {step.name for step in plan.steps} == {"shop.example"} and all(step.only_weight for step in plan.steps)
    assert len(everything(emulator)) == len(before)
    assert {island: one["weight"] for island, one in status(api, wanted()).items()} == {"syd": 0, "mel": 50}


def test_a_plan_that_is_old_is_not_done(api: Route53, emulator: Service) -> None:
    with pytest.raises(Changed, match="look at"):
        apply(api, wanted(), "000000000000")
    assert everything(emulator) == []


def test_an_unsafe_plan_needs_force_and_changes_nothing_without(api: Route53, emulator: Service) -> None:
    many = {"shop.example": [f"w{n}.shop.example" for n in range(20)]}
    apply(api, wanted(zones=many))
    before = everything(emulator)
    with pytest.raises(Unsafe, match="--force"):
        apply(api, wanted(zones={"shop.example": ["w1.shop.example"]}))
    assert everything(emulator) == before
    apply(api, wanted(zones={"shop.example": ["w1.shop.example"]}), force=True)
    assert everything(emulator) != before


def test_somebody_elses_record_in_the_way_stops_everything(api: Route53, emulator: Service) -> None:
    boto = client(emulator)
    zone = boto.create_hosted_zone(Name="shop.example", CallerReference="theirs")["HostedZone"]["Id"]
    theirs = {"Name": "www.shop.example", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.77"}]}
    boto.change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": theirs}]}
    )
    before = everything(emulator)
    with pytest.raises(NotOurs, match=r"www\.shop\.example A"):
        apply(api, wanted())
    assert everything(emulator) == before
    assert boto.list_health_checks()["HealthChecks"] == []


def test_two_zones_of_one_name_are_an_error(api: Route53, emulator: Service) -> None:
    for reference in ("one", "two"):
        client(emulator).create_hosted_zone(Name="shop.example", CallerReference=reference)
    with pytest.raises(route53.TwoZones, match=r"shop\.example"):
        prepare(api, wanted())


def test_what_can_be_wrong_with_an_account(tmp_path: Path, emulator: Service) -> None:
    with pytest.raises(aws.NotSetUp, match=r"docs/aws\.md"):
        Route53(tmp_path / "nothing")
    with pytest.raises(aws.NotSetUp, match="names no region"):
        Route53(account(tmp_path / "aws", emulator, region=""))
    with pytest.raises(aws.BadCredentials, match="InvalidClientTokenId"):
        prepare(Route53(account(tmp_path / "aws", emulator, key="AKIDNOBODY")), wanted())
    with pytest.raises(aws.BadCredentials, match="SignatureDoesNotMatch"):
        prepare(Route53(account(tmp_path / "aws", emulator, secret="wrong")), wanted())
    folder = account(tmp_path / "aws", emulator)
    (folder / "credentials").write_text("[default]\naws_access_key_id = AKID\n")
    with pytest.raises(aws.NotSetUp, match="credentials"):
        prepare(Route53(folder), wanted())


def test_rights_that_are_missing_are_named(tmp_path: Path) -> None:
    policy = {"AKIDREADER": frozenset({"ListHealthChecks"})}
    with Service(settings(tmp_path / "state", policy=policy)) as service:
        folder = account(tmp_path / "aws", service, "AKIDREADER", "another")
        with pytest.raises(aws.NotAllowed, match="ListHostedZones"):
            prepare(Route53(folder), wanted())


def test_a_throttled_account_is_waited_for_and_then_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Service(settings(tmp_path / "state", rate=5.0)) as service:
        apply(Route53(account(tmp_path / "aws", service)), wanted())
    monkeypatch.setattr(route53, "_ATTEMPTS", 1)
    with Service(settings(tmp_path / "state", rate=1.0)) as service, pytest.raises(aws.Throttled, match="wait"):
        api = Route53(account(tmp_path / "aws", service))
        for _ in range(3):
            prepare(api, wanted())


def test_no_answer_and_half_an_answer(tmp_path: Path, emulator: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route53, "_ATTEMPTS", 1)
    monkeypatch.setattr(route53, "_READ_SECONDS", 1)
    api = Route53(account(tmp_path / "aws", emulator))
    emulator.switches["api"].clear()
    began = time.monotonic()
    with pytest.raises(aws.OutOfReach, match="did not answer"):
        prepare(api, wanted())
    assert time.monotonic() - began < 10
    emulator.switches["api"].set()
    whole = emulator._api.answer

    def half(*request: Any) -> Any:
        code, headers, body = whole(*request)
        return code, headers, body[: len(body) // 2]

    monkeypatch.setattr(emulator._api, "answer", half)
    with pytest.raises(aws.Unreadable):
        prepare(api, wanted())
    monkeypatch.setattr(emulator._api, "answer", whole)
    assert everything(emulator) == []
