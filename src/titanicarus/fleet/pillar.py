"""What each host is told: exactly what its roles need, and nothing else."""

from __future__ import annotations

from typing import Any

from .backups import backup
from .balancing import load_balancer
from .databases import database_host, keeper, leases, site_databases
from .directory import directory_host
from .gateway import gateway
from .healing import guard, healing, master_hosts
from .load import Declaration
from .model import Fleet, Host
from .people import people
from .ports import SESSION_STORE, ports_for
from .public_names import public_names
from .roles import BUILT, Role
from .sftp import sftp
from .shards import sql_address, sql_name
from .ssh import ssh
from .uploads import upload_folders, uploads
from .volumes import files
from .wordpress import wordpress_sites

Data = dict[str, Any]


def pillar_for(declaration: Declaration, host_id: str) -> Data:
    """The pillar of one host as JSON-able data, without secrets (the control plane adds those).

    Roles come from the host's id by way of the declaration, never from what a minion says of itself.
    Raises UnknownHost, and UnfitContent or OSError when sites' files changed under us.
    """
    fleet = declaration.fleet
    host = fleet.host(host_id)
    pillar: Data = {
        "host": _host(fleet, host),
        "roles": ["base", *(str(role) for role in host.roles if role in BUILT)],
        "names": host_names(fleet, host.island),
        "ports": [port.to_data() for port in ports_for(fleet, host)],
        "salt": {"masters": masters(fleet, host.island)},
        "healing": healing(fleet, host),
        "ssh": ssh(fleet, host, declaration.policy.operators),
    }
    if known := people(declaration, host):
        pillar["people"] = known
    if host.has(Role.CONTROL):
        pillar["salt"]["minions"] = [other.id for other in fleet.hosts]
        pillar["gslb"] = public_names(declaration)
        pillar["leases"] = leases(fleet)
        pillar["guard"] = guard(declaration)
    if host.has(Role.LB):
        pillar["lb"] = load_balancer(declaration, host)
    if way_out := gateway(fleet, host):
        pillar["gateway"] = way_out
    if host.has(Role.WEB):
        pillar["web"] = _web_server(declaration, host)
    if shared := files(fleet, host):
        pillar["files"] = shared | {"folders": upload_folders(declaration, host) if host.has(Role.WEB) else []}
    if by_sftp := sftp(declaration, host):
        pillar["sftp"] = by_sftp
    if host.has(Role.DB):
        pillar["db"] = database_host(declaration, host)
        pillar["keeper"] = keeper(declaration, host)
        pillar["backup"] = backup(declaration, host)
    if host.has(Role.DIRECTORY):
        pillar["directory"] = directory_host(declaration)
    return pillar


def masters(fleet: Fleet, island: str) -> list[str]:
    """The LAN addresses of a minion's masters, in the order in which it signs in."""
    return [str(host.lan) for host in master_hosts(fleet, island)]


def host_names(fleet: Fleet, island: str) -> list[Data]:
    """What /etc/hosts says on the hosts of an island: every host, then each island's shared addresses.

    One of these is also how applications reach the databases.
    """
    databases = sql_address(fleet, island)
    entries = [{"address": str(host.lan), "names": [fleet.fqdn(host), host.id]} for host in fleet.hosts]
    for other in fleet.islands.values():
        shared = [f"vip.{other.name}.{fleet.domain}"]
        if other.lan.vip == databases:
            shared.append(sql_name(fleet))
        entries.append({"address": str(other.lan.vip), "names": shared})
        entries.append({"address": str(other.wan.vip), "names": [f"{other.name}.{fleet.domain}"]})
    return entries


def _host(fleet: Fleet, host: Host) -> Data:
    return {
        "id": host.id,
        "name": host.name,
        "island": host.island,
        "domain": fleet.domain,
        "fqdn": fleet.fqdn(host),
        "lan": str(host.lan),
        "wan": None if host.wan is None else str(host.wan),
    }


def _web_server(declaration: Declaration, host: Host) -> Data:
    fleet = declaration.fleet
    servers = fleet.with_role(Role.WEB, host.island)
    return {
        "load_balancers": [str(balancer.lan) for balancer in fleet.with_role(Role.LB, host.island)],
        "session_stores": [
            {"name": server.name, "address": str(server.lan), "port": SESSION_STORE} for server in servers
        ],
        "session_minutes": declaration.policy.session_minutes,
        "databases": site_databases(declaration),
        "wordpress": wordpress_sites(declaration),
        "sites": [
            {
                "name": site.name,
                "tenant": tenant.name,
                "aliases": list(site.aliases),
                "user": site.unix_user,
                "uid": site.uid,
                "php": site.php,
                "app": site.app,
                "root": site.root,
                "redirects": [{"path": path, "target": site.redirects[path]} for path in sorted(site.redirects)],
                "contents": declaration.contents[site.name],
                "uploads": uploads(declaration, tenant, site, host.island),
            }
            for tenant, site in declaration.sites
        ],
    }
