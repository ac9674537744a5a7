"""The client out on the lab's internet: an ordinary machine without Salt, with a resolver of its own."""

from __future__ import annotations

from pathlib import Path

from titanicarus.lab.layout import CLIENT
from titanicarus.lab.plan import CLOUD_ADDRESS

_CERTIFICATE = Path("usr/local/share/ca-certificates/titanicarus.crt")
_UNBOUND = f"""\
# Written by the lab: a resolver as a provider runs it for its customers. There is no root server here: the cloud's name
# server has all the names that there are. What it says is believed for as long as its TTL, neither more nor less.
server:
    interface: 127.0.0.1
    module-config: "iterator"
    cache-max-negative-ttl: 10
    prefetch: no
    serve-expired: no
    do-ip6: no
    use-syslog: no
    logfile: ""
    log-servfail: yes
    # A server that was away is asked again at once when it is back.
    infra-host-ttl: 5
    infra-keep-probing: yes
forward-zone:
    name: "."
    forward-addr: {CLOUD_ADDRESS}
"""


def write_first_files(root: Path) -> None:
    """The files of the client's disk before its first boot."""
    (root / "etc/hostname").write_text(f"{CLIENT}\n")
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {CLIENT}\n")
    resolver = root / "etc/resolv.conf"
    resolver.unlink(missing_ok=True)
    resolver.write_text("# Written by the lab.\nnameserver 127.0.0.1\noptions timeout:2 attempts:2\n")
    (root / "etc/unbound/unbound.conf").write_text(_UNBOUND)
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    if not (wants / "unbound.service").is_symlink():
        (wants / "unbound.service").symlink_to("/usr/lib/systemd/system/unbound.service")


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
