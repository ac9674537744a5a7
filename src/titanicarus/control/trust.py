"""What the control hosts are trusted with: the root certificate, every island's intermediate and seed, the public keys
of all minions, and the key to the passwords in tenants' files. It travels from the operator to the control hosts over a
transport and never through git."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from titanicarus import pki

if TYPE_CHECKING:
    from titanicarus.control.secrets import Secrets


@dataclass(frozen=True, slots=True)
class Trust:
    """`islands` is by name, `minions` maps a host's id to its public key (PEM)."""

    root: str
    islands: Mapping[str, pki.Island]
    minions: Mapping[str, str]
    passwords: pki.SealingKey = field(repr=False)

    @classmethod
    def of(cls, secrets: Secrets) -> Trust:
        """The part of the birth secrets that control hosts need: not the root's key and no private Salt key."""
        return cls(
            secrets.root.certificate_pem,
            secrets.islands,
            {host: pair.public for host, pair in secrets.minions.items()},
            secrets.passwords,
        )

    def to_json(self) -> bytes:
        """One document; the same trust gives the same bytes."""
        islands = {
            name: {
                "certificate": island.authority.certificate_pem,
                "key": island.authority.key_pem,
                "seed": base64.b64encode(island.seed).decode(),
            }
            for name, island in self.islands.items()
        }
        document = {
            "root": self.root,
            "islands": islands,
            "minions": dict(self.minions),
            "passwords": base64.b64encode(self.passwords.private).decode(),
        }
        return json.dumps(document, sort_keys=True).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Trust:
        """Raises BrokenAuthority when certificate, key and seed do not fit, ValueError or KeyError on other damage."""
        document = json.loads(data)
        islands = {
            name: pki.open_island(
                name, entry["certificate"], entry["key"], base64.b64decode(entry["seed"]), document["root"]
            )
            for name, entry in document["islands"].items()
        }
        key = pki.SealingKey(base64.b64decode(document["passwords"]))
        return cls(document["root"], islands, document["minions"], key)


def digest_of(document: bytes) -> str:
    """The name under which a control host keeps a trust document."""
    return hashlib.sha256(document).hexdigest()[:16]
