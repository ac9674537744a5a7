"""The client out on the lab's internet: an ordinary machine without Salt, which trusts the platform's root."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from titanicarus.lab.layout import CLIENT

_CERTIFICATE = Path("usr/local/share/ca-certificates/titanicarus.crt")
_OWN_NAMES = f"127.0.0.1 localhost\n127.0.1.1 {CLIENT}\n"


def hosts_file(names: Mapping[str, str]) -> str:
    """An /etc/hosts for the client: `names` gives each name its address."""
    by_address: dict[str, list[str]] = {}
    for name, address in names.items():
        by_address.setdefault(address, []).append(name)
    # The resolver reads only so much of one line, so each name has its own.
    lines = [f"{address} {name}\n" for address in sorted(by_address) for name in sorted(by_address[address])]
    return "# Written by saguire: the lab's stand-in for public DNS.\n" + _OWN_NAMES + "".join(lines)


def write_first_files(root: Path) -> None:
    """The files of the client's disk before its first boot."""
    (root / "etc/hostname").write_text(f"{CLIENT}\n")
    write_names(root, {})


def write_names(root: Path, names: Mapping[str, str]) -> None:
    """Replace the client's /etc/hosts in one step: a look-up sees the old file or the new one."""
    new = root / "etc/.hosts.new"
    new.write_text(hosts_file(names))
    new.chmod(0o644)
    new.replace(root / "etc/hosts")


def write_certificate(root: Path, pem: str) -> bool:
    """Put a root certificate where the client's trust store is made from; False when the same one is there already."""
    path = root / _CERTIFICATE
    if path.is_file() and path.read_text() == pem:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(pem)
    return True


def remove_certificate(root: Path) -> None:
    """Take back what `write_certificate` wrote."""
    (root / _CERTIFICATE).unlink(missing_ok=True)
