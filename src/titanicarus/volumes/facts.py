"""What a host is told by its states of the files it keeps and mounts: /etc/titanicarus/files/files.json."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from titanicarus.volumes.errors import BadFacts

CONFIG = Path("/etc/titanicarus/files/files.json")
STATUS = Path("/run/titanicarus/files/status.json")
"""What the service of this host found out, in one line of JSON; it touches the file each second."""
MOUNTS = Path("/srv/files")
"""Below it each shard's files are mounted, at the same place on every host."""


@dataclass(frozen=True, slots=True)
class Member:
    """A host of the island's pool. `uuid` is who it is to the others, whatever machine it runs on."""

    id: str
    uuid: str
    arbiter: bool


@dataclass(frozen=True, slots=True)
class Volume:
    """The files of a shard here. `bricks` are hosts in their order, the arbiter last; `clients` are who may connect."""

    name: str
    bricks: tuple[str, ...]
    clients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mount:
    """Files that this host has mounted. `servers` have the bricks; any one of them tells where the others are."""

    name: str
    servers: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Where they are mounted."""
        return MOUNTS / self.name


@dataclass(frozen=True, slots=True)
class Folder:
    """Where what is uploaded to a site lies. `shown` is what SFTP shows of it, relative to the volume.

    `index` is where a new one gets a page that says that the site has no contents yet, "" for none.
    """

    shown: str
    uid: int
    site: str
    index: str


@dataclass(frozen=True, slots=True)
class Facts:
    """`host` is this host's id. `pool` and `volumes` are empty on a host that only mounts.

    `folders` are to be there on every volume that it mounts.
    """

    host: str
    pool: tuple[Member, ...]
    volumes: tuple[Volume, ...]
    mounts: tuple[Mount, ...]
    folders: tuple[Folder, ...] = ()

    @property
    def own(self) -> Member | None:
        """This host's place in the pool."""
        return next((member for member in self.pool if member.id == self.host), None)

    def mount(self, name: str) -> Mount:
        """The mount of that shard. Raises BadFacts."""
        for mount in self.mounts:
            if mount.name == name:
                return mount
        names = ", ".join(mount.name for mount in self.mounts) or "nothing"
        raise BadFacts(f"this host does not mount {name!r}; it mounts {names}")


def facts_from(data: Mapping[str, Any]) -> Facts:
    """Of the pillar's `files`, or of the file, which has the same shape. Raises KeyError, TypeError or ValueError."""
    pool = tuple(
        Member(str(member["id"]), str(uuid.UUID(member["uuid"])), bool(member["arbiter"])) for member in data["pool"]
    )
    volumes = tuple(
        Volume(str(volume["name"]), tuple(map(str, volume["bricks"])), tuple(map(str, volume["clients"])))
        for volume in data["volumes"]
    )
    mounts = tuple(Mount(str(mount["name"]), tuple(map(str, mount["servers"]))) for mount in data["mounts"])
    folders = tuple(
        Folder(checked(str(folder["shown"])), int(folder["uid"]), str(folder["site"]), str(folder["index"]))
        for folder in data["folders"]
    )
    return Facts(str(data["host"]), pool, volumes, mounts, folders)


def checked(path: str) -> str:
    """A path inside a volume. Raises ValueError: root makes folders there."""
    if any(part in {"", ".", ".."} or "\0" in part for part in path.split("/")):
        raise ValueError(f"{path!r} is no path inside a volume")
    return path


def read_facts(path: Path = CONFIG) -> Facts:
    """Raises BadFacts."""
    try:
        facts = facts_from(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadFacts(f"{path}: {type(error).__name__}: {error}; state.apply writes this file") from error
    members = {member.id for member in facts.pool}
    for volume in facts.volumes:
        strangers = sorted({*volume.bricks} - members)
        if strangers:
            raise BadFacts(
                f"{path}: volume {volume.name} has bricks on {', '.join(strangers)}, which is not in the pool"
            )
    if facts.pool and facts.own is None:
        raise BadFacts(f"{path}: {facts.host} itself is not in the pool {', '.join(sorted(members))}")
    return facts
