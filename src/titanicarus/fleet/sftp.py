"""Files of people by SFTP: which hosts serve an island's, and what these and the load balancers are told."""

from __future__ import annotations

from typing import Any

from titanicarus.volumes.facts import MOUNTS

from .load import Declaration
from .model import Fleet, Host
from .roles import Role
from .uploads import upload_logins
from .volumes import volume_of

Data = dict[str, Any]

SFTP = 2222
"""Where people ask for it: a port of the island's public address."""
SFTP_SERVER = 2022
"""Where the hosts listen that serve it; another one, as a host may be its own load balancer."""


def sftp_servers(fleet: Fleet, island: str) -> tuple[Host, ...]:
    """The web servers of an island that has files and people, sorted by id: they have the files mounted. No others."""
    if volume_of(fleet, island) is None or not fleet.with_role(Role.DIRECTORY):
        return ()
    return fleet.with_role(Role.WEB, island)


def sftp(declaration: Declaration, host: Host) -> Data | None:
    """The pillar `sftp:` of a host that serves it, without its own keys; None for the others.

    `names` are what people call the island; `shard` is whose people have their files here, below `volume`; `sites` are
    those that people sign in to.
    """
    fleet = declaration.fleet
    if host not in sftp_servers(fleet, host.island):
        return None
    island = fleet.islands[host.island]
    return {
        "port": SFTP_SERVER,
        "shard": island.name,
        "volume": f"{MOUNTS}/{island.name}",
        "names": [f"{island.name}.{fleet.domain}", str(island.wan.vip)],
        "sites": upload_logins(declaration, host),
    }


def sftp_balancer(fleet: Fleet, host: Host) -> Data:
    """The pillar `lb.sftp`: the port, and who serves it; nobody in an island without files or people."""
    return {
        "port": SFTP,
        "servers": [
            {"name": server.name, "address": str(server.lan), "port": SFTP_SERVER}
            for server in sftp_servers(fleet, host.island)
        ],
    }
