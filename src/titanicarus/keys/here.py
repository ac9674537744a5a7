"""The certificates that lie on this host, as its daemons read them; `python -m titanicarus.keys.here HOST` prints them.

Secret parts of the files are not looked at.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import SSHCertificate, load_ssh_public_identity

HOST, SITE, SSH, SFTP = "host", "site", "ssh host", "sftp"
TLS_FILE = Path("etc/titanicarus/pki/host.crt")
SITE_FOLDER = Path("etc/titanicarus/haproxy/certificates")
SSH_FILE = Path("etc/titanicarus/ssh/host_key-cert.pub")
SFTP_FILE = Path("etc/titanicarus/sftp/host_key-cert.pub")
_END = b"-----END CERTIFICATE-----"
_BEGIN = b"-----BEGIN CERTIFICATE-----"


class Bare(ValueError):
    """There is no certificate where one belongs; the message says what there is."""


@dataclass(frozen=True, slots=True)
class Found:
    """One certificate. `number` is its serial number in hexadecimal; `began` and `ends` are seconds since 1970."""

    kind: str
    name: str
    number: str
    began: int
    ends: int


def look(host_id: str, root: Path = Path("/")) -> tuple[list[Found], list[str]]:
    """All certificates of a host, and a sentence for each file that is missing or cannot be read."""
    found: list[Found] = []
    problems: list[str] = []
    for kind, name, path in _places(host_id, root):
        try:
            found.append(_ssh(kind, name, path) if kind in {SSH, SFTP} else _tls(kind, name, path))
        except FileNotFoundError:
            problems.append(f"/{path.relative_to(root)} is missing: `saguire apply {host_id} --full` writes it")
        except (ValueError, UnsupportedAlgorithm) as error:
            problems.append(f"/{path.relative_to(root)} holds no certificate that can be read: {error}")
    return found, problems


def _places(host_id: str, root: Path) -> Iterator[tuple[str, str, Path]]:
    yield HOST, host_id, root / TLS_FILE
    yield SSH, host_id, root / SSH_FILE
    if (root / SFTP_FILE).exists():
        yield SFTP, f"sftp.{host_id.partition('-')[0]}", root / SFTP_FILE
    for path in sorted((root / SITE_FOLDER).glob("*.pem")):
        yield SITE, path.stem, path


def _tls(kind: str, name: str, path: Path) -> Found:
    """The first one in the file: what follows is the island's."""
    begins, words = path.read_bytes().partition(_BEGIN)[1:]
    certificate = x509.load_pem_x509_certificate(begins + words.partition(_END)[0] + _END + b"\n")
    began, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return Found(kind, name, f"{certificate.serial_number:x}", int(began.timestamp()), int(ends.timestamp()))


def _ssh(kind: str, name: str, path: Path) -> Found:
    certificate = load_ssh_public_identity(path.read_bytes())
    if not isinstance(certificate, SSHCertificate):
        raise Bare("it is a key without a certificate")
    return Found(kind, name, f"{certificate.serial:x}", certificate.valid_after, certificate.valid_before)


def main(arguments: list[str]) -> int:
    (host_id,) = arguments
    found, problems = look(host_id)
    print(json.dumps({"certificates": [asdict(one) for one in found], "problems": problems}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
