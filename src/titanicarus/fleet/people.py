"""What every host is told of the people who can sign in on it: where the directory is, and who may become root."""

from __future__ import annotations

from typing import Any

from .directory import suffix
from .load import Declaration
from .model import UID_FIRST, Fleet, Host
from .people_wording import RESERVED_GROUPS
from .ports import LDAPS, LDAPS_PASSWORDS
from .roles import Role
from .shards import shards
from .wording import RESERVED_USERS

Data = dict[str, Any]


def people(declaration: Declaration, host: Host) -> Data | None:
    """The pillar `people:` of a host; None in a fleet without a directory.

    `servers` are asked first and `backups` when none of those answers; `password_servers` are all that can ever write,
    of which one listens there. `homes` are the folders that homes are in. `local_users` and `local_groups` are never
    asked for: daemons have them, and nobody in the directory can be called so. Sites' users are not among them: SSSD
    knows those by how their names begin, so that one more site does not start it anew on every web server.
    """
    fleet = declaration.fleet
    near, far = _by_distance(fleet, fleet.with_role(Role.DIRECTORY), host.island)
    if not near and not far:
        return None
    deciding = tuple(one for one in shards(fleet)[0].hosts if one.has(Role.DIRECTORY))
    first, then = _by_distance(fleet, deciding, host.island)
    return {
        "suffix": suffix(fleet),
        "least_id": UID_FIRST,
        "servers": _urls(fleet, near or far, LDAPS),
        "backups": _urls(fleet, far if near else (), LDAPS),
        "password_servers": _urls(fleet, (*first, *then), LDAPS_PASSWORDS),
        "homes": sorted(f"/home/{island}" for island in fleet.islands),
        "operators": sorted(declaration.policy.operators),
        "local_users": sorted(RESERVED_USERS),
        "local_groups": sorted(RESERVED_GROUPS),
    }


def _by_distance(fleet: Fleet, servers: tuple[Host, ...], island: str) -> tuple[tuple[Host, ...], tuple[Host, ...]]:
    """Those of the island, and the others: from the islands that come after it, so that not all islands fall upon the
    same one."""
    names = sorted(fleet.islands)
    start = names.index(island)
    order = {name: (index - start) % len(names) for index, name in enumerate(names)}
    near = tuple(one for one in servers if one.island == island)
    far = sorted((one for one in servers if one.island != island), key=lambda one: (order[one.island], one.id))
    return near, tuple(far)


def _urls(fleet: Fleet, hosts: tuple[Host, ...], port: int) -> list[str]:
    return [f"ldaps://{fleet.fqdn(host)}:{port}" for host in hosts]
