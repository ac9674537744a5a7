"""What the name servers say, asked over UDP and TCP."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from fixtures.route53 import Ask, Endpoint, a, change, until, weighted

from route53_emulator.service import Service


def values(message: Any) -> list[str]:
    return [str(record.rdata) for record in message.rr]


def check_of(api: Any, endpoint: Endpoint, reference: str = "check", **more: Any) -> str:
    config = {
        "Type": "HTTP",
        "FullyQualifiedDomainName": "127.0.0.1",
        "Port": endpoint.port,
        "ResourcePath": "/healthz",
    }
    config |= {"RequestInterval": 10, "FailureThreshold": 1} | more
    return str(api.create_health_check(CallerReference=reference, HealthCheckConfig=config)["HealthCheck"]["Id"])


def test_simple_answers_and_what_is_not_there(api: Any, zone: str, ask: Ask) -> None:
    change(
        api,
        zone,
        ("CREATE", a("www.shop.example", "192.0.2.1", "192.0.2.2")),
        ("CREATE", {**a("alias.shop.example", "www.shop.example"), "Type": "CNAME"}),
        ("CREATE", a("deep.below.shop.example", "192.0.2.3")),
        ("CREATE", a("*.wild.shop.example", "192.0.2.4")),
        ("CREATE", {**a("text.shop.example", '"hello" "world"'), "Type": "TXT"}),
    )
    assert sorted(values(ask("WWW.shop.example"))) == ["192.0.2.1", "192.0.2.2"]
    assert values(ask("www.shop.example", tcp=True)) != []
    assert "192.0.2.1" in values(ask("alias.shop.example"))
    assert values(ask("x.y.wild.shop.example")) == ["192.0.2.4"]
    assert values(ask("text.shop.example", "TXT")) == ['"hello","world"']
    missing, empty = ask("none.shop.example"), ask("below.shop.example")
    assert (missing.header.rcode, empty.header.rcode) == (3, 0)
    assert [str(record.rname) for record in missing.auth] == ["shop.example."]
    assert missing.header.aa == 1
    assert ask("www.elsewhere.example").header.rcode == 5
    assert len(values(ask("shop.example", "NS"))) == 4


def test_a_delegation_is_referred_to(api: Any, zone: str, ask: Ask) -> None:
    change(api, zone, ("CREATE", {**a("sub.shop.example", "ns.elsewhere.example."), "Type": "NS"}))
    message = ask("www.sub.shop.example")
    assert message.header.aa == 0
    assert [str(record.rdata) for record in message.auth] == ["ns.elsewhere.example."]


def test_an_answer_too_long_for_udp_is_cut_and_whole_by_tcp(api: Any, zone: str, ask: Ask) -> None:
    change(api, zone, ("CREATE", a("many.shop.example", *(f"192.0.2.{n}" for n in range(60)))))
    assert ask("many.shop.example").header.tc == 1
    assert len(values(ask("many.shop.example", tcp=True))) == 60


def test_answers_are_spread_by_weight(api: Any, zone: str, ask: Ask) -> None:
    change(api, zone, *(("CREATE", weighted("w.shop.example", f"192.0.2.{n}", n * 10)) for n in (0, 1, 2, 7)))
    counted = Counter(values(ask("w.shop.example"))[0] for _ in range(2000))
    assert set(counted) == {"192.0.2.1", "192.0.2.2", "192.0.2.7"}
    for number in (1, 2, 7):
        assert abs(counted[f"192.0.2.{number}"] / 2000 - number / 10) < 0.05


def test_unhealthy_answers_are_left_out_unless_all_are(api: Any, zone: str, ask: Ask, endpoint: Endpoint) -> None:
    check = check_of(api, endpoint)
    inverted = check_of(api, endpoint, "other", Inverted=True)
    change(
        api,
        zone,
        ("CREATE", weighted("w.shop.example", "192.0.2.1", 100, HealthCheckId=check)),
        ("CREATE", weighted("w.shop.example", "192.0.2.2", 100, HealthCheckId=inverted)),
        ("CREATE", weighted("w.shop.example", "192.0.2.3", 0)),
    )

    def answers() -> set[str]:
        return {values(ask("w.shop.example"))[0] for _ in range(30)}

    assert answers() == {"192.0.2.1"}
    until(lambda: endpoint.asked > 1, 15)
    endpoint.status = 503
    until(lambda: answers() == {"192.0.2.2"}, 15)
    api.update_health_check(HealthCheckId=inverted, Disabled=True)  # disabled is healthy, and inverted makes it not so
    until(lambda: answers() == {"192.0.2.3"}, 15)
    change(api, zone, ("DELETE", weighted("w.shop.example", "192.0.2.3", 0)))
    until(lambda: answers() == {"192.0.2.1", "192.0.2.2"}, 15)


def test_failover(api: Any, zone: str, ask: Ask, endpoint: Endpoint) -> None:
    check = check_of(api, endpoint)
    primary = a("f.shop.example", "192.0.2.1", SetIdentifier="p", Failover="PRIMARY", HealthCheckId=check)
    secondary = a("f.shop.example", "192.0.2.2", SetIdentifier="s", Failover="SECONDARY")
    change(api, zone, ("CREATE", primary), ("CREATE", secondary))
    assert values(ask("f.shop.example")) == ["192.0.2.1"]
    endpoint.status = 500
    until(lambda: values(ask("f.shop.example")) == ["192.0.2.2"], 15)


def test_multivalue_and_alias(api: Any, zone: str, ask: Ask) -> None:
    sets = [a("m.shop.example", f"192.0.2.{n}", SetIdentifier=str(n), MultiValueAnswer=True) for n in range(12)]
    target = {
        "HostedZoneId": zone.removeprefix("/hostedzone/"),
        "DNSName": "m.shop.example",
        "EvaluateTargetHealth": True,
    }
    change(api, zone, *(("CREATE", one) for one in sets))
    change(api, zone, ("CREATE", {"Name": "shop.example", "Type": "A", "AliasTarget": target}))
    assert len(values(ask("m.shop.example"))) == 8
    assert len(values(ask("shop.example"))) == 8


@pytest.mark.parametrize(
    "message", [b"", b"\x00" * 11, b"\xff" * 40, b"\x12\x34\x01\x00\x00\x01" + b"\x00" * 6 + b"\xc0\x0c"]
)
def test_nonsense_does_not_hurt(emulator: Service, ask: Ask, message: bytes) -> None:
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(message, ("127.0.0.1", emulator.dns[1]))
    assert ask("www.elsewhere.example").header.rcode == 5


def test_switched_off_it_says_nothing(emulator: Service, ask: Ask) -> None:
    emulator.switches["dns"].clear()
    with pytest.raises(TimeoutError):
        ask("www.shop.example")
    emulator.switches["dns"].set()
    assert ask("www.shop.example").header.rcode == 5
