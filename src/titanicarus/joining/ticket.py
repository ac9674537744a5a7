"""Tickets: what one is, how it is made, and whether a request with one is good. Pure but for the ticket's random key.

The fleet's signing key says that a ticket is for one name and until when. Who holds the ticket's own key can put one
public Salt key under it; that key stays with the machine and the operator's tool that made it, and never travels: what
goes over the network can let in the key that it names, and no other.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from titanicarus.control.errors import ControlError
from titanicarus.control.joined import Joined

LEAST_SECONDS, MOST_SECONDS = 60, 7 * 86400
"""For how long a ticket may be good."""
EARLY_SECONDS = 600
"""Clocks may differ by as much; a ticket from further ahead was made by a clock that is wrong."""
LEAST_BITS, MOST_BITS = 2048, 8192
_TICKET, _KEY = b"titanicarus ticket 1\n", b"titanicarus key 1\n"
# Salt signs other things with the same key, with PKCS#1 v1.5: no signature of one kind is one of the other.
PADDING = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
"""Of all that is signed for machines that join."""

Data = Mapping[str, Any]


class NotLetIn(ControlError):
    """A request that is refused; the message says why."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """For `host`, from `made` to `ends` (Unix seconds). `verifier` (32 bytes, Ed25519) belongs to the ticket's own key,
    `signature` is the fleet's."""

    host: str
    verifier: bytes
    made: int
    ends: int
    signature: bytes = b""

    @property
    def number(self) -> str:
        """Eight digits to speak of it."""
        return hashlib.sha256(self.said()).hexdigest()[:8]

    def said(self) -> bytes:
        """What the fleet signs."""
        document = {"host": self.host, "verifier": _text(self.verifier), "made": self.made, "ends": self.ends}
        return _TICKET + json.dumps(document, sort_keys=True).encode()

    def document(self) -> dict[str, Any]:
        """As JSON-able data."""
        texts = {"verifier": _text(self.verifier), "signature": _text(self.signature)}
        return {"host": self.host, "made": self.made, "ends": self.ends, **texts}

    @classmethod
    def of(cls, document: Data) -> Ticket:
        """Raises NotLetIn for anything that is none."""
        try:
            host, made, ends = document["host"], document["made"], document["ends"]
            verifier, signature = _bytes(document["verifier"]), _bytes(document["signature"])
        except (KeyError, TypeError, ValueError) as error:
            raise NotLetIn(f"the ticket cannot be read: {error!r}") from error
        if not (isinstance(host, str) and type(made) is int and type(ends) is int):
            raise NotLetIn("the ticket cannot be read: its name or its times are none")
        return cls(host, verifier, made, ends, signature)


@dataclass(frozen=True, slots=True)
class Token:
    """A ticket and its own key (32 bytes): what is handed to the machine, and to nobody else."""

    ticket: Ticket
    secret: bytes = field(repr=False)

    def document(self) -> dict[str, Any]:
        """As JSON-able data; secret."""
        return {"ticket": self.ticket.document(), "secret": _text(self.secret)}

    @classmethod
    def of(cls, document: Data) -> Token:
        """Raises NotLetIn for anything that is none."""
        try:
            return cls(Ticket.of(document["ticket"]), _bytes(document["secret"]))
        except (KeyError, TypeError, ValueError) as error:
            raise NotLetIn("the token cannot be read") from error


def issue(host: str, seconds: int, now: float, sign: str) -> Token:
    """A new token for a host, good for `seconds` from `now` (Unix seconds). `sign`: the fleet's signing key (PEM).

    Raises NotLetIn for a time that is too short or too long.
    """
    if not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        raise NotLetIn(
            f"a ticket for {seconds} s: write a time between {LEAST_SECONDS} s and {MOST_SECONDS // 86400} days"
        )
    own = ed25519.Ed25519PrivateKey.generate()
    verifier = own.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    ticket = Ticket(host, verifier, int(now), int(now) + seconds)
    key = serialization.load_pem_private_key(sign.encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey), "checked when the secrets were read"
    signature = key.sign(ticket.said(), PADDING, hashes.SHA256())
    secret = own.private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    )
    return Token(Ticket(host, verifier, ticket.made, ticket.ends, signature), secret)


def request(token: Token, public: str) -> dict[str, Any]:
    """What a machine asks for: that its Salt key (`public`, PEM) be let in. Not secret."""
    own = ed25519.Ed25519PrivateKey.from_private_bytes(token.secret)
    return {
        "ticket": token.ticket.document(),
        "public": public,
        "proof": _text(own.sign(_put(token.ticket, public))),
    }


def judge(document: Data, sign: str, known: Mapping[str, Joined], now: float) -> Joined:
    """What a request lets in. `sign`: the public half of the fleet's signing key (PEM); `known`: whom this control host
    let in by tickets before. The same key may come again with its ticket, because answers get lost.

    Raises NotLetIn: not of this fleet, forged, used, superseded or over.
    """
    ticket = Ticket.of(_part(document, "ticket", dict))
    _signed_by_the_fleet(ticket, sign)
    public = _part(document, "public", str)
    try:
        verifier = ed25519.Ed25519PublicKey.from_public_bytes(ticket.verifier)
        verifier.verify(_bytes(_part(document, "proof", str)), _put(ticket, public))
    except (InvalidSignature, ValueError) as error:
        raise NotLetIn("the key was not put there by who holds the ticket") from error
    _salt_key(public)
    wanted, before = Joined(public, ticket.made, ticket.number), known.get(ticket.host)
    if before == wanted:
        return wanted
    if before and before.number == wanted.number:
        raise NotLetIn(f"ticket {ticket.number} for {ticket.host} was used already, with another key")
    if before and before.made >= ticket.made:
        raise NotLetIn(f"ticket {ticket.number} for {ticket.host} is older than the key that counts now")
    if now > ticket.ends:
        raise NotLetIn(
            f"ticket {ticket.number} for {ticket.host} ended {now - ticket.ends:.0f} s ago: make another one"
        )
    if ticket.made > now + EARLY_SECONDS:
        raise NotLetIn(f"ticket {ticket.number} for {ticket.host} is from the future: is a clock wrong?")
    return wanted


def _signed_by_the_fleet(ticket: Ticket, sign: str) -> None:
    key = serialization.load_pem_public_key(sign.encode())
    assert isinstance(key, rsa.RSAPublicKey), "the file that every host has had since its birth"
    try:
        key.verify(ticket.signature, ticket.said(), PADDING, hashes.SHA256())
    except InvalidSignature as error:
        raise NotLetIn("the ticket is not one of this fleet") from error


def _salt_key(public: str) -> None:
    """Exactly one RSA key in the form that Salt compares, and nothing beside it."""
    try:
        key = serialization.load_pem_public_key(public.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise NotLetIn("the key is no public key") from error
    if not isinstance(key, rsa.RSAPublicKey) or not LEAST_BITS <= key.key_size <= MOST_BITS:
        raise NotLetIn(f"the key is no RSA key of {LEAST_BITS} to {MOST_BITS} bits")
    form = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    if form.decode() != public:
        raise NotLetIn("the key is not in the form that Salt writes")


def _part(document: Data, name: str, kind: type[Any]) -> Any:
    if not isinstance(document, Mapping) or not isinstance(document.get(name), kind):
        raise NotLetIn(f"the request has no `{name}`")
    return document[name]


def _put(ticket: Ticket, public: str) -> bytes:
    return _KEY + ticket.said() + b"\n" + public.encode()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: object) -> bytes:
    if isinstance(text, str):
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise ValueError("no base 64") from error
    raise ValueError("no text")
