"""Tenants' sites on this web server. The work is in `titanicarus.sites`."""

from __future__ import annotations

from typing import Any


def listing() -> dict[str, dict[str, Any]]:
    """The sites that the pillar gives to this host: user, uid, whether PHP, how many files.

    CLI Example:

    .. code-block:: bash

        salt '*-web*' web_sites.listing
    """
    from titanicarus.sites.model import sites_from

    return {
        site.name: {"user": site.user, "uid": site.uid, "php": site.php, "files": len(site.contents)}
        for site in sites_from(__pillar__.get("web", {}).get("sites", ()))
    }


def content(site: str, path: str, sha256: str, source: str = "salt://content", saltenv: str = "base") -> bytes:
    """One file of a site from the file server, checked against the pillar's manifest.

    Raises ValueError when the file server does not have exactly that file: a manifest and files of two different
    releases must not be mixed.

    CLI Example:

    .. code-block:: bash

        salt-call web_sites.content harbour.example index.html <sha256>
    """
    import hashlib
    from pathlib import Path

    cached = __salt__["cp.cache_file"](f"{source}/{site}/{path}", saltenv=saltenv)
    if not cached:
        raise ValueError(f"the file server has no {source}/{site}/{path}")
    data = Path(cached).read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ValueError(f"{source}/{site}/{path} is not the file that the pillar names; was a release just activated?")
    return data
