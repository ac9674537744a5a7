"""What must be true of all tenants together: names used once, homes that exist, redirects that end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from .document import Document
from .problems import Path, did_you_mean, shown
from .reading import Draft


@dataclass(frozen=True)
class TenantDraft:
    """One tenant's file and what is good in it."""

    document: Document
    draft: Draft

    def sites(self) -> Iterator[tuple[Path, str, Draft]]:
        """Path, name and draft of each site."""
        for name, site in self.draft.get("sites", {}).items():
            yield ("sites", name), name, site


@dataclass(frozen=True)
class FleetFacts:
    """What tenants are checked against; None where the Saguirefile does not say it (it has problems of its own).

    `databases`: whether any host has the role db. `filers`: the islands that have mirrored files.
    """

    islands: tuple[str, ...] | None
    domain: str | None
    databases: bool | None = None
    filers: frozenset[str] | None = None


def check_tenants(tenants: Sequence[TenantDraft], fleet: FleetFacts) -> None:
    """Note every cross problem of the tenants in their documents."""
    names = Claims("the tenant name")
    for tenant in tenants:
        _check_header(tenant, fleet, names)
        for user, entry in tenant.draft.get("users", {}).items():
            for key in ("ssh_keys", "groups"):
                _check_repeated(tenant.document, ("users", user, key), entry.get(key, ()))
        _check_uploads(tenant, fleet)
    owners = _check_site_names(tenants, fleet)
    _check_zones(tenants, fleet)
    _RedirectGraph(tenants, owners).check()


class Claims:
    """Who was first to use a name. A second user of it gets a problem that names the first."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self.owners: dict[object, tuple[Document, Path]] = {}

    def claim(self, document: Document, path: Path, name: object, advice: str) -> bool:
        first, first_path = self.owners.setdefault(name, (document, path))
        if (first, first_path) == (document, path):
            return True
        line = first.line(first_path)
        place = f"{first.file}:{line}" if line else first.file
        document.problem(path, f"{self._kind} {name} is already at {shown(first_path)} ({place}); {advice}")
        return False


def _check_header(tenant: TenantDraft, fleet: FleetFacts, names: Claims) -> None:
    document, draft = tenant.document, tenant.draft
    stem = PurePosixPath(document.file).stem
    name = draft.get("tenant")
    if name is not None and name != stem:
        document.problem(("tenant",), f'the file is {stem}.yaml; rename it to {name}.yaml or write "{stem}" here')
    elif name is not None:
        names.claim(document, ("tenant",), name, "rename one of them")
    home = draft.get("home")
    if home is not None and fleet.islands is not None and home not in fleet.islands:
        hint = did_you_mean(home, fleet.islands)
        document.problem(("home",), f"is not an island of the fleet; the islands are {', '.join(fleet.islands)}{hint}")


def _check_uploads(tenant: TenantDraft, fleet: FleetFacts) -> None:
    """Where a site's files are mirrored, and that nothing else wants to say what its files are."""
    home = tenant.draft.get("home")
    for path, _name, site in tenant.sites():
        if not site.get("uploads"):
            continue
        place = (*path, "uploads")
        if site.get("app") is not None:
            tenant.document.problem(place, f"{site['app']} keeps what is uploaded by itself; leave `uploads` out")
        if site.get("everywhere"):
            tenant.document.problem(
                place, "other islands have no copy of uploaded files yet; leave out `uploads` or `everywhere`"
            )
        if home is not None and fleet.filers is not None and home in (fleet.islands or ()) and home not in fleet.filers:
            tenant.document.problem(
                place, f"the home {home} has no mirrored files; give two of its hosts the role filer and one arbiter"
            )


def _check_repeated(document: Document, path: Path, values: Sequence[str]) -> None:
    seen: set[str] = set()
    for index, value in enumerate(_raw_list(document, path)):
        if isinstance(value, str) and value in values:
            if value in seen:
                document.problem((*path, index), "is in this list twice; keep one")
            seen.add(value)


def _raw_list(document: Document, path: Path) -> list[object]:
    """The list as written, so that an entry's index is its index in the file even after a refused one."""
    value = document.data
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, list) else []


def _check_site_names(tenants: Sequence[TenantDraft], fleet: FleetFacts) -> Mapping[object, tuple[Document, Path]]:
    """Site names first, so that an alias that is another site's own name is told to be the wrong one."""
    claims = Claims("the name")
    advice = "a name belongs to one site"
    for tenant in tenants:
        for path, name, _site in tenant.sites():
            claims.claim(tenant.document, path, name, advice)
            _check_domain(tenant.document, path, name, fleet)
    for tenant in tenants:
        for path, name, site in tenant.sites():
            for index, alias in enumerate(_raw_list(tenant.document, (*path, "aliases"))):
                place = (*path, "aliases", index)
                if not isinstance(alias, str) or alias not in site.get("aliases", ()):
                    continue  # refused already
                if alias == name:
                    tenant.document.problem(place, "is the site's own name; leave it out")
                    continue
                claims.claim(tenant.document, place, alias, advice)
                _check_domain(tenant.document, place, alias, fleet)
    return claims.owners


def _check_domain(document: Document, path: Path, name: str, fleet: FleetFacts) -> None:
    if fleet.domain is not None and (name == fleet.domain or name.endswith(f".{fleet.domain}")):
        document.problem(path, f"is inside {fleet.domain}, which the fleet keeps for its own hosts", found=name)


def _check_zones(tenants: Sequence[TenantDraft], fleet: FleetFacts) -> None:
    """Declared zones: each belongs to one tenant, and together they hold every name of the tenant's sites."""
    claims = Claims("the zone")
    for tenant in tenants:
        zones: Sequence[str] = tenant.draft.get("zones", ())
        for index, zone in enumerate(_raw_list(tenant.document, ("zones",))):
            if isinstance(zone, str) and zone in zones:
                claims.claim(
                    tenant.document, ("zones", index), zone, "a zone belongs to one tenant and stands there once"
                )
                _check_domain(tenant.document, ("zones", index), zone, fleet)
        if not zones or tenant.document.broken(("zones",)):
            continue
        for path, name, site in tenant.sites():
            for place, each in ((path, name), *(((*path, "aliases"), alias) for alias in site.get("aliases", ()))):
                if not any(each == zone or each.endswith(f".{zone}") for zone in zones):
                    message = f"{each} is in none of the tenant's zones ({', '.join(zones)}): add its zone to `zones`"
                    tenant.document.problem(place, message)


_Node = tuple[str, str]  # a site's name and a path of it


class _RedirectGraph:
    """All redirects of all sites; a chain that comes back to where it was would keep a browser busy for nothing."""

    def __init__(self, tenants: Sequence[TenantDraft], owners: Mapping[object, tuple[Document, Path]]) -> None:
        self._owners = owners
        self._next: dict[_Node, _Node] = {}
        self._places: dict[_Node, tuple[Document, Path]] = {}
        for tenant in tenants:
            for path, name, site in tenant.sites():
                if self._owners.get(name) != (tenant.document, path):
                    continue  # a second site of that name; which one is meant is not known
                for source, target in site.get("redirects", {}).items():
                    self._places[name, source] = (tenant.document, (*path, "redirects", source))
                    goal = self._goal(name, target)
                    if goal is not None:
                        self._next[name, source] = goal

    def _goal(self, site: str, target: str) -> _Node | None:
        """Where a target leads, if that is a site of this fleet."""
        parts = urlsplit(target)
        if parts.hostname is None:
            return site, parts.path
        if parts.port not in (None, 80, 443) or parts.hostname not in self._owners:
            return None
        owner = self._owners[parts.hostname][1][1]
        return str(owner), parts.path or "/"

    def check(self) -> None:
        done: set[_Node] = set()
        for start in self._next:
            trail: list[_Node] = []
            node: _Node | None = start
            while node is not None and node not in done:
                done.add(node)
                trail.append(node)
                node = self._next.get(node)
            if node in trail:
                self._report(trail[trail.index(node) :])

    def _report(self, loop: list[_Node]) -> None:
        document, path = self._places[loop[0]]
        if len(loop) == 1:
            document.problem(path, "redirects to itself; name another target, or remove it")
            return
        same = len({site for site, _ in loop}) == 1
        steps = [source if same else f"{site}{source}" for site, source in [*loop, loop[0]]]
        document.problem(path, f"goes round in a circle: {' → '.join(steps)}; break it somewhere")
