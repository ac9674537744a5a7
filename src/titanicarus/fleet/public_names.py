"""What the world is told: which names there are, in which zones, and which islands answer for them."""

from __future__ import annotations

from typing import Any

from .load import Declaration
from .model import Fleet, Island
from .roles import Role

Data = dict[str, Any]

WEB = "web"
HEALTH_PORT = 80


def public_names(declaration: Declaration) -> Data:
    """The pillar `gslb:` of control hosts: plain data, the same on each of them.

    `islands` are those that offer the service `web`, by name; `zones` has the names in each zone. Besides the tenants'
    zones there is the fleet's own, with a name for each island.
    """
    fleet, policy = declaration.fleet, declaration.policy
    islands = [island for island in fleet.islands.values() if offers_web(fleet, island.name)]
    zones = {zone: sorted(names) for tenant in declaration.tenants for zone, names in tenant.zones.items()}
    return {
        "fleet": fleet.name,
        "domain": fleet.domain,
        "ttl": policy.dns_ttl,
        "check": {
            "service": WEB,
            "path": f"/healthz/{WEB}",
            "port": HEALTH_PORT,
            "interval": policy.health_check_interval,
            "threshold": policy.health_check_threshold,
        },
        "islands": {island.name: _island(island) for island in islands},
        "zones": dict(sorted(zones.items())),
    }


def offers_web(fleet: Fleet, island: str) -> bool:
    """Whether users may be sent to the island: it has somebody who answers and somebody who serves."""
    return bool(fleet.with_role(Role.LB, island)) and bool(fleet.with_role(Role.WEB, island))


def _island(island: Island) -> Data:
    return {"address": str(island.wan.vip), "weight": island.weight}
