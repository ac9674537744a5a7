"""Passwords that only the fleet can read: text for a tenant's file, sealed to a public key.

A key agreement with a key made for this one text (X25519), a key from it and from both public keys (HKDF with SHA-256),
ChaCha20-Poly1305: the construction of NaCl's sealed boxes with the primitives of RFC 7748, 5869 and 8439. Who the
password is for is authenticated with it, so a sealed text that is copied to another user opens nothing.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PREFIX = "sealed1:"
KEY_BYTES = 32
_MARK, _TAG = 4, 16
_NONCE = bytes(12)  # each key encrypts one text, so the nonce need not differ


class CannotOpen(Exception):
    """A sealed text that this fleet cannot read; the message says why and never what is in it."""


@dataclass(frozen=True, slots=True)
class SealingKey:
    """The fleet's key for passwords: 32 bytes of X25519."""

    private: bytes = field(repr=False)

    @classmethod
    def make(cls) -> SealingKey:
        """A new random key."""
        return cls(X25519PrivateKey.generate().private_bytes_raw())

    @property
    def public(self) -> bytes:
        """What texts are sealed to."""
        return X25519PrivateKey.from_private_bytes(self.private).public_key().public_bytes_raw()


def seal(public: bytes, purpose: str, text: str) -> str:
    """Seal `text` so that only who has the private half of `public` can read it, and only for `purpose`."""
    own = X25519PrivateKey.generate()
    sender = own.public_key().public_bytes_raw()
    key = _key(own.exchange(X25519PublicKey.from_public_bytes(public)), sender, public)
    body = ChaCha20Poly1305(key).encrypt(_NONCE, text.encode(), purpose.encode())
    return PREFIX + base64.urlsafe_b64encode(_mark(public) + sender + body).decode().rstrip("=")


def unseal(key: SealingKey, purpose: str, sealed: str) -> str:
    """The text in `sealed`. Raises CannotOpen."""
    encoded = sealed.removeprefix(PREFIX)
    try:
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise CannotOpen("it is damaged; paste the whole line that `saguire encrypt` printed") from error
    public = key.public
    if not sealed.startswith(PREFIX) or len(raw) < _MARK + KEY_BYTES + _TAG:
        raise CannotOpen("it is cut off; paste the whole line that `saguire encrypt` printed")
    mark, sender, body = raw[:_MARK], raw[_MARK : _MARK + KEY_BYTES], raw[_MARK + KEY_BYTES :]
    if mark != _mark(public):
        raise CannotOpen("it was encrypted for another fleet's key; encrypt the password again with `saguire encrypt`")
    try:
        shared = X25519PrivateKey.from_private_bytes(key.private).exchange(X25519PublicKey.from_public_bytes(sender))
        return ChaCha20Poly1305(_key(shared, sender, public)).decrypt(_NONCE, body, purpose.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise CannotOpen(
            "it was encrypted for another user, or changed since; encrypt it again with `saguire encrypt USER`"
        ) from error


def _key(shared: bytes, sender: bytes, public: bytes) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"titanicarus/1/sealed/" + sender + public).derive(shared)


def _mark(public: bytes) -> bytes:
    """Tells which fleet's key a text was sealed to."""
    return hashlib.sha256(b"titanicarus/1/sealed-for/" + public).digest()[:_MARK]
