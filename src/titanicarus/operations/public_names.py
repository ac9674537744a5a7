"""Which public address each name has: what DNS tells the world, and in the lab, until then, the client's /etc/hosts."""

from __future__ import annotations

from titanicarus.fleet import Declaration


def public_names(declaration: Declaration) -> dict[str, str]:
    """Name -> address: every site and alias at its home island's public VIP, and `<island>.<domain>` at each VIP."""
    fleet = declaration.fleet
    names = {f"{island.name}.{fleet.domain}": str(island.wan.vip) for island in fleet.islands.values()}
    for tenant in declaration.tenants:
        vip = str(fleet.islands[tenant.home].wan.vip)
        for site in tenant.sites.values():
            names |= dict.fromkeys((site.name, *site.aliases), vip)
    return names
