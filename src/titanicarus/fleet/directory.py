"""What directory hosts are told: which servers there are, whose lease says who writes, and who should be in it."""

from __future__ import annotations

import hashlib
from typing import Any

from .load import Declaration
from .model import Fleet, Host, Tenant, User, derived_gid
from .ports import LDAPS, LDAPS_PASSWORDS
from .roles import Role
from .shards import Shard, shards

Data = dict[str, Any]
SERVER_IDS = 999
"""OpenLDAP has 4095 of them and 999 ids of replications, which are named by the server at their other end."""


def suffix(fleet: Fleet) -> str:
    """The name below which everything of the fleet's directory is: `dc=titanicarus,dc=example`."""
    return ",".join(f"dc={label}" for label in fleet.domain.split("."))


def deciding_shard(fleet: Fleet) -> str:
    """The shard whose lease says who writes the directory, too. There is one, or the fleet has no directory host."""
    return shards(fleet)[0].name


def password_ports(fleet: Fleet, host: Host, shard: Shard) -> list[int]:
    """Ports of a directory host that are open only while it has the lease on this shard: where people change their
    passwords, when this is the shard that decides."""
    decides = host.has(Role.DIRECTORY) and shard.name == deciding_shard(fleet)
    return [LDAPS_PASSWORDS] if decides else []


def server_ids(fleet: Fleet) -> dict[str, int]:
    """The number of each directory host, by its id; from the name, so that a new host leaves the others alone."""
    taken: dict[int, str] = {}
    for host in fleet.with_role(Role.DIRECTORY):
        slot = int.from_bytes(hashlib.sha256(f"directory/{host.id}".encode()).digest()[:8], "big") % SERVER_IDS
        while slot in taken:
            slot = (slot + 1) % SERVER_IDS
        taken[slot] = host.id
    return {host: slot + 1 for slot, host in taken.items()}


def home_folder(tenant: Tenant, user: User) -> str:
    """Where a person is at home: below the name of the tenant's shard."""
    return f"/home/{tenant.home}/{user.name}"


def directory_host(declaration: Declaration) -> Data:
    """The pillar `directory:` of each directory host, without the hashes of passwords."""
    fleet = declaration.fleet
    numbers = server_ids(fleet)
    return {
        "suffix": suffix(fleet),
        "port": LDAPS,
        "password_port": LDAPS_PASSWORDS,
        "shard": deciding_shard(fleet),
        "servers": [
            {"id": other.id, "island": other.island, "name": fleet.fqdn(other), "number": numbers[other.id]}
            for other in fleet.with_role(Role.DIRECTORY)
        ],
        "people": [
            _person(tenant, user)
            for tenant in declaration.tenants
            for user in sorted(tenant.users.values(), key=lambda user: user.name)
        ],
        "groups": [group for tenant in declaration.tenants for group in _groups(tenant)],
    }


def _person(tenant: Tenant, user: User) -> Data:
    return {
        "name": user.name,
        "tenant": tenant.name,
        "uid": user.uid,
        "full_name": user.full_name,
        "email": user.email,
        "home": home_folder(tenant, user),
        "ssh_keys": list(user.ssh_keys),
    }


def _groups(tenant: Tenant) -> list[Data]:
    members: dict[str, list[str]] = {}
    for user in tenant.users.values():
        for group in user.groups:
            members.setdefault(group, []).append(user.name)
    return [
        {"name": name, "tenant": tenant.name, "gid": derived_gid(name), "members": sorted(members[name])}
        for name in sorted(members)
    ]
