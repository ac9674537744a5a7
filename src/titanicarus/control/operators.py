"""Operators over SSH: certificates that end after minutes or hours, and the register of those that were made.

The key that signs them stays with the operators, beside the root's (titanicarus.control.secrets). Hosts know its public
half, and which names may become root: so it works with the directory, the masters and every other host dead.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from titanicarus import pki
from titanicarus.control.errors import ControlError

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=12)
SKEW = timedelta(minutes=5)
"""Certificates count from a little before they are made, for a host whose clock is behind."""
ALLOWED = ("permit-port-forwarding", "permit-pty")
NONCE_BYTES = 32


class NoPass(ControlError):
    """No certificate can be made; the message says why."""


class BrokenRegister(ControlError):
    """The register of certificates cannot be read; the message has its path and line."""


@dataclass(frozen=True, slots=True)
class Pass:
    """A new key (in OpenSSH's own form, for clients of any age) and its certificate, in one line."""

    entry: Entry
    key: str = field(repr=False)
    certificate: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What the register has of a certificate. `began` and `ends` are seconds since 1970; `fingerprint` is that of its
    key, as sshd writes it; `by` is who made it, and for which `host` and `login`."""

    serial: int
    operator: str
    fingerprint: str
    host: str
    login: str
    began: int
    ends: int
    by: str


def choose_operator(operators: tuple[str, ...], wanted: str | None, environment: Mapping[str, str]) -> str:
    """Who asks: who is named, or $SAGUIRE_OPERATOR, or the only operator that there is. Raises NoPass."""
    known = ", ".join(operators)
    if not operators:
        raise NoPass("pillar/policy.yaml names no operator: add a login name to `operators:`, push and apply")
    name = wanted or environment.get("SAGUIRE_OPERATOR")
    if name is None and len(operators) == 1:
        return operators[0]
    if name is None:
        raise NoPass(f"say which operator you are, with --operator or in SAGUIRE_OPERATOR: {known}")
    if name not in operators:
        raise NoPass(f"{name} is no operator (`operators:` in pillar/policy.yaml has {known})")
    return name


def make_pass(
    authority: Ed25519PrivateKey, operator: str, host: str, login: str, *, lasts: timedelta, now: datetime, by: str
) -> Pass:
    """A key for this one time, and a certificate that names the operator. Raises NoPass for a span that is not
    between a minute and twelve hours, and for a login that is neither root nor the operator's own."""
    if login not in {"root", operator}:
        raise NoPass(f"an operator signs in as root or under the own name, {operator} (found {login})")
    if not SHORTEST <= lasts <= LONGEST:
        raise NoPass(
            "a certificate of an operator ends after one minute at the earliest and twelve hours at the latest"
        )
    key = Ed25519PrivateKey.generate()
    began, ends = int(now.timestamp()), int((now + lasts).timestamp())
    entry = Entry(
        serial=secrets.randbits(63) | 1,
        operator=operator,
        fingerprint=pki.fingerprint(key.public_key()),
        host=host,
        login=login,
        began=began,
        ends=ends,
        by=by,
    )
    vouched = pki.Vouched(
        kind=pki.Kind.USER,
        serial=entry.serial,
        identity=operator,
        principals=(operator,),
        after=began - int(SKEW.total_seconds()),
        before=ends,
        extensions=ALLOWED,
    )
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    ).decode()
    return Pass(entry, text, pki.certify(authority, key.public_key(), vouched, os.urandom(NONCE_BYTES)))


def note(register: Path, entry: Entry) -> None:
    """Write it down, to stay, before it is used."""
    register.parent.mkdir(parents=True, exist_ok=True)
    register.touch(0o600)
    with register.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.write(json.dumps(asdict(entry)) + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def noted(register: Path) -> tuple[Entry, ...]:
    """Every certificate that was made, the oldest first. Raises BrokenRegister."""
    if not register.is_file():
        return ()
    found = []
    for number, line in enumerate(register.read_text().splitlines(), 1):
        try:
            found.append(Entry(**json.loads(line)))
        except (ValueError, TypeError) as error:
            raise BrokenRegister(f"{register}, line {number}: found no entry of a certificate ({error})") from error
    return tuple(found)


def standing(entries: tuple[Entry, ...], now: datetime) -> tuple[Entry, ...]:
    """Those that have not ended."""
    return tuple(entry for entry in entries if datetime.fromtimestamp(entry.ends, UTC) > now)
