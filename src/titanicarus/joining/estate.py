"""What a control host hands to a blank machine that is to be another one: the masters' keys, and all that was pushed.

It is encrypted for the machine's own Salt key, which a ticket let in, and signed with the fleet's signing key, which
the machine has the public half of. Who listens gets nothing, and who answers in a desk's place is not believed.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from titanicarus.control import files, layout
from titanicarus.joining.ticket import PADDING, NotLetIn

LONGEST = 256 << 20
"""Bytes of one; that of 27 hosts and few sites has about 5 MB."""
_ESTATE = b"titanicarus estate 1\n"
_WRAP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
_KEYS = layout.SALT / "pki" / "master"
LAST = "master_sign.pem"
"""With this file the keys are whole, and the master may start."""


@dataclass(frozen=True, slots=True)
class Estate:
    """`sealed` is what is handed over; `wrapped` has the key to it, which only the machine can unwrap."""

    wrapped: bytes
    nonce: bytes
    signature: bytes
    sealed: bytes = field(repr=False)

    def document(self) -> dict[str, Any]:
        """All but `sealed`, as JSON-able data, with its `length` in bytes."""
        parts = {"wrapped": self.wrapped, "nonce": self.nonce, "signature": self.signature}
        return {name: base64.b64encode(part).decode() for name, part in parts.items()} | {"length": len(self.sealed)}

    @classmethod
    def of(cls, document: Mapping[str, Any], sealed: bytes) -> Estate:
        """Raises NotLetIn for anything that is none."""
        try:
            wrapped, nonce, signature = (
                base64.b64decode(document[name], validate=True) for name in ("wrapped", "nonce", "signature")
            )
        except (KeyError, TypeError, ValueError) as error:
            raise NotLetIn("what the control host handed over cannot be read") from error
        return cls(wrapped, nonce, signature, sealed)

    def said(self, public: str) -> bytes:
        """What the fleet signs, for the machine with this key (PEM)."""
        parts = (self.wrapped, self.nonce, self.sealed, public.encode())
        return _ESTATE + b"".join(hashlib.sha256(part).digest() for part in parts)


def seal(root: Path, heir: str, public: str) -> Estate:
    """What the control host whose disk is at `root` hands to the host `heir` with this Salt key (PEM)."""
    machine, sign = serialization.load_pem_public_key(public.encode()), _own_sign(root)
    assert isinstance(machine, rsa.RSAPublicKey), "the ticket's judge let no other key in"
    key, nonce = AESGCM.generate_key(256), os.urandom(12)
    unsigned = Estate(machine.encrypt(key, _WRAP), nonce, b"", AESGCM(key).encrypt(nonce, _packed(root, heir), _ESTATE))
    signature = sign.sign(unsigned.said(public), PADDING, hashes.SHA256())
    return Estate(unsigned.wrapped, nonce, signature, unsigned.sealed)


def install(estate: Estate, root: Path, private: str, public: str) -> None:
    """Put it on the disk at `root`, of the machine with this Salt key pair (PEM), which has `master_sign.pub`.

    Raises NotLetIn, before anything is written, for one that is not from this fleet or not for this machine.
    """
    sign = serialization.load_pem_public_key(
        (layout.below(root, layout.SALT) / "pki/minion/master_sign.pub").read_bytes()
    )
    machine = serialization.load_pem_private_key(private.encode(), password=None)
    assert isinstance(sign, rsa.RSAPublicKey) and isinstance(machine, rsa.RSAPrivateKey), "checked when they were made"
    try:
        sign.verify(estate.signature, estate.said(public), PADDING, hashes.SHA256())
        packed = AESGCM(machine.decrypt(estate.wrapped, _WRAP)).decrypt(estate.nonce, estate.sealed, _ESTATE)
    except (InvalidSignature, InvalidTag, ValueError) as error:
        raise NotLetIn("what the control host handed over is not of this fleet, or not for this machine") from error
    for folder in (_KEYS, _KEYS / "minions", layout.DEPLOY):
        files.folder(layout.below(root, folder), 0o700)
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as tar:
        tar.extractall(root, filter="tar")


def is_control(root: Path, host: str) -> bool:
    """Whether the release that is served says that the host is a control host."""
    pillar = layout.Release(layout.Deploy(layout.below(root, layout.DEPLOY)).current).pillar
    return "control" in json.loads((pillar / f"{host}.json").read_bytes())["roles"]


def _own_sign(root: Path) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(layout.below(root, _KEYS / LAST).read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey), "provisioning gave it to this host"
    return key


def _packed(root: Path, heir: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as tar:
        for source, name in _parts(root, heir):
            tar.add(source, arcname=str(name.relative_to("/")), filter=_roots)
    return out.getvalue()


def _parts(root: Path, heir: str) -> Iterator[tuple[Path, Path]]:
    """What of this disk is to be where on the heir's, `LAST` at the end."""
    own = (root / "etc/hostname").read_text().strip()
    deploy, theirs = layout.Deploy(layout.below(root, layout.DEPLOY)), layout.Deploy(layout.DEPLOY)
    release = layout.Release(deploy.current.resolve())
    trust = json.loads(release.facts.read_bytes())["trust"]
    yield deploy.repository, theirs.repository
    yield deploy.trust(trust), theirs.trust(trust)
    yield release.path, theirs.release(release.name).path
    if deploy.joined.exists():
        yield deploy.joined, theirs.joined
    yield deploy.active, theirs.active
    yield deploy.current, theirs.current
    keys = layout.below(root, _KEYS)
    yield keys / "minions", _KEYS / "minions"
    for end in ("pem", "pub"):
        yield keys / f"{own}.{end}", _KEYS / f"{heir}.{end}"
    yield keys / "master_sign.pub", _KEYS / "master_sign.pub"
    yield keys / LAST, _KEYS / LAST


def _roots(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member
