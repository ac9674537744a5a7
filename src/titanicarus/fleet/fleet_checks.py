"""What must be true of a fleet as a whole: addresses, networks, and who has which role.

Works on drafts, so it runs even when parts of the file were refused, and stays silent where a refused part is the
likely reason: an island with a host of unknown role is never told that it lacks one.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

from .document import Document
from .problems import Path, listed, shown
from .reading import Draft
from .roles import AT_MOST, PAIRED, PUBLIC, Role
from .shards import SLOTS


def check_fleet(document: Document, draft: Draft) -> None:
    """Note every cross problem of a Saguirefile in its document."""
    islands: Draft = draft.get("islands", {})
    if "islands" in draft and not islands:
        document.problem(("islands",), "a fleet has at least one island")
    if len(islands) > SLOTS:
        document.problem(("islands",), f"a fleet has at most {SLOTS} islands, because each has ports of its own")
    if "sql" in islands:
        message = f"sql.{draft.get('domain', '<domain>')} is the name of the databases; choose another"
        document.problem(("islands", "sql"), message)
    _check_overlaps(document, islands)
    addresses = _Addresses(document)
    for name, island in islands.items():
        _check_addresses(document, name, island, addresses)
        _check_public_addresses(document, name, island)
        if "hosts" in island:
            _IslandRoles(document, name, island["hosts"]).check()
    _check_directory(document, islands)


def _check_directory(document: Document, islands: Draft) -> None:
    """A lease on databases says who writes the directory: so it is where they are (docs/adr/0075-directory.md)."""
    hosts = [
        (("islands", name, "hosts", host, "roles"), entry.get("roles", ()))
        for name, island in islands.items()
        for host, entry in island.get("hosts", {}).items()
    ]
    if not any(Role.DIRECTORY in roles for _, roles in hosts):
        return
    for path, roles in hosts:
        if document.broken(path) or (Role.DIRECTORY in roles) == (Role.DB in roles):
            continue
        has, lacks = (Role.DB, Role.DIRECTORY) if Role.DB in roles else (Role.DIRECTORY, Role.DB)
        document.problem(
            path,
            f"has {has} and not {lacks}: the leases of databases say who writes the directory, too, "
            f"so the same hosts have both",
        )


def _check_overlaps(document: Document, islands: Draft) -> None:
    networks: list[tuple[Path, IPv4Network]] = [
        (("islands", name, side, "network"), island[side]["network"])
        for name, island in islands.items()
        for side in ("lan", "wan")
        if "network" in island.get(side, {})
    ]
    for (first_path, first), (path, network) in combinations(networks, 2):
        if first.overlaps(network):
            document.problem(path, f"overlaps {first} at {shown(first_path)}; networks of a fleet must be apart")


class _Addresses:
    """Who has which address, in the whole fleet."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._owners: dict[IPv4Address, Path] = {}

    def claim(self, path: Path, address: IPv4Address) -> None:
        owner = self._owners.setdefault(address, path)
        if owner != path:
            self._document.problem(path, f"is also the address at {shown(owner)}; every address is used once")


def _island_addresses(name: str, island: Draft, side: str) -> Iterator[tuple[Path, IPv4Address]]:
    """The addresses of one side of an island: the shared ones, then the hosts', in the order of the file."""
    for key in ("vip", "gateway", "router"):
        if key in island.get(side, {}):
            yield ("islands", name, side, key), island[side][key]
    for host, entry in island.get("hosts", {}).items():
        if entry.get(side) is not None:
            yield ("islands", name, "hosts", host, side), entry[side]


def _check_addresses(document: Document, name: str, island: Draft, addresses: _Addresses) -> None:
    for side in ("lan", "wan"):
        network: IPv4Network | None = island.get(side, {}).get("network")
        for path, address in _island_addresses(name, island, side):
            if network is not None and address not in network:
                document.problem(path, f"is not inside {network}, the {side.upper()} of {name}")
            elif network is not None and address in (network.network_address, network.broadcast_address):
                kind = "broadcast address" if address == network.broadcast_address else "number of the network itself"
                document.problem(path, f"is the {kind} of {network}; no host can have it")
            else:
                addresses.claim(path, address)


def _check_public_addresses(document: Document, name: str, island: Draft) -> None:
    for host, entry in island.get("hosts", {}).items():
        path: Path = ("islands", name, "hosts", host)
        if document.broken((*path, "wan")):
            continue
        public = [role for role in entry.get("roles", ()) if role in PUBLIC]
        if public and entry.get("wan") is None:
            document.problem(
                (*path, "wan"), f"is missing: the role {listed(public)} needs a free address in the island's WAN"
            )
        if not public and entry.get("wan") is not None and not document.broken((*path, "roles")):
            document.problem(
                (*path, "wan"), "leave it out: only hosts with the role lb or firewall have a public address"
            )


class _IslandRoles:
    """The roles of one island. `complete` is false when a refused part may hide a role."""

    def __init__(self, document: Document, island: str, hosts: Draft) -> None:
        self._document = document
        self._island = island
        self._hosts = hosts
        self._path: Path = ("islands", island, "hosts")
        self._complete = self._is_complete()
        self._having = {role: [name for name, host in hosts.items() if role in host.get("roles", ())] for role in Role}

    def _is_complete(self) -> bool:
        raw = self._document.data["islands"][self._island]["hosts"]
        return len(raw) == len(self._hosts) and not any(
            self._document.broken((*self._path, host, "roles")) or "roles" not in entry
            for host, entry in self._hosts.items()
        )

    def check(self) -> None:
        self._check_lists()
        for role, hosts in self._having.items():
            self._check_count(role, hosts)
        if self._complete:
            self._check_partners()
        for host in self._having[Role.ARBITER]:
            if host in self._having[Role.FILER]:
                self._problem("arbiter is the third opinion on the files, so it cannot be on a filer itself", host)

    def _problem(self, message: str, host: str | None = None) -> None:
        path = self._path if host is None else (*self._path, host, "roles")
        self._document.problem(path, message)

    def _check_lists(self) -> None:
        for host, entry in self._hosts.items():
            roles = entry.get("roles")
            if roles is None:
                continue
            if not roles and not self._document.broken((*self._path, host, "roles")):
                self._problem("is empty: give the host a role, or take the host out", host)
            for role in sorted({role for role in roles if roles.count(role) > 1}):
                self._problem(f"has {role} twice; keep one", host)

    def _check_count(self, role: Role, hosts: list[str]) -> None:
        most = AT_MOST.get(role)
        if most is not None and len(hosts) > most:
            allowed = "one host" if most == 1 else "two hosts"
            self._problem(f"{listed(hosts)} have the role {role}, and exactly {allowed} of an island can have it")
        if role in PAIRED and len(hosts) == 1 and self._complete:
            self._problem(
                f"only {hosts[0]} has the role {role}, and a pair of one survives nothing; "
                f"give a second host of {self._island} the role {role}"
            )

    def _check_partners(self) -> None:
        having = self._having
        if not having[Role.CONTROL]:
            self._problem("no host has the role control; an island needs two of them to be run by itself")
        if having[Role.LB] and not having[Role.WEB]:
            self._problem("there are load balancers (lb) and no web servers; give two hosts the role web")
        if having[Role.WEB] and not having[Role.LB]:
            self._problem("there are web servers and no load balancers in front of them; give two hosts the role lb")
        if having[Role.FILER] and not having[Role.ARBITER]:
            self._problem("two filers cannot settle who is right; give a host that is not a filer the role arbiter")
        if having[Role.ARBITER] and not having[Role.FILER]:
            self._problem("there is an arbiter and no filers to arbitrate; give two hosts the role filer, or remove it")
