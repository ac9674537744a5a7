"""Root and intermediate certificates: made once at birth from random keys, then only read."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROOT_DAYS = 20 * 365
ISLAND_DAYS = 10 * 365
SEED_BYTES = 32
# Certificates count from a little before their birth, for a host whose clock is behind.
SKEW = timedelta(hours=1)


class BrokenAuthority(Exception):
    """Key, certificate and seed of an authority do not fit together; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority: PEM certificate and unencrypted PEM private key."""

    certificate_pem: str
    key_pem: str = field(repr=False)

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.certificate_pem.encode())

    @property
    def key(self) -> ec.EllipticCurvePrivateKey:
        key = serialization.load_pem_private_key(self.key_pem.encode(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise BrokenAuthority(f"the key of an authority must be an elliptic curve key, not {type(key).__name__}")
        return key


@dataclass(frozen=True, slots=True)
class Island:
    """The intermediate of one island and the 32 byte seed from which its leaves and passwords are derived."""

    name: str
    authority: Authority
    seed: bytes = field(repr=False)


def make_root(fleet: str, now: datetime) -> Authority:
    """A new self-signed root for the fleet. `now` is an aware time."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(fleet, f"{fleet} root")
    certificate = _authority_certificate(name, name, key.public_key(), key, path_length=None, now=now, days=ROOT_DAYS)
    return Authority(_pem(certificate), _key_pem(key))


def make_island(root: Authority, fleet: str, island: str, now: datetime) -> Island:
    """A new intermediate for `island`, signed by `root`, with a fresh random seed."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _authority_certificate(
        _name(fleet, f"{fleet} {island}"),
        root.certificate.subject,
        key.public_key(),
        root.key,
        path_length=0,
        now=now,
        days=ISLAND_DAYS,
    )
    return Island(island, Authority(_pem(certificate), _key_pem(key)), os.urandom(SEED_BYTES))


def open_root(certificate_pem: str, key_pem: str) -> Authority:
    """Check that key and certificate fit; raises BrokenAuthority."""
    root = Authority(certificate_pem, key_pem)
    _check_pair(root, "the root")
    return root


def open_island(name: str, certificate_pem: str, key_pem: str, seed: bytes, root_pem: str) -> Island:
    """Check an intermediate against its key, its seed and the root's certificate; raises BrokenAuthority."""
    authority = Authority(certificate_pem, key_pem)
    _check_pair(authority, f"island {name}")
    if len(seed) != SEED_BYTES:
        raise BrokenAuthority(f"the seed of island {name} has {len(seed)} bytes, expected {SEED_BYTES}")
    try:
        authority.certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(root_pem.encode()))
    except (InvalidSignature, ValueError, TypeError) as error:
        raise BrokenAuthority(f"the certificate of island {name} was not issued by the root beside it") from error
    return Island(name, authority, seed)


def _check_pair(authority: Authority, owner: str) -> None:
    try:
        certificate, key = authority.certificate, authority.key
    except (ValueError, TypeError) as error:
        raise BrokenAuthority(f"key or certificate of {owner} cannot be read: {error}") from error
    if certificate.public_key() != key.public_key():
        raise BrokenAuthority(f"key and certificate of {owner} do not belong together")


def _authority_certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    signing_key: ec.EllipticCurvePrivateKey,
    *,
    path_length: int | None,
    now: datetime,
    days: int,
) -> x509.Certificate:
    not_before = now.astimezone(UTC).replace(microsecond=0) - SKEW
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_before + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
        .sign(signing_key, hashes.SHA256())
    )


def _name(organisation: str, common: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
