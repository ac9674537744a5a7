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
from titanicarus.pki.krl import NoFingerprint, revocation_list
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
from titanicarus.pki.ssh import (
    HostKey,
    Kind,
    Vouched,
    certify,
    fingerprint,
    host_authority,
    host_fingerprint,
    issue_host_key,
    issue_service_key,
    public_line,
)

__all__ = [
    "KEY_BYTES",
    "Authority",
    "BrokenAuthority",
    "CannotOpen",
    "HostKey",
    "Island",
    "Issuer",
    "Kind",
    "Leaf",
    "NoFingerprint",
    "Request",
    "SealingKey",
    "TunnelKeys",
    "Vouched",
    "Window",
    "certify",
    "derive_password",
    "derive_tunnel_keys",
    "fingerprint",
    "host_authority",
    "host_fingerprint",
    "issue",
    "issue_host_key",
    "issue_service_key",
    "make_island",
    "make_root",
    "open_island",
    "open_root",
    "public_line",
    "revocation_list",
    "seal",
    "unseal",
    "window_at",
]
