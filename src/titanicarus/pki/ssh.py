"""SSH: each island's authority for host keys, and the keys and certificates of its hosts, derived like the leaves;
certificates for users.

The form of certificates is OpenSSH's (PROTOCOL.certkeys in its sources), of keys and signatures RFC 8709. A library's
builder takes a random nonce, so no two control hosts would give the same bytes; with Ed25519, which does not need one
(RFC 8032), it is derived.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from titanicarus.pki.authority import Island
from titanicarus.pki.leaf import Window, expand, turned

KEY_TYPE = "ssh-ed25519"
CERTIFICATE_TYPE = "ssh-ed25519-cert-v01@openssh.com"


class Kind(IntEnum):
    """What a certificate vouches for, in OpenSSH's numbers."""

    USER = 1
    HOST = 2


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a certificate says beside its key. `identity` is what sshd writes into its log; `principals` are the host's
    names or a user's; `after` and `before` are seconds since 1970; `extensions` are what a user may do."""

    kind: Kind
    serial: int
    identity: str
    principals: tuple[str, ...]
    after: int
    before: int
    extensions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostKey:
    """A host's private key (PEM, PKCS#8, as OpenSSH reads it from 9.6 on) and its certificate (one line)."""

    key: str = field(repr=False)
    certificate: str


def host_authority(island: Island) -> Ed25519PrivateKey:
    """What signs the host keys of an island. Clients believe it for the names of that island only."""
    return Ed25519PrivateKey.from_private_bytes(expand(island.seed, "ssh-host-authority", 32))


def issue_host_key(island: Island, host_id: str, names: Sequence[str], window: Window, *, turn: int = 0) -> HostKey:
    """Derive the key and certificate of a host in `window`. The same arguments give the same bytes, always.

    `names` are all names and addresses under which clients ask for it; `turn` says how often its key was made anew.
    """
    return _issue(island, host_id, _host_key(island, _label(host_id, window, turn)), names, window)


def _issue(island: Island, identity: str, key: Ed25519PrivateKey, names: Sequence[str], window: Window) -> HostKey:
    keys = [public_line(one.public_key()) for one in (key, host_authority(island))]
    facts = json.dumps([identity, *keys, list(names), window.index, window.days]).encode()
    vouched = Vouched(
        kind=Kind.HOST,
        serial=int.from_bytes(hashlib.sha256(facts).digest()[:8], "big") >> 1 | 1,
        identity=identity,
        principals=tuple(names),
        after=int(window.not_before.timestamp()),
        before=int(window.not_after.timestamp()),
    )
    nonce = expand(island.seed, f"ssh-nonce/{facts.decode()}", 32)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return HostKey(pem, certify(host_authority(island), key.public_key(), vouched, nonce))


def issue_service_key(island: Island, service: str, names: Sequence[str], window: Window, *, turn: int = 0) -> HostKey:
    """The same for a service that several hosts of an island offer under the same names. Its key has no window: people
    out there, whom nobody tells of our authorities, remember it."""
    key = _host_key(island, json.dumps(["ssh-service", service, *turned(turn)]))
    return _issue(island, f"{service}.{island.name}", key, names, window)


def host_fingerprint(island: Island, host_id: str, window: Window, *, turn: int = 0) -> str:
    """The fingerprint of the key that `issue_host_key` gives."""
    return fingerprint(_host_key(island, _label(host_id, window, turn)).public_key())


def _label(host_id: str, window: Window, turn: int) -> str:
    return json.dumps(["ssh-host", host_id, window.index, window.days, *turned(turn)])


def _host_key(island: Island, label: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(expand(island.seed, label, 32))


def fingerprint(key: Ed25519PublicKey) -> str:
    """As sshd writes it into its log: `SHA256:` and the hash in base64 without padding."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(_public(key)).digest()).decode().rstrip("=")


def public_line(key: Ed25519PublicKey) -> str:
    """A public key in one line, without a comment."""
    return _line(KEY_TYPE, _public(key))


def certify(authority: Ed25519PrivateKey, key: Ed25519PublicKey, vouched: Vouched, nonce: bytes) -> str:
    """The certificate of a public key in one line. `nonce` may be anything that is not the same each time."""
    body = b"".join((
        _string(CERTIFICATE_TYPE.encode()),
        _string(nonce),
        _string(key.public_bytes_raw()),
        struct.pack(">QI", vouched.serial, vouched.kind),
        _string(vouched.identity.encode()),
        _string(_strings(vouched.principals)),
        struct.pack(">QQ", vouched.after, vouched.before),
        _string(_options({})),
        _string(_options(dict.fromkeys(vouched.extensions, b""))),
        _string(b""),
        _string(_public(authority.public_key())),
    ))  # fmt: skip
    signature = _string(KEY_TYPE.encode()) + _string(authority.sign(body))
    return _line(CERTIFICATE_TYPE, body + _string(signature))


def _line(kind: str, data: bytes) -> str:
    return f"{kind} {base64.b64encode(data).decode()}"


def _public(key: Ed25519PublicKey) -> bytes:
    return _string(KEY_TYPE.encode()) + _string(key.public_bytes_raw())


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _strings(texts: Iterable[str]) -> bytes:
    return b"".join(_string(text.encode()) for text in texts)


def _options(options: Mapping[str, bytes]) -> bytes:
    """Names and data, sorted by name, as readers demand."""
    return b"".join(_string(name.encode()) + _string(options[name]) for name in sorted(options))
