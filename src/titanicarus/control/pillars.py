"""The pillar of each host, complete: what the fleet says, and certificates, passwords, configuration, revision."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from titanicarus import pki
from titanicarus.control import certificates, salt_config
from titanicarus.control.certificates import Certificates
from titanicarus.control.passwords import Passwords, passwords_of
from titanicarus.control.touched import parts_of
from titanicarus.control.trust import Trust
from titanicarus.fleet import pillar_for

if TYPE_CHECKING:
    from titanicarus.fleet import Declaration

Pillar = dict[str, Any]
NOT_FOR_STATES = frozenset({"gslb", "guard", "leases"})


@dataclass(frozen=True, slots=True)
class Digests:
    """What beside its pillar decides what an apply does to a host: `code` covers states and extension modules (not the
    contents of sites, whose hashes are in the pillar), `library` is the package's digest."""

    code: str
    library: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """A host's pillar as JSON text. `revision` changes when an apply may have something new to do on this host; the
    part before its dash, only when states or code are new, and not for new data such as one more site. `sections` are
    digests of the parts that states read, see titanicarus.control.touched."""

    host: str
    revision: str
    sections: Mapping[str, str]
    text: str = field(repr=False)


def compile_all(
    declaration: Declaration, trust: Trust, window: pki.Window, digests: Digests, cache: Path | None = None
) -> Iterator[Compiled]:
    """Every host's pillar, in the order of the hosts' ids. `cache` is a folder for certificates.

    Every control host that is given the same arguments yields the same bytes. Raises Unreadable for passwords in
    tenants' files.
    """
    passwords = passwords_of(declaration, trust.passwords, trust.islands)
    vouching = {
        name: pki.public_line(pki.host_authority(island).public_key()) for name, island in trust.islands.items()
    }
    tunnels = {name: pki.derive_tunnel_keys(island.seed) for name, island in trust.islands.items()}
    by_island: dict[str, tuple[Certificates, pki.Island]] = {}
    for name in declaration.fleet.islands:
        island = trust.islands[name]
        by_island[name] = (Certificates(island, window, cache), island)
    for host in declaration.fleet.hosts:
        issued, island = by_island[host.island]
        pillar = pillar_for(declaration, host.id)
        add_secrets(pillar, issued, island, trust)
        turn = trust.renewals.turn("host", host.id)
        named = pki.issue_host_key(island, host.id, pillar["ssh"]["names"], window, turn=turn)
        _add_ssh_keys(pillar["ssh"], named, vouching, trust)
        if "sftp" in pillar:
            turn = trust.renewals.turn("service", f"sftp.{island.name}")
            shared = pki.issue_service_key(island, "sftp", pillar["sftp"]["names"], window, turn=turn)
            pillar["sftp"]["host_key"], pillar["sftp"]["host_certificate"] = shared.key, shared.certificate
        _add_passwords(pillar, passwords)
        _add_hashes(pillar, declaration)
        _add_wordpress_secrets(pillar, declaration, trust.islands)
        if "gateway" in pillar:
            _add_tunnel_keys(pillar["gateway"]["vpn"], island, tunnels)
        pillar["trust"]["root"] = trust.root
        pillar["salt"]["minion_config"] = salt_config.minion_config(declaration.fleet, host)
        if "control" in host.roles:
            pillar["salt"]["master_config"] = salt_config.master_config(declaration.fleet, host)
        pillar["library"] = {"digest": digests.library, "modules": digests.code}
        yield _compiled(host.id, pillar, digests)
    for issued, _ in by_island.values():
        issued.save()


def add_secrets(pillar: Pillar, issued: Certificates, island: pki.Island, trust: Trust) -> None:
    """Add the host's own certificate, and for the roles that the host has the secrets of those roles, in place."""
    turn = trust.renewals.turn
    host = pillar["host"]
    addresses = [address for address in (host["lan"], host["wan"]) if address]
    further = [f"sql.{host['domain']}"] if "db" in pillar else []
    leaf = issued.issue(
        certificates.host_request(host["id"], host["fqdn"], addresses, further, turn("host", host["id"]))
    )
    pillar["trust"] = {"certificate": leaf.certificate, "key": leaf.key, "chain": leaf.chain}
    if "lb" in pillar:
        default = certificates.default_request(island.name, host["domain"])
        bundles = {"default": issued.issue(default).bundle}
        for site in pillar["lb"]["sites"]:
            asked = certificates.site_request(site["name"], site["aliases"], turn("site", site["name"]))
            bundles[site["name"]] = issued.issue(asked).bundle
        pillar["lb"]["certificates"] = bundles
        pillar["lb"]["identity"] = {"host": leaf.bundle, "root": trust.root}
    if "web" in pillar:
        pillar["web"]["session_secrets"] = {
            site["name"]: pki.derive_password(island.seed, f"session/{site['name']}") for site in pillar["web"]["sites"]
        }
        pillar["web"]["session_admin"] = pki.derive_password(island.seed, "session-admin")


def _add_passwords(pillar: Pillar, passwords: Passwords) -> None:
    """The sites' own clear ones for web servers, and nothing but hashes for database hosts, in place."""
    for database in pillar.get("web", {}).get("databases", {}).values():
        database["password"] = passwords.clear[database["user"]]
    for tenant in pillar.get("db", {}).get("tenants", ()):
        for user in tenant["users"]:
            user["password_hash"] = passwords.hashed(user["name"])


def _add_hashes(pillar: Pillar, declaration: Declaration) -> None:
    """The hashes of people's first passwords for directory hosts, in place."""
    given = {user.name: user.password for tenant in declaration.tenants for user in tenant.users.values()}
    for person in pillar.get("directory", {}).get("people", ()):
        person["password_hash"] = given[person["name"]]


def wordpress_password(home: pki.Island, site: str) -> str:
    """What a WordPress site's first user signs in with, until it is changed there."""
    return pki.derive_password(home.seed, f"wordpress-admin/{site}")


def _add_wordpress_secrets(pillar: Pillar, declaration: Declaration, islands: Mapping[str, pki.Island]) -> None:
    """From the seed of the tenant's home for the web servers of all islands, as any of them may serve the site."""
    sites = pillar.get("web", {}).get("wordpress", {})
    for tenant, site in declaration.sites:
        if site.name in sites:
            home = islands[tenant.home]
            sites[site.name]["secret"] = pki.derive_password(home.seed, f"wordpress/{site.name}")
            sites[site.name]["password"] = wordpress_password(home, site.name)


def _add_ssh_keys(ssh: Pillar, issued: pki.HostKey, vouching: Mapping[str, str], trust: Trust) -> None:
    """The host's own key with its certificate, the public key of each authority, and what is revoked, in place."""
    ssh["host_key"], ssh["host_certificate"] = issued.key, issued.certificate
    for authority in ssh["authorities"]:
        authority["key"] = vouching[authority["island"]]
    ssh["operators_authority"] = trust.operators
    ssh["revoked"] = {"keys": trust.renewals.revocation_list}


def _add_tunnel_keys(vpn: Pillar, island: pki.Island, tunnels: Mapping[str, pki.TunnelKeys]) -> None:
    """The private key of the own island, and the public keys of the others, in place."""
    vpn["private_key"] = tunnels[island.name].private
    for peer in vpn["peers"]:
        peer["public_key"] = tunnels[peer["name"]].public


def _compiled(host: str, pillar: Pillar, digests: Digests) -> Compiled:
    # With a thousand sites most of a push is this: each part becomes text once, for its digest and for the pillar.
    texts = {part: json.dumps(value, sort_keys=True) for part, value in parts_of(pillar).items()}
    # No state uses what masters alone read, where it was pushed to (titanicarus.gslb, titanicarus.heal): no apply is
    # due for it.
    sections = {part: _short(text) for part, text in texts.items() if part.partition(".")[0] not in NOT_FOR_STATES}
    code = _short(f"{digests.code}\n{digests.library}")[:8]
    revision = f"{code}-{_short(json.dumps(sections, sort_keys=True))}"
    return Compiled(host, revision, sections, _document({"revision": f'"{revision}"', **texts}))


def _document(texts: Mapping[str, str]) -> str:
    """A pillar as JSON text, from the texts of its parts."""
    sections: dict[str, dict[str, str]] = {}
    for part, text in texts.items():
        section, _, key = part.partition(".")
        sections.setdefault(section, {})[key] = text
    return _object({name: inside.get("") or _object(inside) for name, inside in sections.items()})


def _object(texts: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{json.dumps(name)}: {text}" for name, text in sorted(texts.items())) + "}"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
