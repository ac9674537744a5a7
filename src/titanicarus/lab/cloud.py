"""The cloud out on the lab's internet: what the platform rents from Amazon, emulated, on a machine without Salt.

It has an account that is made anew with each lab. Hosts are told of it by AWS's own two files, as an operator of real
servers would tell them (docs/aws.md).
"""

from __future__ import annotations

import ipaddress
import secrets
import shutil
import string
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import route53_emulator
from titanicarus.lab.image import DYNALITE
from titanicarus.lab.layout import CLOUD
from titanicarus.lab.plan import CLOUD_ADDRESS, VANTAGE_ADDRESSES

ADMIN = "/run/route53.sock"
PROGRAM = ("/opt/salt/bin/python", "-m", "route53_emulator")
LIBRARY = "/opt/cloud"
DYNAMODB_PORT = 8000
_AWS = Path("etc/titanicarus/aws")
_YEARS = timedelta(days=3650)
_UNIT = f"""\
# Written by the lab.
[Unit]
Description=Route53, emulated
After=network.target

[Service]
Type=notify
Environment=PYTHONPATH={LIBRARY}
ExecStart={" ".join(PROGRAM)} serve --state /var/lib/route53 --admin {ADMIN} \\
  --api {CLOUD_ADDRESS}:443 --cert /etc/route53/api.pem --dns {CLOUD_ADDRESS}:53 \\
  --credentials /etc/route53/credentials {" ".join(f"--vantage {address}" for address in VANTAGE_ADDRESSES)}
# It stands in for a data centre: what else this machine does must not be felt there.
Nice=-10
Restart=always
RestartSec=200ms

[Install]
WantedBy=multi-user.target
"""


_DYNAMODB_UNIT = f"""\
# Written by the lab.
[Unit]
Description=DynamoDB, emulated
After=network.target

[Service]
ExecStart=/usr/bin/node /{DYNALITE}/node_modules/dynalite/cli.js --host {CLOUD_ADDRESS} --port {DYNAMODB_PORT} \\
  --path /var/lib/dynamodb --createTableMs 100
DynamicUser=yes
StateDirectory=dynamodb
# It stands in for a data centre: what else this machine does must not be felt there.
Nice=-10
Restart=always
RestartSec=200ms

[Install]
WantedBy=multi-user.target
"""
_UNITS = {"route53.service": _UNIT, "dynamodb.service": _DYNAMODB_UNIT}


@dataclass(frozen=True)
class AccessKey:
    """What a user of the account signs its requests with."""

    name: str
    secret: str = field(repr=False)

    @property
    def credentials(self) -> str:
        """In the form of AWS's shared credentials file."""
        return f"[default]\naws_access_key_id = {self.name}\naws_secret_access_key = {self.secret}\n"


@dataclass(frozen=True)
class Account:
    """The keys of its two users (docs/aws.md has their rights), and the certificate of the API (PEM)."""

    control: AccessKey
    keeper: AccessKey
    certificate: str
    server_key: str = field(repr=False)

    @classmethod
    def open(cls, folder: Path) -> Account:
        """The account that is kept in `folder`, made first if there is none."""
        if not folder.is_dir():
            folder.parent.mkdir(parents=True, exist_ok=True)
            new = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
            for name, text in _make().items():
                (new / name).write_text(text)
            try:
                new.rename(folder)
            except OSError:  # somebody else was first
                shutil.rmtree(new)
        if not (folder / "keeper-key").exists():  # made by an older version, and hosts know its other key
            _add_keys(folder)
        names = ("key", "secret", "keeper-key", "keeper-secret", "certificate.pem", "server-key.pem")
        key, secret, keeper_key, keeper_secret, certificate, server_key = (
            (folder / name).read_text() for name in names
        )
        return cls(AccessKey(key, secret), AccessKey(keeper_key, keeper_secret), certificate, server_key)

    @property
    def config(self) -> str:
        """In the form of AWS's shared configuration file."""
        return (
            "# Written by the lab, in an operator's stead (docs/aws.md).\n"
            "[default]\nregion = ap-southeast-2\nca_bundle = /etc/titanicarus/aws/ca.pem\nservices = lab\n\n"
            f"[services lab]\nroute_53 =\n  endpoint_url = https://{CLOUD_ADDRESS}\n"
            f"dynamodb =\n  endpoint_url = http://{CLOUD_ADDRESS}:{DYNAMODB_PORT}\n"
        )


def write_first_files(root: Path, account: Account) -> None:
    """The files of the cloud's disk before its first boot."""
    (root / "etc/hostname").write_text(f"{CLOUD}\n")
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {CLOUD}\n")
    write_program(root)
    folder = root / "etc/route53"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "api.pem").write_text(account.server_key + account.certificate)
    (folder / "credentials").write_text(account.control.credentials)
    units = root / "etc/systemd/system"
    wants = units / "multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    for name, text in _UNITS.items():
        (units / name).write_text(text)
        if not (wants / name).is_symlink():
            (wants / name).symlink_to(f"/etc/systemd/system/{name}")


def write_program(root: Path) -> bool:
    """Put the emulator's code on the cloud's disk; False when the same is there already."""
    package = Path(route53_emulator.__file__).parent
    target = root / LIBRARY.lstrip("/") / package.name
    texts = {path.name: path.read_text() for path in sorted(package.glob("*.py"))}
    if target.is_dir() and {path.name: path.read_text() for path in target.glob("*.py")} == texts:
        return False
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name, text in texts.items():
        (target / name).write_text(text)
    return True


def write_account(root: Path, account: Account, key: AccessKey | None) -> None:
    """Tell a host of the fleet, whose disk is at `root`, of its AWS account; what is right already is not touched."""
    files = {"config": (account.config, 0o644), "ca.pem": (account.certificate, 0o644)}
    if key:
        files["credentials"] = (key.credentials, 0o600)
    folder = root / _AWS
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    for name, (text, mode) in files.items():
        path = folder / name
        if path.is_file() and path.read_text() == text:
            continue
        new = path.with_name(f".{name}.new")
        new.unlink(missing_ok=True)
        new.touch(mode=mode)
        new.write_text(text)
        new.replace(path)


def _make() -> dict[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the lab's cloud")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.IPv4Address(CLOUD_ADDRESS))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _YEARS)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "key": _key_name(),
        "secret": secrets.token_urlsafe(30),
        "keeper-key": _key_name(),
        "keeper-secret": secrets.token_urlsafe(30),
        "certificate.pem": certificate.public_bytes(serialization.Encoding.PEM).decode(),
        "server-key.pem": private.decode(),
    }


def _add_keys(folder: Path) -> None:
    made = _make()
    for name in ("keeper-secret", "keeper-key"):
        (folder / name).write_text(made[name])


def _key_name() -> str:
    letters = string.ascii_uppercase + string.digits
    return "AKIA" + "".join(secrets.choice(letters) for _ in range(16))
