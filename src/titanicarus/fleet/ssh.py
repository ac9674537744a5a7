"""SSH: the names of each host, and which authority vouches for which names."""

from __future__ import annotations

from typing import Any

from .model import Fleet, Host
from .ports import SSH

Data = dict[str, Any]


def ssh_names(fleet: Fleet, host: Host) -> list[str]:
    """All that a client may call a host: its names, then its addresses."""
    addresses = (str(address) for address in (host.lan, host.wan) if address is not None)
    return [fleet.fqdn(host), host.id, *addresses]


def ssh(fleet: Fleet, host: Host, operators: tuple[str, ...]) -> Data:
    """The pillar `ssh:` of a host, without keys.

    `names` are the host's own; `authorities` say of each island whose host keys its authority vouches for;
    `operators` may become root.
    """
    return {
        "port": SSH,
        "names": ssh_names(fleet, host),
        "operators": sorted(operators),
        "authorities": [
            {
                "island": island,
                "names": [name for other in fleet.hosts if other.island == island for name in ssh_names(fleet, other)],
            }
            for island in sorted(fleet.islands)
        ],
    }
