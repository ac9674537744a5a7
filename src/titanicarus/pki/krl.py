"""SSH keys that are not taken any more, as a list in OpenSSH's own form (PROTOCOL.krl in its sources)."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable

MAGIC = 0x5353484B524C0A00
FORMAT = 1
SECTION_SHA256 = 5
_FINGERPRINT = "SHA256:"
HASH_BYTES = 32


class NoFingerprint(ValueError):
    """A text that is not `SHA256:` and the hash of a key; the message shows it."""


def revocation_list(fingerprints: Iterable[str], version: int) -> bytes:
    """The list that refuses these keys and every certificate of them. The same arguments give the same bytes.

    `version` should grow; it is also the time, in seconds since 1970, that the list says it was made. Raises
    NoFingerprint.
    """
    hashes = b"".join(_string(hashed) for hashed in sorted({_hash(text) for text in fingerprints}))
    header = struct.pack(">QIQQQ", MAGIC, FORMAT, version, version, 0) + _string(b"") + _string(b"")
    return header + (bytes([SECTION_SHA256]) + _string(hashes) if hashes else b"")


def _hash(text: str) -> bytes:
    try:
        hashed = base64.b64decode(text.removeprefix(_FINGERPRINT) + "=", validate=True)
    except ValueError:
        hashed = b""
    if not text.startswith(_FINGERPRINT) or len(hashed) != HASH_BYTES:
        raise NoFingerprint(f"{text!r} is no fingerprint of a key, which is SHA256: and 43 characters")
    return hashed


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data
