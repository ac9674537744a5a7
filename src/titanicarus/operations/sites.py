"""What an operator is told of a tenant's site."""

from __future__ import annotations

from dataclasses import dataclass, field

from titanicarus.control import secrets
from titanicarus.control.pillars import wordpress_password
from titanicarus.fleet import Declaration
from titanicarus.fleet.model import App, Site, Tenant
from titanicarus.fleet.problems import did_you_mean
from titanicarus.fleet.sftp import SFTP, sftp_servers
from titanicarus.fleet.uploads import takes_uploads
from titanicarus.fleet.wordpress import wordpress_sites
from titanicarus.lab import Lab
from titanicarus.operations.errors import OperationFailed


@dataclass(frozen=True, slots=True)
class SiteLogin:
    """How somebody gets in. `url`, `user` and `password` are of a WordPress site's first user, until the password is
    changed there; `sftp` is the command by which the tenant's people reach what is uploaded. None for what is not."""

    sftp: str | None = None
    url: str | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def site_login(lab: Lab, declaration: Declaration, site: str) -> SiteLogin:
    """Raises OperationFailed when nobody signs in to the site."""
    for tenant, one in declaration.sites:
        if one.name != site:
            continue
        sftp = _sftp(declaration, tenant, one)
        if one.app is App.WORDPRESS:
            home = secrets.load(declaration.fleet, lab.secrets).islands[tenant.home]
            facts = wordpress_sites(declaration)[site]
            return SiteLogin(sftp, f"{facts['url']}/wp-login.php", facts["admin"], wordpress_password(home, site))
        if sftp is not None:
            return SiteLogin(sftp)
        raise OperationFailed(
            f'"{site}" is changed by `saguire push` and `saguire apply`, without a login: its files are in '
            f"salt/content/{site}. For files that come by SFTP say `uploads: true` in "
            f"{declaration.tenant_file(tenant.name)}"
        )
    known = [one.name for _, one in declaration.sites]
    hint = did_you_mean(site, known) or f"; the sites are {', '.join(known) or 'none'}"
    raise OperationFailed(f'"{site}" is no site of a tenant{hint}')


def _sftp(declaration: Declaration, tenant: Tenant, site: Site) -> str | None:
    fleet = declaration.fleet
    if not takes_uploads(fleet, tenant, site) or not sftp_servers(fleet, tenant.home):
        return None
    return f"sftp -P {SFTP} {site.unix_user}@{tenant.home}.{fleet.domain}"
