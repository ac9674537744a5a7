"""Sites whose files, or some of them, are uploaded: they lie on the shard's mirrored files, below a tenant's folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from titanicarus.sftp.folder import FILES
from titanicarus.volumes.facts import MOUNTS

from .load import Declaration
from .model import App, Fleet, Host, Site, Tenant
from .volumes import volume_of

Data = dict[str, Any]


def takes_uploads(fleet: Fleet, tenant: Tenant, site: Site) -> bool:
    """Whether the site has a folder on the mirrored files of its home: it is uploaded, or WordPress keeps media there.

    A home without filers has none, and then WordPress takes no uploads.
    """
    return (site.uploads or site.app is App.WORDPRESS) and volume_of(fleet, tenant.home) is not None


def shown_folder(tenant: Tenant, site: Site) -> str:
    """What SFTP shows of a site, relative to the volume of its home.

    Below the tenant's name: a site that comes back under another tenant does not find the files of the one before.
    """
    return f"tenants/{tenant.name}/sites/{site.name}"


def uploads(declaration: Declaration, tenant: Tenant, site: Site, island: str) -> Data | None:
    """A site's `uploads` in the pillar `web:`, None for one that has none. `here`: the island has the files."""
    if not takes_uploads(declaration.fleet, tenant, site):
        return None
    folder = f"{MOUNTS}/{tenant.home}/{shown_folder(tenant, site)}/{FILES}"
    return {"folder": folder, "here": tenant.home == island}


def upload_folders(declaration: Declaration, host: Host) -> list[Data]:
    """What a web server makes on its island's volume, once that is mounted. `index`: where a placeholder page goes in a
    new folder, "" for none."""
    return [
        {
            "shown": shown_folder(tenant, site),
            "uid": site.uid,
            "index": "" if site.app else f"{'' if site.root == '.' else f'{site.root}/'}index.html",
            "site": site.name,
        }
        for tenant, site in _at_home(declaration, host)
    ]


def upload_logins(declaration: Declaration, host: Host) -> list[Data]:
    """Who may sign in by SFTP as a site's Unix user: the tenant's people, by their keys without comments."""
    return [
        {
            "user": site.unix_user,
            "folder": f"{MOUNTS}/{host.island}/{shown_folder(tenant, site)}",
            "keys": sorted({" ".join(key.split()[:2]) for user in tenant.users.values() for key in user.ssh_keys}),
        }
        for tenant, site in _at_home(declaration, host)
    ]


def _at_home(declaration: Declaration, host: Host) -> Iterator[tuple[Tenant, Site]]:
    for tenant, site in declaration.sites:
        if tenant.home == host.island and takes_uploads(declaration.fleet, tenant, site):
            yield tenant, site
