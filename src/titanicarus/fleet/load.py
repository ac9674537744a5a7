"""From files to a declaration: read everything, judge everything, and only then build the model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from . import content
from .database_checks import check_databases
from .document import Document, read_document
from .fleet_checks import check_fleet
from .identity_checks import check_identities, check_operators
from .model import Database, DatabaseUser, Fleet, Host, Island, Lan, Policy, Site, Tenant, User, Wan
from .policy_checks import check_lease_times, check_notify
from .problems import InvalidInput, Notice, Problem, listed, shown
from .problems import Path as ProblemPath
from .reading import Draft, read_draft
from .roles import BUILT, Role
from .shape import PolicyShape, SaguirefileShape, TenantShape
from .tenant_checks import FleetFacts, TenantDraft, check_tenants

SAGUIREFILE = "Saguirefile"


@dataclass(frozen=True)
class Declaration:
    """Everything that was declared, checked. `root` is the repository's top, `fleet_file` the Saguirefile."""

    fleet: Fleet
    tenants: tuple[Tenant, ...]
    policy: Policy
    notices: tuple[Notice, ...] = ()
    tenants_folder: str = "pillar/tenants"
    root: Path = field(default=Path(), compare=False)
    fleet_file: Path = field(default=Path(SAGUIREFILE), compare=False)

    @cached_property
    def sites(self) -> tuple[tuple[Tenant, Site], ...]:
        """Every site with its tenant, sorted by the site's name."""
        pairs = ((tenant, site) for tenant in self.tenants for site in tenant.sites.values())
        return tuple(sorted(pairs, key=lambda pair: pair[1].name))

    def tenant_file(self, tenant: str) -> str:
        """The name of a tenant's file, as problems call it."""
        return f"{self.tenants_folder}/{tenant}.yaml"

    @cached_property
    def contents(self) -> dict[str, dict[str, str]]:
        """The content manifest of every site, by its name; read once, when it is first asked for."""
        return {site.name: content.content_manifest(self.root, site.name) for _, site in self.sites}


def load(root: Path, fleet_file: Path | None = None) -> Declaration:
    """Read and check a Saguirefile (default: `root`/Saguirefile), its policy, its tenants and their sites' files.

    `root` is the top of the repository; the Saguirefile's `tenants:` and `policy:` are relative to it.
    Raises InvalidInput with every problem of every file.
    """
    path = root / SAGUIREFILE if fleet_file is None else fleet_file
    saguirefile = read_document(path, _name(root, path))
    draft = read_draft(saguirefile, SaguirefileShape)
    check_fleet(saguirefile, draft)
    documents = [saguirefile]
    policy: Draft = {}
    tenants: list[TenantDraft] = []
    strays: list[Problem] = []
    policy_document: Document | None = None
    if "policy" in draft:
        policy_document = read_document(root / draft["policy"], draft["policy"])
        policy = read_draft(policy_document, PolicyShape)
        check_lease_times(policy_document, policy)
        check_notify(policy_document, policy)
        documents.append(policy_document)
    if "tenants" in draft:
        files, strays = _tenant_files(root, draft["tenants"], saguirefile)
        tenants = [TenantDraft(file, read_draft(file, TenantShape)) for file in files]
        facts = _facts(saguirefile, draft)
        check_tenants(tenants, facts)
        check_identities(tenants)
        check_databases(tenants, facts)
        if policy_document is not None:
            check_operators(policy_document, policy, tenants)
        documents += files
    notices = [
        *_role_notices(saguirefile, draft),
        *_login_notices(saguirefile, draft, tenants),
        *_check_contents(root, tenants),
    ]
    problems = strays + [problem for document in documents for problem in document.problems]
    if problems:
        raise InvalidInput(problems)
    choices = Policy(**policy)
    return Declaration(
        fleet=_fleet(draft),
        tenants=tuple(sorted((_tenant(tenant.draft, choices) for tenant in tenants), key=lambda tenant: tenant.name)),
        policy=choices,
        notices=tuple(sorted(notices)),
        tenants_folder=draft["tenants"],
        root=root,
        fleet_file=path,
    )


def _name(root: Path, path: Path) -> str:
    """A file as the operator knows it: relative to the repository where it is inside."""
    try:
        return str(path.resolve().relative_to(root.resolve()))
    except (ValueError, OSError):
        return str(path)


def _tenant_files(root: Path, folder: str, saguirefile: Document) -> tuple[list[Document], list[Problem]]:
    """Every tenant's file, and what else lies in the folder and looks as if it was meant to be one."""
    top = root / folder
    if not top.is_dir():
        saguirefile.problem(
            ("tenants",), f"there is no folder {folder} in the repository; make it, also for no tenants", found=folder
        )
        return [], []
    documents, strays = [], []
    try:
        found = sorted(top.iterdir())
    except OSError as error:
        saguirefile.problem(("tenants",), f"the folder {folder} cannot be read: {error.strerror}", found=folder)
        return [], []
    for path in found:
        name = f"{folder}/{path.name}"
        if path.name.startswith(".") or path.name.endswith("~"):
            continue
        if path.suffix == ".yaml":
            documents.append(read_document(path, name))
        elif path.suffix in (".yml", ".json", ".sls"):
            strays.append(Problem(name, None, "", f"is not read; call it {path.stem}.yaml"))
        elif path.is_dir():
            strays.append(Problem(name, None, "", "is a folder; tenants are files that lie side by side"))
    return documents, strays


def _facts(saguirefile: Document, draft: Draft) -> FleetFacts:
    islands = tuple(draft["islands"]) if draft.get("islands") else None
    if islands is not None:
        islands = tuple(saguirefile.data["islands"])  # one whose entry was refused exists all the same
    return FleetFacts(
        islands=islands,
        domain=draft.get("domain"),
        databases=_has_databases(saguirefile, draft),
        filers=_with_filers(saguirefile, draft),
    )


def _with_filers(saguirefile: Document, draft: Draft) -> frozenset[str] | None:
    """The islands that have mirrored files; None when a part that was refused may hide some."""
    if saguirefile.broken(("islands",)):
        return None
    return frozenset(
        name
        for name, island in draft.get("islands", {}).items()
        if any(Role.FILER in host.get("roles", ()) for host in island.get("hosts", {}).values())
    )


def _has_databases(saguirefile: Document, draft: Draft) -> bool | None:
    """Whether a host has the role db; None when a part that was refused may hide one."""
    hosts = [host for island in draft.get("islands", {}).values() for host in island.get("hosts", {}).values()]
    if any(Role.DB in host.get("roles", ()) for host in hosts):
        return True
    return None if saguirefile.broken(("islands",)) else False


def _role_notices(saguirefile: Document, draft: Draft) -> list[Notice]:
    """One notice for each role that hosts have and that has no states yet."""
    having: dict[Role, list[str]] = {}
    for island, entry in draft.get("islands", {}).items():
        for host, facts in entry.get("hosts", {}).items():
            for role in facts.get("roles", ()):
                having.setdefault(role, []).append(f"{island}-{host}")
    return [
        Notice(saguirefile.file, "islands", f"the role {role} is not built yet; {listed(hosts)} will run without it")
        for role, hosts in having.items()
        if role not in BUILT
    ]


def _login_notices(saguirefile: Document, draft: Draft, tenants: Sequence[TenantDraft]) -> Iterator[Notice]:
    """People without a directory have no logins."""
    hosts = [host for island in draft.get("islands", {}).values() for host in island.get("hosts", {}).values()]
    people = [tenant.document.file for tenant in tenants if tenant.draft.get("users")]
    if people and not any(Role.DIRECTORY in host.get("roles", ()) for host in hosts):
        message = f"no host has the role directory, so people cannot sign in; there are some in {listed(people)}"
        yield Notice(saguirefile.file, "islands", message)


def _check_contents(root: Path, tenants: Sequence[TenantDraft]) -> list[Notice]:
    """Problems of the sites' files go to the tenants' documents; what is only worth knowing comes back."""
    notices: list[Notice] = []
    for tenant in tenants:
        bare = []
        for path, name, site in tenant.sites():
            if tenant.document.broken(path):
                continue
            try:
                files = [file for file, _ in content.content_files(root, name)]
            except (content.UnfitContent, OSError) as error:
                reason = error.strerror if isinstance(error, OSError) else error
                tenant.document.problem(path, f"its files in {content.CONTENT / name}: {reason}")
                continue
            if files and site.get("uploads"):
                message = (
                    f"its files are uploaded, and there are some in {content.CONTENT / name}; remove one of the two"
                )
                tenant.document.problem((*path, "uploads"), message)
            elif files:
                notices += _check_served(tenant.document, path, site, files)
            elif site.get("app") is None and not site.get("uploads"):
                bare.append(name)
        if bare:
            message = f"without files, so served with a placeholder page: {listed(bare)}"
            notices.append(Notice(tenant.document.file, "sites", message))
    return notices


def _check_served(document: Document, path: ProblemPath, site: Draft, files: Sequence[str]) -> Iterator[Notice]:
    """Whether the document root is there, and whether redirects hide files or lead nowhere."""
    prefix = "" if site["root"] == "." else f"{site['root']}/"
    served = {file.removeprefix(prefix) for file in files if file.startswith(prefix)}
    if not served:
        folder = content.CONTENT / str(path[-1]) / site["root"]
        document.problem((*path, "root"), f"there are no files in {folder}; make that folder")
        return
    redirects: dict[str, str] = site["redirects"]
    for source, target in redirects.items():
        where = shown((*path, "redirects", source))
        if source[1:] in served:
            yield Notice(document.file, where, "the redirect hides the file of that name")
        goal = re.split(r"[?#]", target)[0]
        pages = {goal[1:], f"{goal.strip('/')}/index.html".lstrip("/")}
        if goal.startswith("/") and not site["php"] and goal not in redirects and not pages & served:
            yield Notice(document.file, where, f"leads to {goal}, and the site has no such file")


def _fleet(draft: Draft) -> Fleet:
    islands = {
        name: Island(
            name=name,
            lan=Lan(**entry["lan"]),
            wan=Wan(**entry["wan"]),
            hosts=_hosts(name, entry["hosts"]),
            weight=entry["weight"],
        )
        for name, entry in sorted(draft["islands"].items())
    }
    return Fleet(name=draft["fleet"], domain=draft["domain"], islands=islands)


def _hosts(island: str, hosts: Draft) -> dict[str, Host]:
    order = list(Role)
    return {
        name: Host(
            id=f"{island}-{name}",
            name=name,
            island=island,
            roles=tuple(sorted(entry["roles"], key=order.index)),
            lan=entry["lan"],
            wan=entry.get("wan"),
        )
        for name, entry in sorted(hosts.items())
    }


def _tenant(draft: Draft, policy: Policy) -> Tenant:
    return Tenant(
        name=draft["tenant"],
        home=draft["home"],
        users={name: _named(User, name, entry) for name, entry in draft["users"].items()},
        sites={name: _site(name, entry) for name, entry in draft["sites"].items()},
        databases={name: _database(name, entry, policy) for name, entry in draft["databases"].items()},
        declared_zones=tuple(draft["zones"]),
    )


def _site(name: str, draft: Draft) -> Site:
    site: Site = _named(Site, name, draft)
    return site.model_copy(update={"php": True}) if site.app else site  # each application there is runs PHP


def _database(name: str, draft: Draft, policy: Policy) -> Database:
    users = draft["users"] or {name: {"password": None}}
    return Database(
        name=name,
        quota_mib=policy.database_quota_mib if draft["quota_mib"] is None else draft["quota_mib"],
        users=tuple(DatabaseUser(name=user, password=entry["password"]) for user, entry in users.items()),
    )


def _named(kind: type[Any], name: str, entry: Draft) -> Any:
    return kind(name=name, **{key: value for key, value in entry.items() if value is not None})
