"""What each host is told: exactly what its roles need, and nothing else."""

from __future__ import annotations

import hashlib
from typing import Any

from .load import Declaration
from .model import Fleet, Host
from .ports import LAN, SESSION_STORE, WAN, WEB_SERVER, ports_for
from .roles import BUILT, Role

Data = dict[str, Any]

_VRRP_FIRST, _VRRP_COUNT = 51, 200  # 1 to 50 stay free for what an island's router may already run
_PRIORITY_FIRST, _PRIORITY_STEP = 150, 10


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
        "names": host_names(fleet),
        "ports": [port._asdict() | {"sources": list(port.sources)} for port in ports_for(fleet, host)],
        "salt": {"masters": masters(fleet, host.island)},
    }
    if host.has(Role.CONTROL):
        pillar["salt"]["minions"] = [other.id for other in fleet.hosts]
    if host.has(Role.LB):
        pillar["lb"] = _load_balancer(declaration, host)
    if host.has(Role.WEB):
        pillar["web"] = _web_server(declaration, host)
    return pillar


def leading_masters(fleet: Fleet) -> tuple[Host, ...]:
    """The first control host of each island: the masters that every minion of the fleet listens to."""
    return tuple(fleet.with_role(Role.CONTROL, island)[0] for island in fleet.islands)


def masters(fleet: Fleet, island: str) -> list[str]:
    """The LAN addresses of a minion's masters: those of its own island, then the leading one of each other island.

    Not every master of the fleet: each costs an idle minion as much again (docs/adr/0011-master-list.md).
    """
    own = fleet.with_role(Role.CONTROL, island)
    away = [host for host in leading_masters(fleet) if host.island != island]
    return [str(host.lan) for host in (*own, *away)]


def host_names(fleet: Fleet) -> list[Data]:
    """What /etc/hosts says: every host, then each island's shared addresses."""
    entries = [{"address": str(host.lan), "names": [fleet.fqdn(host), host.id]} for host in fleet.hosts]
    for island in fleet.islands.values():
        entries.append({"address": str(island.lan.vip), "names": [f"vip.{island.name}.{fleet.domain}"]})
        entries.append({"address": str(island.wan.vip), "names": [f"{island.name}.{fleet.domain}"]})
    return entries


def vrrp_ids(fleet: Fleet) -> dict[str, int]:
    """The VRRP router id of each island's service addresses, by island.

    Derived from the island's name, so that a new island leaves the ids of the others alone; the rare collision goes
    to the next free number.
    """
    taken: dict[int, str] = {}
    for name in sorted(fleet.islands):
        number = int.from_bytes(hashlib.sha256(f"vrrp/{name}".encode()).digest()[:8], "big")
        slot = number % _VRRP_COUNT
        while slot in taken:
            slot = (slot + 1) % _VRRP_COUNT
        taken[slot] = name
    return {name: _VRRP_FIRST + slot for slot, name in taken.items()}


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


def _load_balancer(declaration: Declaration, host: Host) -> Data:
    fleet = declaration.fleet
    servers = fleet.with_role(Role.WEB, host.island)
    return {
        "vrrp": _vrrp(fleet, host),
        "web_servers": [{"name": server.name, "address": str(server.lan), "port": WEB_SERVER} for server in servers],
        "sites": [
            {"name": site.name, "aliases": list(site.aliases), "https": site.https} for _, site in declaration.sites
        ],
    }


def _vrrp(fleet: Fleet, host: Host) -> Data:
    """The first load balancer by name has the highest priority; a tie would be settled by address, but never is one."""
    island = fleet.islands[host.island]
    balancers = fleet.with_role(Role.LB, host.island)
    return {
        "router_id": vrrp_ids(fleet)[host.island],
        "interface": LAN,
        "address": str(host.lan),
        "peers": [str(other.lan) for other in balancers if other != host],
        "priority": max(_PRIORITY_FIRST - _PRIORITY_STEP * balancers.index(host), 1),
        "vips": [
            {"address": f"{island.wan.vip}/{island.wan.network.prefixlen}", "interface": WAN},
            {"address": f"{island.lan.vip}/{island.lan.network.prefixlen}", "interface": LAN},
        ],
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
        "sites": [
            {
                "name": site.name,
                "tenant": tenant.name,
                "aliases": list(site.aliases),
                "user": site.unix_user,
                "uid": site.uid,
                "php": site.php,
                "root": site.root,
                "redirects": [{"path": path, "target": site.redirects[path]} for path in sorted(site.redirects)],
                "contents": declaration.contents[site.name],
            }
            for tenant, site in declaration.sites
        ],
    }
