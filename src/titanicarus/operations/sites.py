"""What an operator is told of a tenant's site."""

from __future__ import annotations

from dataclasses import dataclass, field

from titanicarus.control import secrets
from titanicarus.control.pillars import wordpress_password
from titanicarus.fleet import Declaration
from titanicarus.fleet.model import App
from titanicarus.fleet.problems import did_you_mean
from titanicarus.fleet.wordpress import wordpress_sites
from titanicarus.lab import Lab
from titanicarus.operations.errors import OperationFailed


@dataclass(frozen=True, slots=True)
class FirstLogin:
    """How a WordPress site's first user signs in, until somebody changes the password there."""

    url: str
    user: str
    password: str = field(repr=False)


def first_login(lab: Lab, declaration: Declaration, site: str) -> FirstLogin:
    """Raises OperationFailed when the site is no WordPress site."""
    for tenant, one in declaration.sites:
        if one.name == site and one.app is App.WORDPRESS:
            home = secrets.load(declaration.fleet, lab.secrets).islands[tenant.home]
            facts = wordpress_sites(declaration)[site]
            return FirstLogin(f"{facts['url']}/wp-login.php", facts["admin"], wordpress_password(home, site))
    known = [one.name for _, one in declaration.sites if one.app is App.WORDPRESS]
    hint = did_you_mean(site, known) or f"; there is {', '.join(known) or 'none'}"
    raise OperationFailed(f'"{site}" is no WordPress site of a tenant{hint}')
