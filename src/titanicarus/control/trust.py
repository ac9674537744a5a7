"""What the control hosts are trusted with: the root certificate, every island's intermediate and seed, the public keys
of all minions, the key to the passwords in tenants' files, and the public key that vouches for operators, and
which keys were revoked or made anew. It travels from the operator to the control hosts over a transport and never
through git."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from titanicarus import pki
from titanicarus.control.renewals import Renewals

if TYPE_CHECKING:
    from titanicarus.control.secrets import Secrets


@dataclass(frozen=True, slots=True)
class Trust:
    """`islands` is by name, `minions` maps a host's id to its public key (PEM); `operators` is the public key, in one
    line as SSH has it, of who signs operators' certificates; `since` maps the ids of hosts that joined by a ticket to
    when that was made (Unix seconds)."""

    root: str
    islands: Mapping[str, pki.Island]
    minions: Mapping[str, str]
    passwords: pki.SealingKey = field(repr=False)
    operators: str
    renewals: Renewals = field(default_factory=Renewals)
    since: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, secrets: Secrets) -> Trust:
        """The part of the birth secrets that control hosts need: not the root's key, no private Salt key, and
        not the key that makes operators."""
        return cls(
            secrets.root.certificate_pem,
            secrets.islands,
            secrets.accepted,
            secrets.passwords,
            pki.public_line(secrets.operators.public_key()),
            secrets.renewals,
            {host: one.made for host, one in secrets.joined.items() if host in secrets.minions},
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
            "operators": self.operators,
            "renewals": self.renewals.to_data(),
        }
        if self.since:
            document["since"] = dict(self.since)
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
        return cls(
            document["root"],
            islands,
            document["minions"],
            key,
            document["operators"],
            Renewals.from_data(document["renewals"]),
            document.get("since", {}),
        )


def digest_of(document: bytes) -> str:
    """The name under which a control host keeps a trust document."""
    return hashlib.sha256(document).hexdigest()[:16]
