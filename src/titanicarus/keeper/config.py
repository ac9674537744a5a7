"""What a keeper is told by its host's states: /etc/titanicarus/keeper/keeper.json."""

from __future__ import annotations

import configparser
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from titanicarus.keeper.facts import LeaseFacts, lease_facts
from titanicarus.keeper.island import Limits
from titanicarus.keeper.routing_facts import RoutingFacts, routing_facts

CONFIG = Path("/etc/titanicarus/keeper/keeper.json")
AWS_CONFIG = Path("/etc/titanicarus/aws/config")


class BadConfig(ValueError):
    """The configuration cannot be used; the message says what and where."""


@dataclass(frozen=True, slots=True)
class IslandConfig:
    """For load balancers. `islands` are the other islands, `balancers` the LAN addresses of the others of this one."""

    islands: tuple[str, ...]
    balancers: tuple[str, ...]
    limits: Limits


@dataclass(frozen=True, slots=True)
class Config:
    """`island` is None on a host that is no load balancer, `leases` on one that carries no shard, `routing` on one that
    leads nobody to a database."""

    island: IslandConfig | None
    leases: LeaseFacts | None = None
    routing: RoutingFacts | None = None


def read_config(path: Path = CONFIG) -> Config:
    """Raises BadConfig."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        island, leases, routing = data["island"], data.get("leases"), data.get("routing")
        return Config(
            _island(island) if island else None,
            lease_facts(leases) if leases else None,
            routing_facts(routing) if routing else None,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadConfig(f"{path}: {type(error).__name__}: {error}; state.apply writes this file") from error


def _island(data: dict[str, Any]) -> IslandConfig:
    limits = Limits(*(float(data["limits"][name]) for name in ("isolation", "reentry", "hold_down")))
    return IslandConfig(tuple(data["islands"]), tuple(data["balancers"]), limits)


def aws_endpoint(path: Path = AWS_CONFIG) -> tuple[str, int] | None:
    """Host and port by which this fleet reaches AWS, or None where no AWS is set up.

    From the file that boto3 reads: `endpoint_url` of DynamoDB or Route53 where one is given (services section of the
    AWS shared configuration), the Region's DynamoDB otherwise.
    """
    parser = configparser.ConfigParser()
    try:
        if not parser.read(path, encoding="utf-8"):
            return None
    except (configparser.Error, UnicodeDecodeError) as error:
        raise BadConfig(f"{path}: {error}") from error
    urls = [
        url
        for section in parser.sections()
        for line in _lines(parser[section])
        if (url := line.partition("endpoint_url")[2].strip(" =")) and line.startswith("endpoint_url")
    ]
    if urls:
        parts = urlsplit(urls[0])
        return parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)
    region = parser.get("default", "region", fallback="")
    return (f"dynamodb.{region}.amazonaws.com", 443) if region else None


def _lines(section: configparser.SectionProxy) -> list[str]:
    """Keys of a section as lines; nested settings of a service are the lines of its value."""
    lines = []
    for key, value in section.items():
        nested = [line.strip() for line in value.splitlines() if line.strip()]
        lines += nested if "\n" in value else [f"{key} = {value}"]
    return lines
