"""What must be true of all tenants' databases together, and of the sites that use them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from .document import Document
from .problems import Path, did_you_mean, listed
from .reading import Draft
from .tenant_checks import Claims, FleetFacts, TenantDraft


def check_databases(tenants: Sequence[TenantDraft], fleet: FleetFacts) -> None:
    """Note every cross problem of databases in the tenants' documents."""
    databases = Claims("the database")
    users = Claims("the database user")
    for tenant in tenants:
        document = tenant.document
        declared: Draft = tenant.draft.get("databases", {})
        if declared and fleet.databases is False:
            document.problem(
                ("databases",),
                "no host of the fleet has the role db; give it to two hosts of an island, or remove this",
            )
        for name, database in declared.items():
            path: Path = ("databases", name)
            databases.claim(document, path, name, "a database's name is used once in the whole fleet")
            named: list[tuple[Path, str]] = [((*path, "users", user), user) for user in database.get("users", {})]
            for place, user in named or [(path, name)]:
                users.claim(document, place, user, "a database user belongs to one database")
    for tenant in tenants:
        _check_sites(tenant, databases)


def _check_sites(tenant: TenantDraft, databases: Claims) -> None:
    document = tenant.document
    installed: dict[str, str] = {}
    for path, name, site in tenant.sites():
        app, database = site.get("app"), site.get("database")
        if app is not None:
            _check_app(document, path, site)
        if database is None:
            continue
        if _check_known(tenant, (*path, "database"), database, databases) and app is not None:
            other = installed.setdefault(database, name)
            if other != name:
                message = f"{app} at {other} has this database already; give one of the two sites another"
                document.problem((*path, "database"), message)
        if app is None and site.get("php") is False:
            document.problem(
                (*path, "database"), "the site runs no program that could use it; write `php: true`, or leave this out"
            )


def _check_app(document: Document, path: Path, site: Draft) -> None:
    if site.get("database") is None and not document.broken((*path, "database")):
        document.problem((*path, "app"), "keeps its contents in a database: add `database:` with one of the tenant's")
    if site.get("root") not in (None, "."):
        document.problem((*path, "root"), "leave it out: the application brings the folder that is served")


def _check_known(tenant: TenantDraft, path: Path, name: str, databases: Claims) -> bool:
    """Whether the tenant has a database of this name; if not, what is said depends on whether somebody else has."""
    own = tenant.document.data.get("databases")
    known = list(own) if isinstance(own, dict) else []
    if name in known:
        return True
    owner = databases.owners.get(name)
    if owner is not None:
        whose = PurePosixPath(owner[0].file).stem
        tenant.document.problem(path, f"belongs to the tenant {whose}; a site uses databases of its own tenant")
    elif known:
        hint = did_you_mean(name, known)
        tenant.document.problem(path, f"is not a database of this tenant; there is {listed(known)}{hint}")
    else:
        tenant.document.problem(path, f"is not a database of this tenant; declare it: `databases: {{{name}: {{}}}}`")
    return False
