"""Blank machines that become hosts: a token for one, its first files, and the keys that control hosts let in."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from titanicarus.control import layout, secrets
from titanicarus.control.errors import ControlError
from titanicarus.control.joined import Joined, parse
from titanicarus.control.masters import control_hosts, everywhere
from titanicarus.control.provision import provision_blank
from titanicarus.fleet import Declaration
from titanicarus.joining.ticket import Ticket, issue
from titanicarus.lab import NOT_IN_FLEET, Lab
from titanicarus.operations.errors import OperationFailed
from titanicarus.transport import Transport, run

Progress = Callable[[str], None]
SECONDS = 15.0
REPLACE_SECONDS = 1800
"""How long the token of a host that the lab replaces is good: it is at its desk within seconds."""


def first_files(lab: Lab, declaration: Declaration, host: str, seconds: int) -> tuple[Ticket, bytes]:
    """A tar with the first files of a machine that is to become `host` within `seconds`, and its ticket.

    The tar has a token in it: who has that is the host. Raises ControlError, UnknownHost, BrokenSecrets.
    """
    keys = secrets.load(declaration.fleet, lab.secrets)
    token = issue(declaration.fleet.host(host).id, seconds, time.time(), keys.sign.private)
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory() as scratch:
        provision_blank(declaration, keys, token, Path(scratch))
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            tar.add(scratch, arcname=".", filter=_roots)
    return token.ticket, packed.getvalue()


def write_first_files(path: Path, data: bytes) -> None:
    """Write what `first_files` gave, for the owner alone. Raises OperationFailed when there is such a file."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise OperationFailed(f"{path}: {error.strerror}; name a file that is not there yet") from error
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)


def replace_host(lab: Lab, declaration: Declaration, host: str, progress: Progress) -> None:
    """The lab's provider: the machine loses power and disks, and a blank one with a token boots under its name.

    Returns when it has booted; all else it does by itself. Raises LabError, ControlError, UnknownHost.
    """
    if host in NOT_IN_FLEET:
        raise OperationFailed(f"{host} is no host of the fleet: `saguire down` and `up` make it anew")
    keys = secrets.load(declaration.fleet, lab.secrets)
    token = issue(declaration.fleet.host(host).id, REPLACE_SECONDS, time.time(), keys.sign.private)
    lab.replace(host, lambda _, disk: provision_blank(declaration, keys, token, disk), progress)


def gather_joined(transport: Transport, declaration: Declaration, folder: Path) -> None:
    """Remember in the secrets at `folder` which new keys control hosts let in, as far as they can be asked.

    Raises UsedTwice when one ticket let two keys in.
    """
    path = str(layout.Deploy(layout.DEPLOY).joined)

    def heard(host: str) -> dict[str, Joined]:
        text = run(transport, host, ["cat", path], timeout=SECONDS, check=False).stdout.decode()
        try:
            return parse(text)
        except (ValueError, TypeError, AttributeError) as error:
            raise ControlError(f"{host}: {path} is no list of keys that were let in: {error}") from error

    living = [host for host in control_hosts(declaration) if transport.reachable(host)]
    secrets.remember_joined(folder, everywhere(living, heard)[0])


def _roots(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member
