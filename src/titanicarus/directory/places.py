"""Where the directory of a host has its files, and what its server is called by whom."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

UNIT = "titanicarus-directory.service"
USER = "openldap"
TLS_FILES = ("root.crt", "host.crt", "host.key")


@dataclass(frozen=True, slots=True)
class Places:
    """Folders of this host; tests use others."""

    config: Path = Path("/etc/titanicarus/directory")
    data: Path = Path("/var/lib/titanicarus/directory")
    run: Path = Path("/run/titanicarus-directory")
    identity: Path = Path("/etc/titanicarus/pki")

    @property
    def slapd_conf(self) -> Path:
        """What slapd reads."""
        return self.config / "slapd.conf"

    @property
    def database(self) -> Path:
        """The folder of the database."""
        return self.data / "data"

    @property
    def doubt(self) -> Path:
        """Stands while this host's copy is known to differ from the others: the next start takes another's."""
        return self.data / "doubt"

    @property
    def socket(self) -> str:
        """The URL by which root of this host reaches the server, and is its manager."""
        return f"ldapi://{quote(str(self.run / 'ldapi'), safe='')}"


@dataclass(frozen=True, slots=True)
class Server:
    """A directory host: its id and the URL at which it answers the fleet's hosts."""

    id: str
    url: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What a host knows of the fleet's directory without its pillar: `servers.json`. `others` are the other servers,
    those of its own island first."""

    host: str
    suffix: str
    shard: str
    others: tuple[Server, ...]


def read_settings(places: Places) -> Settings:
    """Raises OSError, and ValueError or KeyError for a damaged file."""
    return settings_from(json.loads((places.config / "servers.json").read_text()))


def settings_from(data: Mapping[str, Any]) -> Settings:
    """From what `servers.json` holds."""
    servers = sorted(data["servers"], key=lambda one: (one["island"] != data["island"], one["id"]))
    others = tuple(
        Server(one["id"], f"ldaps://{one['name']}:{data['port']}") for one in servers if one["id"] != data["host"]
    )
    return Settings(data["host"], data["suffix"], data["shard"], others)
