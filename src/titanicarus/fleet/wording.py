"""What a single value may look like. Each check gives the value back or raises ValueError with advice.

These patterns are also what keeps a configuration file whole: no quote, space, brace, dollar, semicolon or control
character passes through any of them into a template.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from ipaddress import IPv4Address, IPv4Network

from .problems import did_you_mean
from .roles import OTHER_WORDS, Role

FLEET_NAME = r"[a-z][a-z0-9]{0,19}"
SHORT_NAME = r"[a-z][a-z0-9]{0,9}"
TENANT_NAME = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
USER_NAME = r"[a-z][a-z0-9_-]{0,30}"
LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
DNS_NAME = rf"({LABEL}\.)+[a-z]([a-z0-9-]{{0,61}}[a-z0-9])?"
URL_PATH = r"/[A-Za-z0-9._~/@+=,!:-]*"
TARGET_REST = r"[A-Za-z0-9._~/@+=,!:?&#%-]*"
FOLDER = r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*"
WEBHOOK = r"https://[a-z0-9.-]+(:[0-9]{1,5})?([/?#][A-Za-z0-9._~/@+=,!:?&#%-]*)?"
EMAIL = r"[A-Za-z0-9._%+-]{1,64}@" + DNS_NAME

PLATFORM_PATHS = ("/healthz", "/.well-known/acme-challenge")  # answered before any site sees them
SITE_NAME_LIMIT = 200  # a site's name is also a file name with something after it, and 255 is the most for those

_RESERVED_USERS = (
    "root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats nobody nogroup admin "
    "administrator operator sudo wheel adm staff users shadow utmp video audio disk tty kmem systemd-network "
    "systemd-resolve systemd-timesync systemd-coredump messagebus sshd salt haproxy nginx keepalived mysql mariadb "
    "postgres redis valkey postfix postdrop dovecot dovenull vmail opendkim rspamd _rspamd openldap ldap sssd gluster "
    "bind knot unbound dnsmasq ntp chrony _chrony polkitd tss titanicarus keeper saguire ubuntu debian guest"
)
RESERVED_USERS = frozenset(_RESERVED_USERS.split())
_KEY_TYPES: dict[str, int | None] = {
    "ssh-ed25519": 32, "sk-ssh-ed25519@openssh.com": 32, "ssh-rsa": None, "ecdsa-sha2-nistp256": None,
    "ecdsa-sha2-nistp384": None, "ecdsa-sha2-nistp521": None, "sk-ecdsa-sha2-nistp256@openssh.com": None,
}  # fmt: skip
_RSA_BITS = 2048
_SYNTAX = frozenset(':,;"\\{}<>$`|')  # means something in passwd, LDAP, shells or templates


def text(value: object) -> str:
    """Text of one line or more; numbers, lists and nothing are told apart."""
    if isinstance(value, str):
        if not value.strip():
            raise ValueError("is empty; write a value or leave the key out")
        return value
    if value is None:
        raise ValueError("is empty; write a value or leave the key out")
    if isinstance(value, bool | int | float):
        raise ValueError(f'should be text; put it in quotes: "{str(value).lower()}"')  # noqa: TRY004
    kind = "a list" if isinstance(value, list) else "a mapping"
    raise ValueError(f"should be text and is {kind}")


def boolean(value: object) -> bool:
    """`true` or `false`, and no other way to say yes."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    hint = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}.get(word)
    raise ValueError(f"write {hint}" if hint else "write true or false")


def whole_number(value: object, least: int, most: int, unit: str) -> int:
    """A whole number of `unit` between `least` and `most`, both allowed."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"should be a whole number of {unit}, from {least} to {most}, without quotes")  # noqa: TRY004
    if not least <= value <= most:
        raise ValueError(f"should be from {least} to {most} {unit}")
    return value


def number(value: object, least: float, most: float, unit: str) -> float:
    """A number of `unit` between `least` and `most`, both allowed, with or without a decimal point."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"should be a number of {unit}, from {least:g} to {most:g}, without quotes")  # noqa: TRY004
    if not least <= value <= most:
        raise ValueError(f"should be from {least:g} to {most:g} {unit}")
    return float(value)


def short_name(value: object) -> str:
    """The name of an island or host: it becomes part of minion ids and DNS names."""
    name = text(value)
    if not re.fullmatch(SHORT_NAME, name):
        plain = re.sub(r"[^a-z0-9]", "", name.lower()).lstrip("0123456789")[:10]
        hint = f', for example "{plain}"' if plain else ""
        raise ValueError(f"names have 1 to 10 small letters and digits and start with a letter{hint}")
    if name == "vip":
        raise ValueError('"vip" is the name of the address that the load balancers share; choose another')
    return name


def fleet_name(value: object) -> str:
    """The name of a fleet, at most 20 letters and digits."""
    name = text(value)
    if not re.fullmatch(FLEET_NAME, name):
        raise ValueError("a fleet's name has 1 to 20 small letters and digits and starts with a letter")
    return name


def tenant_name(value: object) -> str:
    """The name of a tenant; its file is called `<name>.yaml`."""
    name = text(value)
    if len(name) > 32 or not re.fullmatch(TENANT_NAME, name):
        raise ValueError(
            "a tenant's name has at most 32 small letters, digits and single dashes, and starts with a letter"
        )
    return name


def user_name(value: object) -> str:
    """A Unix login name that no system user has."""
    name = text(value)
    if not re.fullmatch(USER_NAME, name):
        raise ValueError(
            "a user name has at most 31 small letters, digits, dashes and underscores, and starts with a letter"
        )
    if name in RESERVED_USERS or name.startswith("systemd-"):
        raise ValueError(f'"{name}" is a name of the system; choose another')
    if name.startswith("www-"):
        raise ValueError('names that start with "www-" belong to web sites; choose another')
    return name


def full_name(value: object) -> str:
    """A person's name as shown, in any script."""
    name = text(value)
    if not name.isprintable() or set(name) & _SYNTAX or len(name) > 100 or name != name.strip():
        raise ValueError(
            f"a full name is one line of at most 100 characters, without {' '.join(sorted(_SYNTAX))} or outer spaces"
        )
    return name


def email(value: object) -> str:
    """A mail address."""
    address = text(value)
    if not re.fullmatch(EMAIL, address) or ".." in address:
        raise ValueError('should be a mail address such as "alice@harbour.example"')
    return address


def relay(value: object) -> str:
    """A mail server: a host name, or that and a port."""
    word = text(value)
    name, colon, port = word.partition(":")
    dns_name(name)
    if colon and not (re.fullmatch(r"[0-9]{1,5}", port) and 1 <= int(port) <= 65535):
        raise ValueError("should be a host such as mail.example.org, or host and port such as mail.example.org:465")
    return word


def webhook(value: object) -> str:
    """An https URL that something is posted to. It may hold a secret, so nobody is told what was found."""
    word = text(value)
    match = re.fullmatch(rf"https://(?P<name>[^/:?#]*)(:(?P<port>[0-9]{{1,5}}))?([/?#]{TARGET_REST})?", word)
    if not match or len(word) > 500 or not (1 <= int(match["port"] or 443) <= 65535):
        raise ValueError("should be an https address of at most 500 characters, such as https://chat.example.org/hook")
    try:
        dns_name(match["name"])
    except ValueError as error:
        raise ValueError(f"the name in this URL: {error}") from None
    return word


def dns_name(value: object) -> str:
    """A host name of at least two labels, in small ASCII letters, without a dot at its end."""
    name = text(value)
    if len(name) > 253 or not re.fullmatch(DNS_NAME, name):
        raise ValueError(_dns_name_advice(name))
    for label in name.split("."):
        if label.startswith("xn--"):
            _check_punycode(label)
    return name


def site_name(value: object) -> str:
    """A DNS name that also becomes the name of folders and files."""
    name = dns_name(value)
    if len(name) > SITE_NAME_LIMIT:
        raise ValueError(
            f"a site's name has at most {SITE_NAME_LIMIT} characters, because files are named after it; "
            "use a shorter name and make this one an alias"
        )
    return name


def _check_punycode(label: str) -> None:
    try:
        label.encode("ascii").decode("idna")
    except UnicodeError:
        raise ValueError(f'"{label}" is not a valid encoding of an international name') from None


def _dns_name_advice(name: str) -> str:
    """Why this is not a DNS name, and what was perhaps meant."""
    bare = re.sub(r"^[a-zA-Z]+://", "", name).split("/")[0].split(":")[0].rstrip(".").lower()
    advice = {
        "wildcards are not possible; list each name as an alias": "*" in name,
        f"write an international name in its ASCII form{_ascii_form(name)}": not name.isascii(),
        'host names have no "_"; use "-"': "_" in name,
        f'write only the name, in small letters: "{bare}"': bare != name and re.fullmatch(DNS_NAME, bare),
        "is an address, and a DNS name is expected": re.fullmatch(r"[0-9.]+", name),
        f'needs at least two parts, for example "{name}.example"': re.fullmatch(LABEL, name),
        "is too long: a DNS name has at most 253 characters, and 63 between two dots": len(name) > 253
        or any(len(label) > 63 for label in name.split(".")),
        "is not a DNS name: letters, digits and dashes between dots, no dash at an end of a part, no empty part": True,
    }
    return next(sentence for sentence, fits in advice.items() if fits)


def _ascii_form(name: str) -> str:
    try:
        ascii_name = name.lower().encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    return f', "{ascii_name}"' if re.fullmatch(DNS_NAME, ascii_name) else ""


def address(value: object) -> IPv4Address:
    """One IPv4 address."""
    word = text(value)
    try:
        return ipaddress.IPv4Address(word)
    except ValueError:
        pass
    if ":" in word:
        raise ValueError("IPv6 is not carried yet; write an IPv4 address")
    if "/" in word:
        raise ValueError(f'write only the address, without the prefix length: "{word.split("/")[0]}"')
    raise ValueError("is not an IPv4 address; write four numbers from 0 to 255 such as 10.71.1.11")


def network(value: object) -> IPv4Network:
    """An IPv4 network with its prefix length, at which hosts can live."""
    word = text(value)
    if "/" not in word:
        raise ValueError('needs its prefix length, for example "10.71.1.0/24"')
    try:
        net = ipaddress.IPv4Network(word, strict=False)
    except ValueError:
        raise ValueError("is not an IPv4 network; write it like 10.71.1.0/24") from None
    if str(net) != word:
        raise ValueError(f'is not the start of a network; write "{net}"')
    if not 8 <= net.prefixlen <= 28:
        raise ValueError("has an unfit size; use a prefix length from /8 to /28")
    unfit = ("127.0.0.0/8", "0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")
    if any(net.overlaps(ipaddress.IPv4Network(other)) for other in unfit):
        raise ValueError("hosts cannot live there (loopback, link-local, multicast or reserved); use another network")
    return net


def role(value: object) -> Role:
    """One of the roles."""
    word = text(value)
    if word in Role.__members__.values():
        return Role(word)
    if word == "base":
        raise ValueError('"base" is on every host by itself; leave it out')
    known = OTHER_WORDS.get(word.lower().replace("_", "-"))
    hint = f'; did you mean "{known}"?' if known else did_you_mean(word, list(Role))
    raise ValueError(f"is not a role; the roles are {', '.join(Role)}{hint}")


def repo_path(value: object) -> str:
    """A file or folder inside the repository, relative to its top."""
    word = text(value)
    if not re.fullmatch(FOLDER, word) or ".." in word.split("/"):
        raise ValueError('should be a path inside the repository, relative to its top, such as "pillar/tenants"')
    return word


def document_root(value: object) -> str:
    """The folder inside a site's folder that is served; "." is the site's folder itself."""
    word = text(value)
    if word == ".":
        return word
    if ".." in word.split("/"):
        raise ValueError('leaves the site\'s own folder; name a folder inside it, such as "public"')
    if word.startswith("/"):
        hint = f', perhaps "{word.strip("/")}"' if re.fullmatch(FOLDER, word.strip("/")) else ""
        raise ValueError(f"should be relative to the site's folder{hint}")
    tidy = word.removeprefix("./").rstrip("/")
    if not re.fullmatch(FOLDER, tidy):
        raise ValueError('folder names have letters, digits, ".", "_" and "-", and do not start with "."')
    if tidy != word:
        raise ValueError(f'write it as "{tidy}"')
    return word


def check_interval(value: object) -> int:
    """The two intervals that Route53 has. Raises ValueError."""
    if value not in (10, 30) or isinstance(value, bool):
        raise ValueError("should be 10 or 30: Route53 has no other intervals")
    return int(str(value))


def redirect_path(value: object) -> str:
    """The exact path of a redirect: what the browser asks for, without query."""
    word = text(value)
    if "://" in word:
        raise ValueError('starts with a path of this site, such as "/old"')
    if not word.startswith("/"):
        raise ValueError('should start with "/"')
    if "?" in word or "#" in word:
        raise ValueError('is an exact path; it cannot have a query ("?") or a fragment ("#")')
    if not re.fullmatch(URL_PATH, word) or len(word) > 400:
        raise ValueError("has characters that a redirect cannot have; use letters, digits and . _ ~ / @ + = , ! : -")
    _check_segments(word)
    if any(word == own or word.startswith(f"{own}/") for own in PLATFORM_PATHS):
        raise ValueError("is answered by the platform itself; a site cannot redirect it")
    return word


def redirect_target(value: object) -> str:
    """Where a redirect leads: a path of the same site or an absolute http(s) URL."""
    word = text(value)
    if word.startswith("//"):
        raise ValueError(f'says no protocol; write "https:{word}"')
    match = re.fullmatch(rf"https?://(?P<name>[^/:?#]*)(:(?P<port>[0-9]{{1,5}}))?(?P<rest>([/?#]{TARGET_REST})?)", word)
    if match:
        try:
            dns_name(match["name"])
        except ValueError as error:
            raise ValueError(f"the name in this URL: {error}") from None
        if match["port"] and not 1 <= int(match["port"]) <= 65535:
            raise ValueError("has a port that is not from 1 to 65535")
        rest = match["rest"]
    elif word.startswith("/") and re.fullmatch(TARGET_REST, word):
        rest = word
    else:
        raise ValueError(
            "should be a path such as /new.html or a URL such as https://new.example/, "
            "of letters, digits and . _ ~ / @ + = , ! : ? & # % -"
        )
    if len(word) > 1000:
        raise ValueError("is longer than 1000 characters")
    if re.search(r"%(?![0-9A-Fa-f]{2})", rest):
        raise ValueError('has a "%" that is not followed by two hexadecimal digits')
    _check_segments(re.split(r"[?#]", rest)[0])
    return word


def _check_segments(path: str) -> None:
    if "//" in path or any(segment in (".", "..") for segment in path.split("/")):
        raise ValueError('write the path as it is asked for, without "//", "/./" and "/../"')


def ssh_key(value: object) -> str:
    """A public SSH key: type, base64, comment. The base64 is decoded, and its type and length are looked at."""
    line = text(value).strip()
    if "PRIVATE KEY" in line:
        raise ValueError("is a PRIVATE key: take it out, treat it as stolen, make a new one; here goes the .pub file")
    if not line.isprintable() or len(line) > 4000:
        raise ValueError("should be one line, as it stands in the .pub file")
    kind, _, rest = line.partition(" ")
    if kind == "ssh-dss":
        raise ValueError("is a DSA key, which SSH refuses today; make one with `ssh-keygen -t ed25519`")
    if kind not in _KEY_TYPES:
        if any(f"{known} " in line for known in _KEY_TYPES):
            raise ValueError("has options before the key; write only type, key and comment")
        raise ValueError('should look like "ssh-ed25519 AAAA… name@place", as it stands in the .pub file')
    encoded, _, comment = rest.partition(" ")
    _check_key_data(kind, encoded)
    if set(comment) & _SYNTAX - set(":"):
        raise ValueError("has a comment with odd characters; write something like name@place")
    return line


def _check_key_data(kind: str, encoded: str) -> None:
    broken = "the key itself is damaged (cut off when it was copied?); copy the whole line of the .pub file"
    try:
        raw = base64.b64decode(encoded, validate=True)
        parts = _ssh_strings(raw)
    except (binascii.Error, ValueError):
        raise ValueError(broken) from None
    if not parts or parts[0] != kind.encode():
        inside = parts[0].decode("ascii", "replace") if parts else "nothing"
        raise ValueError(f'says "{kind}" and holds a key of type "{inside[:40]}"; copy the whole line of the .pub file')
    size = _KEY_TYPES[kind]
    if len(parts) < 2 or (size is not None and len(parts[1]) != size):
        raise ValueError(broken)
    if kind == "ssh-rsa":
        if len(parts) < 3:
            raise ValueError(broken)
        bits = int.from_bytes(parts[2], "big").bit_length()
        if bits < _RSA_BITS:
            raise ValueError(f"is an RSA key of {bits} bits, too few; make one with `ssh-keygen -t ed25519`")


def _ssh_strings(raw: bytes) -> list[bytes]:
    """The length-prefixed strings of RFC 4251 section 5 that a public key consists of."""
    parts = []
    while raw:
        size = int.from_bytes(raw[:4], "big")
        if len(raw) < 4 + size:
            raise ValueError("cut off")
        parts.append(raw[4 : 4 + size])
        raw = raw[4 + size :]
    return parts
