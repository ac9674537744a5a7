"""Leaf certificates that are derived, not stored: the same inputs give the same bytes on every control host."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from titanicarus.pki.authority import SKEW, BrokenAuthority, Island

# Order of the group of P-256 (SEC 2, section 2.4.2).
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
COMMON_NAME_LIMIT = 64


@dataclass(frozen=True, slots=True)
class Window:
    """A span of validity that everybody computes alike: number `index`, from `start` for `days` days."""

    index: int
    start: datetime
    days: int

    @property
    def not_before(self) -> datetime:
        return self.start - SKEW

    @property
    def not_after(self) -> datetime:
        return self.start + timedelta(days=self.days)


def window_at(now: datetime, days: int) -> Window:
    """The window in force at `now` for certificates that live `days` days.

    Windows begin every two thirds of a life, counted from 1970, so hosts whose clocks differ a little agree except
    in the moment of a change, and a certificate issued at any time still has at least a third of its life left.
    """
    if days < 3:
        raise ValueError(f"certificates must live at least 3 days, not {days}")
    period = timedelta(days=days) * 2 / 3
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    index = (now - epoch) // period
    start = epoch + index * period
    return Window(index, start.replace(microsecond=0), days)


@dataclass(frozen=True, slots=True)
class Request:
    """What a certificate is for. `kind` and `name` name the key ("site", "shop.example"), `names` are DNS names,
    `addresses` IP addresses; `client` also allows its use as a client certificate; `turn` says how often its key was
    made anew."""

    kind: str
    name: str
    names: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    client: bool = False
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Leaf:
    """PEM texts: the leaf alone, its private key (PKCS#8), and the issuing intermediate."""

    certificate: str
    key: str = field(repr=False)
    chain: str

    @property
    def bundle(self) -> str:
        """Key, leaf and intermediate in one text, as HAProxy reads it."""
        return self.key + self.certificate + self.chain


@dataclass(frozen=True)
class Issuer:
    """An island's intermediate with its key parsed once, for issuing many leaves."""

    island: Island

    @cached_property
    def key(self) -> ec.EllipticCurvePrivateKey:
        return self.island.authority.key

    @cached_property
    def subject(self) -> x509.Name:
        return self.island.authority.certificate.subject

    @cached_property
    def not_after(self) -> datetime:
        return self.island.authority.certificate.not_valid_after_utc

    @cached_property
    def authority_key_identifier(self) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever the intermediate or the seed does: part of the key of every cached certificate."""
        return hashlib.sha256(
            self.island.authority.certificate_pem.encode() + hashlib.sha256(self.island.seed).digest()
        ).hexdigest()


def issue(issuer: Issuer | Island, request: Request, window: Window) -> Leaf:
    """Derive key and certificate for `request` in `window`. The same arguments give the same bytes, always.

    Raises BrokenAuthority when the intermediate ends before the leaf would.
    """
    issuer = issuer if isinstance(issuer, Issuer) else Issuer(issuer)
    if issuer.not_after < window.not_after:
        raise BrokenAuthority(
            f"the intermediate of island {issuer.island.name} ends on {issuer.not_after:%Y-%m-%d}, before a certificate"
            f" for {request.name} would ({window.not_after:%Y-%m-%d}): renew the intermediate first (docs/control.md)"
        )
    key = _derive_key(issuer.island.seed, request, window)
    public_key = key.public_key()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_subject(request))
        .issuer_name(issuer.subject)
        .public_key(public_key)
        .serial_number(_serial(issuer, request, window))
        .not_valid_before(window.not_before)
        .not_valid_after(window.not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_KEY_USAGE, critical=True)
        .add_extension(_extended_usage(request), critical=False)
        .add_extension(_alternative_names(request), critical=not _has_common_name(request))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(issuer.authority_key_identifier, critical=False)
        .sign(issuer.key, hashes.SHA256(), ecdsa_deterministic=True)
    )
    return Leaf(
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
        issuer.island.authority.certificate_pem,
    )


def derive_password(seed: bytes, purpose: str) -> str:
    """A password of 192 bits for `purpose` ("session/shop.example"), in URL-safe characters without padding."""
    return base64.urlsafe_b64encode(expand(seed, f"password/{purpose}", 24)).decode()


@dataclass(frozen=True, slots=True)
class TunnelKeys:
    """The two halves of a WireGuard key, in WireGuard's own form (base64 of 32 bytes)."""

    private: str = field(repr=False)
    public: str


def derive_tunnel_keys(seed: bytes) -> TunnelKeys:
    """An island's keys for the tunnels to the other islands: the same ones wherever the seed is known."""
    key = X25519PrivateKey.from_private_bytes(expand(seed, "wireguard", 32))
    halves = (key.private_bytes_raw(), key.public_key().public_bytes_raw())
    return TunnelKeys(*(base64.b64encode(half).decode() for half in halves))


_KEY_USAGE = x509.KeyUsage(
    digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
    key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
)  # fmt: skip


def expand(seed: bytes, info: str, length: int) -> bytes:
    """`length` bytes for the purpose `info`; whoever has them learns nothing of the seed or of other purposes."""
    # The seed is uniformly random, so HKDF's extract step has nothing to add (RFC 5869, section 3.3).
    return HKDFExpand(hashes.SHA256(), length, b"titanicarus/1/" + info.encode()).derive(seed)


def turned(turn: int) -> list[int]:
    """What a key's turn adds to its derivation: nothing for the first, which all keys of a young fleet have."""
    return [turn] if turn else []


def _derive_key(seed: bytes, request: Request, window: Window) -> ec.EllipticCurvePrivateKey:
    # 128 bits more than the order needs: the bias of the reduction is below 2^-128 (FIPS 186-5, A.2.1).
    label = json.dumps(["leaf", request.kind, request.name, window.index, window.days, *turned(request.turn)])
    wide = int.from_bytes(expand(seed, label, 48), "big")
    return ec.derive_private_key(wide % (P256_ORDER - 1) + 1, ec.SECP256R1())


def _serial(issuer: Issuer, request: Request, window: Window) -> int:
    """Unique for each distinct certificate of an issuer, at most 159 bits and positive (RFC 5280, 4.1.2.2)."""
    facts = [
        issuer.fingerprint, request.kind, request.name, request.names, request.addresses, request.client,
        window.index, window.days, *turned(request.turn),
    ]  # fmt: skip
    digest = hashlib.sha256(json.dumps(facts).encode()).digest()
    return int.from_bytes(digest[:20], "big") >> 1 | 1


def _has_common_name(request: Request) -> bool:
    return len(request.name) <= COMMON_NAME_LIMIT


def _subject(request: Request) -> x509.Name:
    if not _has_common_name(request):
        return x509.Name([])
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, request.name)])


def _extended_usage(request: Request) -> x509.ExtendedKeyUsage:
    usages = [ExtendedKeyUsageOID.SERVER_AUTH]
    if request.client:
        usages.append(ExtendedKeyUsageOID.CLIENT_AUTH)
    return x509.ExtendedKeyUsage(usages)


def _alternative_names(request: Request) -> x509.SubjectAlternativeName:
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in dict.fromkeys(request.names)]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in request.addresses]
    return x509.SubjectAlternativeName(names)
