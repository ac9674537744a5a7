"""What a WordPress site needs to know beside its database, without its secrets."""

from __future__ import annotations

from .load import Declaration
from .model import App, Site


def wordpress_sites(declaration: Declaration) -> dict[str, dict[str, str]]:
    """For each WordPress site its address, and name and e-mail address of who signs in first.

    No person's address: a web server is told nothing of the tenants' people.
    """
    return {
        site.name: {"url": site_url(site), "admin": tenant.name, "email": f"webmaster@{site.name}"}
        for tenant, site in declaration.sites
        if site.app is App.WORDPRESS
    }


def site_url(site: Site) -> str:
    """Where people find the site."""
    return f"{'https' if site.https else 'http'}://{site.name}"
