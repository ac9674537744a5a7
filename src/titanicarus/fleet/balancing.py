"""What a load balancer is told: its island's web servers and addresses, every site, and the other islands."""

from __future__ import annotations

import hashlib
from typing import Any

from .load import Declaration
from .model import Fleet, Host, Policy, Site, Tenant
from .ports import KEEPER, LAN, SPILL, SPILL_PUBLIC, WAN, WEB_SERVER
from .roles import Role
from .sftp import sftp_balancer
from .shards import shards

Data = dict[str, Any]

_VRRP_FIRST, _VRRP_COUNT = 51, 200  # 1 to 50 stay free for what an island's router may already run
_PRIORITY_FIRST, _PRIORITY_STEP = 150, 10


def load_balancer(declaration: Declaration, host: Host) -> Data:
    """The pillar `lb:` of a host, without certificates."""
    fleet = declaration.fleet
    servers = fleet.with_role(Role.WEB, host.island)
    return {
        "vrrp": _vrrp(fleet, host),
        "web_servers": [{"name": server.name, "address": str(server.lan), "port": WEB_SERVER} for server in servers],
        "spill": _spill(fleet, host),
        "health": _health(declaration.policy),
        "sql": _sql(fleet, host),
        "sftp": sftp_balancer(fleet, host),
        "sites": [
            {
                "name": site.name,
                "aliases": list(site.aliases),
                "https": site.https,
                "island": serving_island(fleet, tenant, site, host.island),
            }
            for tenant, site in declaration.sites
        ],
    }


def serving_island(fleet: Fleet, tenant: Tenant, site: Site, asked: str) -> str:
    """Which island serves a site to a client whose request came to island `asked`.

    The tenant's home, so that uploads and sessions are in one place; `asked` itself for a site that is everywhere.
    A home without web servers serves nothing, so then each island serves the site itself.
    """
    if site.everywhere or not fleet.with_role(Role.WEB, tenant.home):
        return asked
    return tenant.home


def _spill(fleet: Fleet, host: Host) -> Data:
    """Where requests for other islands' sites go, and who may send such requests here (by certificate name)."""
    balancers = [other for other in fleet.with_role(Role.LB) if other.island != host.island]
    islands = [fleet.islands[name] for name in dict.fromkeys(other.island for other in balancers)]
    return {
        "port": SPILL,
        "public_port": SPILL_PUBLIC,
        "balancers": [other.id for other in balancers],
        "islands": [
            {
                "name": island.name,
                "vpn": str(island.lan.vip),
                "public": str(island.wan.vip),
                "certificate": f"{island.name}.{fleet.domain}",
            }
            for island in islands
        ],
    }


def _sql(fleet: Fleet, host: Host) -> Data:
    """Where each shard's databases can be, and whom to ask where they are; without database hosts there is none."""
    return {
        "address": str(fleet.islands[host.island].lan.vip),
        "shards": [
            {
                "name": shard.name,
                "port": shard.client_port,
                "hosts": [
                    {"id": other.id, "island": other.island, "address": str(other.lan), "port": shard.server_port}
                    for other in shard.hosts
                ],
            }
            for shard in shards(fleet)
        ],
        "keepers": [
            {"id": other.id, "island": other.island, "address": str(other.lan), "port": KEEPER}
            for other in fleet.with_role(Role.DB)
        ],
    }


def _health(policy: Policy) -> Data:
    """What the keeper goes by when it judges whether users should come to this island; in seconds."""
    return {
        "isolation": policy.isolation_seconds,
        "reentry": policy.reentry_seconds,
        "hold_down": policy.hold_down_seconds,
    }


def vrrp_ids(fleet: Fleet) -> dict[str, int]:
    """The VRRP router id of each island's service addresses, by island.

    Derived from the island's name, so that a new island leaves the ids of the others alone; the rare collision goes
    to the next free number.
    """
    return _router_ids(fleet, "vrrp")


def gateway_ids(fleet: Fleet) -> dict[str, int]:
    """The VRRP router id of each island's gateway addresses, by island: never one of its service addresses."""
    services = vrrp_ids(fleet)
    wanted = _router_ids(fleet, "vrrp-gateway")
    return {
        name: number if number != services[name] else _VRRP_FIRST + (number - _VRRP_FIRST + 1) % _VRRP_COUNT
        for name, number in wanted.items()
    }


def _router_ids(fleet: Fleet, purpose: str) -> dict[str, int]:
    taken: dict[int, str] = {}
    for name in sorted(fleet.islands):
        number = int.from_bytes(hashlib.sha256(f"{purpose}/{name}".encode()).digest()[:8], "big")
        slot = number % _VRRP_COUNT
        while slot in taken:
            slot = (slot + 1) % _VRRP_COUNT
        taken[slot] = name
    return {name: _VRRP_FIRST + slot for slot, name in taken.items()}


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
