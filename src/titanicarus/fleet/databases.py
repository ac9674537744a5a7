"""What hosts are told of databases: instances and tenants for db hosts, the way there for sites, leases at birth."""

from __future__ import annotations

from typing import Any

from titanicarus.lease.record import table_name

from .directory import password_ports
from .load import Declaration
from .model import Fleet, Host, Tenant
from .ports import KEEPER
from .roles import Role
from .shards import Shard, carried, shards, sql_name

Data = dict[str, Any]


def database_host(declaration: Declaration, host: Host) -> Data:
    """The pillar `db:` of a host, without what its tenants' users sign in with. Tenants: those of shards it carries."""
    fleet = declaration.fleet
    mine = carried(fleet, host)
    names = {shard.name for shard in mine}
    return {
        "host": host.id,
        "island": host.island,
        "buffer_mib": declaration.policy.database_buffer_mib,
        "shards": [_instance(shard, password_ports(fleet, host, shard)) for shard in mine],
        "tenants": [_tenant(tenant) for tenant in declaration.tenants if tenant.databases and tenant.home in names],
    }


def _instance(shard: Shard, further_ports: list[int]) -> Data:
    return {
        "name": shard.name,
        "home_island": shard.home.island,
        "home": shard.home.id,
        "server_port": shard.server_port,
        "replication_port": shard.replication_port,
        "further_ports": further_ports,
        "hosts": [{"id": host.id, "island": host.island, "address": str(host.lan)} for host in shard.hosts],
    }


def _tenant(tenant: Tenant) -> Data:
    databases = sorted(tenant.databases.values(), key=lambda database: database.name)
    users = {user.name: database.name for database in databases for user in database.users}
    return {
        "tenant": tenant.name,
        "shard": tenant.home,
        "databases": [{"name": database.name, "quota_mib": database.quota_mib} for database in databases],
        "users": [{"name": user, "databases": [users[user]]} for user in sorted(users)],
    }


def site_databases(declaration: Declaration) -> dict[str, Data]:
    """For each site that names a database, how its program gets there; without the password."""
    fleet = declaration.fleet
    ports = {shard.name: shard.client_port for shard in shards(fleet)}
    found = {}
    for tenant, site in declaration.sites:
        if site.database is not None:
            found[site.name] = {
                "host": sql_name(fleet),
                "port": ports[tenant.home],
                "name": site.database,
                "user": tenant.databases[site.database].first_user.name,
            }
    return found


READERS = frozenset({Role.DB, Role.LB, Role.CONTROL})
"""Roles whose hosts may ask a keeper what it knows."""


def keeper(declaration: Declaration, host: Host) -> Data:
    """The pillar `keeper:` of database hosts: where it answers and whom, and the times of the policy.

    `readers` may ask who is open; `timing` is in seconds, `max_lag` in commits.
    """
    fleet, policy = declaration.fleet, declaration.policy
    return {
        "host": host.id,
        "island": host.island,
        "port": KEEPER,
        "table": table_name(fleet.domain),
        "readers": sorted(other.id for other in fleet.hosts if READERS & set(other.roles)),
        "timing": {
            "renew": policy.lease_renew_seconds,
            "lease": policy.lease_seconds,
            "max_lag": policy.lease_max_lag,
        },
    }


def leases(fleet: Fleet) -> Data:
    """The pillar `leases:` of control hosts: the table, and each item as it is born."""
    return {
        "table": table_name(fleet.domain),
        "items": [
            {"item": shard.item, "owner": shard.home.id, "eligible": list(shard.eligible)} for shard in shards(fleet)
        ],
    }
