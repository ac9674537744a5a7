"""What a person's password hash and groups may look like. As in `wording`, each check gives the value back or raises.

Nothing that stands where a hash belongs is ever shown: it may be a password.
"""

from __future__ import annotations

import re

from .database_wording import Confidential
from .wording import RESERVED_USERS, USER_NAME, text

GROUP_NAME = USER_NAME
HASHED = r"\$(y|6)\$[./A-Za-z0-9=$]+"
SHA512_ROUNDS = 5000
"""The least rounds of SHA-512, which is what crypt(3) does when none are named."""
_CHARACTERS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_YESCRYPT = re.compile(r"\$y\$(?P<costs>j[./0-9A-Za-z]{2,8})\$[./0-9A-Za-z]{16,86}\$[./0-9A-Za-z]{43}")
_YESCRYPT_COST = "9"  # N = 4096 and r = 32, the default of crypt(3)
_SHA512 = re.compile(r"\$6\$(rounds=(?P<rounds>[1-9][0-9]{3,8})\$)?[./0-9A-Za-z]{8,16}\$[./0-9A-Za-z]{86}")
_MAKE = "make one with `openssl passwd -6`, which asks for the password"
_WEAK = {
    "DES": re.compile(r"[./0-9A-Za-z]{13}|_[./0-9A-Za-z]{19}"),
    "MD5": re.compile(r"\$(1|md5|apr1)\$.*|[0-9a-f]{32}|\{(S?MD5)\}.*", re.IGNORECASE),
    "SHA-1": re.compile(r"\$sha1\$.*|[0-9a-f]{40}|\*[0-9A-F]{40}|\{S?SHA\}.*", re.IGNORECASE),
    "NT": re.compile(r"\$3\$.*"),
}
_FOREIGN = re.compile(r"\$(2[abxy]?|5|7|gy|argon2(i|d|id)|P|H|scrypt|pbkdf2[-a-z0-9]*)\$.*|\{[A-Z0-9-]+\}.*|pbkdf2.*")
_SYSTEM_GROUPS = (
    "dialout fax voice cdrom floppy tape src sasl plugdev input sgx kvm render netdev crontab ssl-cert ssh _ssh docker "
    "lxd wireshark systemd-journal"
)
RESERVED_GROUPS = RESERVED_USERS | frozenset(_SYSTEM_GROUPS.split())


def password_hash(value: object) -> str:
    """A hash of a password as crypt(3) of Debian makes and checks it: yescrypt or SHA-512, with their usual costs."""
    if not isinstance(value, str) or not value.strip():
        raise Confidential(f"should be a hash of a password in quotes, or left out; {_MAKE}")
    for kind, pattern in _WEAK.items():
        if pattern.fullmatch(value):
            raise Confidential(f"is a hash of a kind that is guessed in no time ({kind}); {_MAKE}")
    if value.startswith("$y$"):
        return _yescrypt(value)
    if value.startswith("$6$"):
        return _sha512(value)
    if _FOREIGN.fullmatch(value):
        raise Confidential(
            f"is a hash of a kind that is not taken here, only yescrypt ($y$) and SHA-512 ($6$); {_MAKE}"
        )
    raise Confidential(f"is no hash of a password; {_MAKE}; if this was a password in clear text, take another one")


def _yescrypt(value: str) -> str:
    found = _YESCRYPT.fullmatch(value)
    if found is None:
        raise Confidential("is cut off or damaged; paste the whole line, in single quotes")
    if _CHARACTERS.index(found["costs"][1]) < _CHARACTERS.index(_YESCRYPT_COST):
        raise Confidential(f"is a yescrypt hash that costs too little to guess; {_MAKE}")
    return value


def _sha512(value: str) -> str:
    found = _SHA512.fullmatch(value)
    if found is None:
        raise Confidential("is cut off or damaged; paste the whole line, in single quotes")
    if int(found["rounds"] or SHA512_ROUNDS) < SHA512_ROUNDS:
        raise Confidential(f"is a SHA-512 hash of less than {SHA512_ROUNDS} rounds, too few; {_MAKE}")
    return value


def group_name(value: object) -> str:
    """A group of people of one tenant, which no group or user of the system is called like."""
    name = text(value)
    if not re.fullmatch(GROUP_NAME, name):
        raise ValueError(
            "a group has at most 31 small letters, digits, dashes and underscores, and starts with a letter"
        )
    if name in RESERVED_GROUPS or name.startswith("systemd-"):
        raise ValueError(f'"{name}" is a group of the system; choose another')
    if name.startswith("www-"):
        raise ValueError('names that start with "www-" belong to web sites; choose another')
    return name
