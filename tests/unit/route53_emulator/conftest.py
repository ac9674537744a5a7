"""A running emulator, and boto3 and DNS clients for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dnslib
import pytest
from fixtures.route53 import Ask, Endpoint, client, settings

from route53_emulator.service import Service


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Service]:
    with Service(settings(tmp_path / "state")) as service:
        yield service


@pytest.fixture
def api(emulator: Service) -> Any:
    return client(emulator)


@pytest.fixture
def zone(api: Any) -> str:
    """The id of a new zone shop.example."""
    return str(api.create_hosted_zone(Name="shop.example", CallerReference="first")["HostedZone"]["Id"])


@pytest.fixture
def ask(emulator: Service) -> Ask:
    """A question to the name server: the answer's message."""

    def asking(name: str, kind: str = "A", *, tcp: bool = False) -> dnslib.DNSRecord:
        question = dnslib.DNSRecord.question(name, kind)
        return dnslib.DNSRecord.parse(question.send("127.0.0.1", emulator.dns[1], tcp=tcp, timeout=3))

    return asking


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    found = Endpoint()
    yield found
    found.server.shutdown()
    found.server.server_close()
