"""Certificates for hosts and sites, from a cache on disk: reading a thousand is quicker than deriving them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from titanicarus import pki
from titanicarus.control import files


class Certificates:
    """Issues from one island's intermediate in one window. Call `save` when done: it keeps what was used."""

    def __init__(self, island: pki.Island, window: pki.Window, folder: Path | None = None) -> None:
        """`folder` holds the cache (one file an island, mode 0600); without one nothing is cached."""
        self._issuer = pki.Issuer(island)
        self._window = window
        self._path = folder / f"{island.name}.json" if folder else None
        self._stamp = f"1 {self._issuer.fingerprint} {window.index} {window.days}"
        self._known = self._read()
        self._used: dict[str, list[str]] = {}

    def issue(self, request: pki.Request) -> pki.Leaf:
        """The certificate for a request, the same as `pki.issue` gives."""
        slot = hashlib.sha256(repr(request).encode()).hexdigest()
        found = self._known.get(slot)
        if found is None:
            leaf = pki.issue(self._issuer, request, self._window)
            found = [leaf.certificate, leaf.key]
        self._used[slot] = found
        return pki.Leaf(found[0], found[1], self._issuer.island.authority.certificate_pem)

    def save(self) -> None:
        """Write what was issued since the start, if that differs from what was read."""
        if self._path and self._used.keys() != self._known.keys():
            files.folder(self._path.parent, 0o700)
            document = json.dumps({"stamp": self._stamp, "leaves": self._used})
            files.write(self._path, document, 0o600, durable=False)

    def _read(self) -> dict[str, list[str]]:
        """An unreadable cache is an empty one: everything in it can be derived again."""
        if self._path is None:
            return {}
        try:
            document = json.loads(self._path.read_bytes())
            leaves: dict[str, list[str]] = document["leaves"] if document["stamp"] == self._stamp else {}
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return {}
        return leaves


def host_request(
    host_id: str, fqdn: str, addresses: Iterable[str], further: Iterable[str] = (), turn: int = 0
) -> pki.Request:
    """A host's own certificate: server and client, for its names and addresses.

    `further` are names of services that it offers under its own certificate.
    """
    return pki.Request("host", host_id, (fqdn, host_id, *further), tuple(addresses), client=True, turn=turn)


def site_request(name: str, aliases: Iterable[str], turn: int = 0) -> pki.Request:
    """A site's certificate, for its name and aliases."""
    return pki.Request("site", name, (name, *aliases), turn=turn)


def default_request(island: str, domain: str) -> pki.Request:
    """What a load balancer shows to a client that asks for no name that it knows."""
    name = f"{island}.{domain}"
    return pki.Request("default", name, (name, f"vip.{name}"))
