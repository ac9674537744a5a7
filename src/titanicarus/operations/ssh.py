"""`saguire ssh`: an operator's way onto a host, with a certificate for this one time."""

from __future__ import annotations

import base64
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from titanicarus import pki
from titanicarus.control import operators, secrets
from titanicarus.fleet import Declaration, Fleet, Host, Role
from titanicarus.fleet.ports import SSH
from titanicarus.fleet.ssh import ssh_names
from titanicarus.lab import Lab
from titanicarus.operations.errors import OperationFailed

REGISTER = "operators.jsonl"


def open_ssh(
    lab: Lab, declaration: Declaration, host_id: str, command: Sequence[str], *, operator: str, login: str,
    lasts: timedelta, by: str,
) -> int:  # fmt: skip
    """Sign in on a host and run the command, or a shell when it is empty. Gives ssh's own exit code: the command's, or
    255 when there was no session.

    Key and certificate are in a folder that only this user reads, for as long as the session lasts. Raises UnknownHost,
    NoPass, BrokenSecrets, and OperationFailed when no host has a way there.
    """
    fleet = declaration.fleet
    host = fleet.host(host_id)
    via = way_in(fleet, host, lab.reachable)
    keys = secrets.load(fleet, lab.secrets)
    made = operators.make_pass(keys.operators, operator, host.id, login, lasts=lasts, now=datetime.now(UTC), by=by)
    operators.note(lab.layout.home / REGISTER, made.entry)
    with tempfile.TemporaryDirectory(prefix="saguire-ssh-") as folder:
        place = Path(folder)
        for name, data in (
            ("key", made.key.encode()),
            ("key-cert.pub", f"{made.certificate} {operator}\n".encode()),
            ("known_hosts", known_hosts(fleet, keys.islands).encode()),
            ("revoked", base64.b64decode(keys.renewals.revocation_list)),
        ):
            (place / name).touch(0o600)
            (place / name).write_bytes(data)
        argv = [*ssh_options(place), "-l", login, str(host.lan), *command]
        return subprocess.run(lab.network_command(via, ["ssh", *argv]), check=False).returncode


def way_in(fleet: Fleet, host: Host, reachable: Callable[[str], bool]) -> str:
    """The host whose network the client uses: another one of the island, or a control host of another island, or at
    last the host itself. Raises OperationFailed when that is down."""
    near = [other for other in fleet.hosts if other.island == host.island and other != host]
    far = [other for other in fleet.with_role(Role.CONTROL) if other.island != host.island]
    if not reachable(host.id):
        raise OperationFailed(f"{host.id} is down or frozen: nobody can sign in there")
    near.sort(key=lambda other: (not other.has(Role.CONTROL), other.id))
    return next((other.id for other in (*near, *far) if reachable(other.id)), host.id)


def known_hosts(fleet: Fleet, islands: Mapping[str, pki.Island]) -> str:
    """What the client believes: each island's authority, for its own hosts."""
    lines = []
    for name in sorted(fleet.islands):
        names = [word for host in fleet.hosts if host.island == name for word in ssh_names(fleet, host)]
        key = pki.public_line(pki.host_authority(islands[name]).public_key())
        lines.append(f"@cert-authority {','.join(names)} {key}\n")
    return "".join(lines)


def ssh_options(folder: Path) -> list[str]:
    """Of the client: this key and no other, these hosts and no others, nothing from the user's own files."""
    options = {
        "CertificateFile": folder / "key-cert.pub",
        "GlobalKnownHostsFile": folder / "known_hosts",
        "UserKnownHostsFile": "none",
        "RevokedHostKeys": folder / "revoked",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "PreferredAuthentications": "publickey",
        "ConnectTimeout": "10",
        "ServerAliveInterval": "15",
        "LogLevel": "ERROR",
    }
    listed = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return ["-F", "none", "-p", str(SSH), "-i", str(folder / "key"), *listed]
