"""The platform's internal certificate authority: a root, an intermediate per island, derived leaves.

Everything here is pure: keys, seeds and the time come in as arguments, PEM comes out. Why leaves are derived and not
stored: docs/adr/0010-derived-certificates.md.
"""

from titanicarus.pki.authority import (
    Authority,
    BrokenAuthority,
    Island,
    make_island,
    make_root,
    open_island,
    open_root,
)
from titanicarus.pki.leaf import (
    Issuer,
    Leaf,
    Request,
    TunnelKeys,
    Window,
    derive_password,
    derive_tunnel_keys,
    issue,
    window_at,
)
from titanicarus.pki.sealed import KEY_BYTES, CannotOpen, SealingKey, seal, unseal

__all__ = [
    "KEY_BYTES",
    "Authority",
    "BrokenAuthority",
    "CannotOpen",
    "Island",
    "Issuer",
    "Leaf",
    "Request",
    "SealingKey",
    "TunnelKeys",
    "Window",
    "derive_password",
    "derive_tunnel_keys",
    "issue",
    "make_island",
    "make_root",
    "open_island",
    "open_root",
    "seal",
    "unseal",
    "window_at",
]
