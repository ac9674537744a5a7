"""What the probe asks for by default."""

from __future__ import annotations

from collections.abc import Sequence

from titanicarus.fleet import Declaration
from titanicarus.lab import Target
from titanicarus.operations.errors import OperationFailed


def probe_targets(declaration: Declaration, sites: Sequence[str] = (), island: str | None = None) -> list[Target]:
    """One target for each of `sites` (default: the first site of every tenant), by HTTPS where the site has it.

    With `island` the requests go to that island's public VIP instead of to where the site's name leads.
    Raises OperationFailed for an unknown site or island.
    """
    known = {site.name: site for tenant in declaration.tenants for site in tenant.sites.values()}
    wanted = list(sites) or [next(iter(tenant.sites)) for tenant in declaration.tenants if tenant.sites]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise OperationFailed(f"no site is called {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    if island is not None and island not in declaration.fleet.islands:
        raise OperationFailed(f"there is no island {island}; there are {', '.join(declaration.fleet.islands)}")
    via = f"{island}.{declaration.fleet.domain}" if island else None
    return [Target(name=name, url=f"{'https' if known[name].https else 'http'}://{name}/", via=via) for name in wanted]
