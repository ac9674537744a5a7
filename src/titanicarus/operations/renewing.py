"""`saguire keys rotate` and `revoke`: keys made anew, and SSH keys that no host takes any more."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from titanicarus import pki
from titanicarus.control import operators, secrets
from titanicarus.control.operators import Entry
from titanicarus.control.renewals import Renewals, Revoked
from titanicarus.fleet import Declaration
from titanicarus.fleet.problems import did_you_mean
from titanicarus.fleet.sftp import sftp_servers
from titanicarus.lab import Lab
from titanicarus.operations.errors import OperationFailed
from titanicarus.operations.ssh import REGISTER

OPERATORS = "operators"
NEXT = "saguire push && saguire apply"


def rotate(lab: Lab, declaration: Declaration, what: str) -> str:
    """Let a host, a site, an island's SFTP (`sftp.<island>`) or the operators' authority have a new key from the next
    push and apply on; gives a sentence.

    What has the old key goes on until then. Raises OperationFailed when it is none of these, BrokenSecrets.
    """
    sites = {site.name for _, site in declaration.sites}
    hosts = {host.id for host in declaration.fleet.hosts}
    if what == OPERATORS:
        secrets.renew_operators_key(lab.secrets)
        return f"operators' certificates have a new signer; all that were made before end with `{NEXT}`"
    services = {f"sftp.{name}" for name in declaration.fleet.islands if sftp_servers(declaration.fleet, name)}
    kinds = {"host": hosts, "site": sites, "service": services}
    kind = next((kind for kind, names in kinds.items() if what in names), None)
    if kind is None:
        known = sorted({*hosts, *sites, *services, OPERATORS})
        raise OperationFailed(f"{what} is no host, site, `sftp.ISLAND` or `{OPERATORS}`{did_you_mean(what, known)}")
    secrets.renew(lab.secrets, lambda renewals: renewals.turned(kind, what))
    return f"{what} has a new key from the next `{NEXT}` on"


def revoke(lab: Lab, declaration: Declaration, what: str, *, why: str, by: str, now: datetime) -> tuple[Revoked, ...]:
    """Let no host take an SSH key any more, from the next push and apply on; gives what was revoked.

    `what` is a host (its key of now and that of the window before; it gets a new one), an operator (every certificate
    that has not ended), the number of such a certificate, a fingerprint, or a file with a public key.
    Raises OperationFailed when it is none of these, BrokenSecrets, BrokenRegister.
    """
    at = int(now.timestamp())
    if what in {host.id for host in declaration.fleet.hosts}:
        keys = secrets.load(declaration.fleet, lab.secrets)
        turn = keys.renewals.turn("host", what)
        fingerprints = host_fingerprints(declaration, keys.islands, what, turn, now)
        gone = tuple(Revoked(one, f"host key of {what}", why, by, at) for one in fingerprints)
        secrets.renew(lab.secrets, lambda renewals: renewals.without(gone).turned("host", what))
        return gone
    standing = operators.standing(operators.noted(lab.layout.home / REGISTER), now)
    named = [one for one in standing if what in {one.operator, f"{one.serial:x}"}]
    found = [(one.fingerprint, _describe(one)) for one in named] or [(_fingerprint(what), "a key")]
    gone = tuple(Revoked(fingerprint, whose, why, by, at) for fingerprint, whose in found)

    def without(renewals: Renewals) -> Renewals:
        return renewals.without(gone)

    secrets.renew(lab.secrets, without)
    return gone


def host_fingerprints(
    declaration: Declaration, islands: Mapping[str, pki.Island], host_id: str, turn: int, now: datetime
) -> tuple[str, ...]:
    """Of the host's key of this window and of the one before, which a host has that was not applied since."""
    days = declaration.policy.certificate_days
    island = islands[declaration.fleet.host(host_id).island]
    windows = (pki.window_at(now, days), pki.window_at(now - timedelta(days=days) * 2 / 3, days))
    return tuple(pki.host_fingerprint(island, host_id, window, turn=turn) for window in windows)


def _describe(entry: Entry) -> str:
    return f"certificate {entry.serial:x} of operator {entry.operator}"


def _fingerprint(what: str) -> str:
    """Of a key that is named by its fingerprint, or lies in a file. Raises OperationFailed."""
    path = Path(what)
    if path.is_file():
        words = path.read_text(errors="replace").split()
        try:
            return f"SHA256:{base64.b64encode(_hash(words)).decode().rstrip('=')}"
        except (ValueError, IndexError):
            raise OperationFailed(f"{path} holds no public key in one line, such as `ssh-ed25519 AAAA…`") from None
    try:
        pki.revocation_list([what], 0)
    except pki.NoFingerprint:
        raise OperationFailed(
            f"{what} is no host, no operator with a certificate that counts, no number of one (`saguire keys list`),"
            " no fingerprint (SHA256:…) and no file with a public key"
        ) from None
    return what


def _hash(words: list[str]) -> bytes:
    """Of the key in the second word, which begins with the first one."""
    data = base64.b64decode(words[1], validate=True)
    if not words[0].startswith(("ssh-", "ecdsa-", "sk-")) or words[0].encode() not in data[:64]:
        raise ValueError(words[0])
    return hashlib.sha256(data).digest()
