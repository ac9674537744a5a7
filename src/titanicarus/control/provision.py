"""The first files of a host: enough to boot, to know its masters and to be known by them. Salt does all the rest."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import titanicarus
from titanicarus.control import files, layout, library, salt_config, salt_file
from titanicarus.control.accepted import accept
from titanicarus.control.errors import ControlError
from titanicarus.control.secrets import Secrets
from titanicarus.fleet.healing import master_hosts
from titanicarus.fleet.pillar import host_names
from titanicarus.fleet.ports import JOIN
from titanicarus.fleet.roles import Role
from titanicarus.joining import estate
from titanicarus.joining.machine import Way
from titanicarus.joining.ticket import Token

if TYPE_CHECKING:
    from titanicarus.fleet import Declaration, Fleet, Host

SYSTEM = "etc/systemd/system"
JOIN_UNIT = "titanicarus-join.service"
JOINING_FIRST = """# Written by Titanicarus. Part of the first files of a blank machine.
[Unit]
ConditionPathExists={}
"""
UNIT_FOLDERS = (SYSTEM, "usr/local/lib/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")


def provision(declaration: Declaration, secrets: Secrets, host_id: str, root: Path) -> None:
    """Write into the host's file system at `root` what it needs before its first boot.

    Host name and names of the fleet, the Salt minion's configuration and keys, the library; on control hosts also the
    master's configuration and keys with every minion of the fleet accepted, and an empty place for releases.
    Idempotent: what is right already is not touched, so it may run again on a host that was provisioned before.
    """
    fleet = declaration.fleet
    host = fleet.host(host_id)
    _names(fleet, host, root)
    _library(root)
    _minion(fleet, host, secrets, root)
    pair = secrets.minions[host.id]
    keys = layout.below(root, layout.SALT) / "pki" / "minion"
    files.write(keys / "minion.pem", pair.private, 0o400)
    files.write(keys / "minion.pub", pair.public, 0o644)
    _enable(root, "salt-minion.service")
    if "control" in host.roles:
        _master(fleet, host, secrets, root)


def provision_blank(declaration: Declaration, secrets: Secrets, token: Token, root: Path) -> None:
    """The first files of a machine that joins by a token: as `provision`, but for a Salt key, which it makes itself.

    The token is all that is secret in them. A control host gets the masters' keys from another one when it joins.
    """
    fleet = declaration.fleet
    host = fleet.host(token.ticket.host)
    near = master_hosts(fleet, host.island)
    desks = [one for one in dict.fromkeys((*near, *fleet.with_role(Role.CONTROL))) if one != host]
    _names(fleet, host, root)
    _library(root)
    _minion(fleet, host, secrets, root)
    addresses = tuple(str(desk.lan) for desk in desks)
    # Nobody starts the daemons before they have the keys that count: they would make others.
    for daemon, key in (("minion", "minion.pub"), ("master", estate.LAST)):
        text = JOINING_FIRST.format(f"/etc/salt/pki/{daemon}/{key}")
        files.write(root / f"{SYSTEM}/salt-{daemon}.service.d/join.conf", text)
    if control := host.has(Role.CONTROL):
        config = salt_file.text(salt_config.master_config(fleet, host))
        files.write(layout.below(root, layout.SALT) / "master", config)
    files.write(root / SYSTEM / JOIN_UNIT, (Path(titanicarus.__file__).parent / "joining" / JOIN_UNIT).read_text())
    _enable(root, JOIN_UNIT)
    Way(token, tuple(f"{address}:{JOIN}" for address in addresses), addresses, control).write(root)


def _names(fleet: Fleet, host: Host, root: Path) -> None:
    files.write(root / "etc/hostname", f"{host.id}\n")
    files.write(root / "etc/hosts", hosts_file(fleet, host.island))


def hosts_file(fleet: Fleet, island: str) -> str:
    """The text of /etc/hosts on the hosts of an island: every host and VIP of the fleet.

    So no name server is needed to find a peer. The states own the file from the first apply on (salt/names).
    """
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
    for entry in host_names(fleet, island):
        lines.append(" ".join([entry["address"], *entry["names"]]))
    return "\n".join(lines) + "\n"


def _library(root: Path) -> None:
    source = Path(titanicarus.__file__).parent
    library.install(_packed(source), root)
    _seed_modules(source, root)


@cache
def _packed(source: Path) -> library.Library:
    """One packing serves all the hosts that one run of the program provisions."""
    return library.pack(source)


def _seed_modules(source: Path, root: Path) -> None:
    """Give the minion the platform's modules, states and beacons from the start: the first apply comes before the
    minion has ever synchronised. The state library.current keeps them right from then on."""
    for kind in ("modules", "states", "beacons"):
        modules = source.parent.parent / f"_{kind}"
        target = layout.below(root, layout.SALT_CACHE) / "minion" / "extmods" / kind
        if target.exists() or not modules.is_dir():
            continue
        files.folder(target)
        for module in sorted(modules.glob("*.py")):
            files.write(target / module.name, module.read_bytes(), 0o600, durable=False)


def _minion(fleet: Fleet, host: Host, secrets: Secrets, root: Path) -> None:
    salt = layout.below(root, layout.SALT)
    keys = files.folder(salt / "pki" / "minion", 0o700)
    files.write(keys / "master_sign.pub", secrets.sign.public, 0o644)
    files.write(keys / "minion_master.pub", secrets.master.public, 0o644)
    files.write(salt / "minion", salt_file.text(salt_config.minion_config(fleet, host)))


def _master(fleet: Fleet, host: Host, secrets: Secrets, root: Path) -> None:
    salt = layout.below(root, layout.SALT)
    keys = files.folder(salt / "pki" / "master", 0o700)
    pair = secrets.master
    # Named after the master's id, as Salt 3008 wants it: a `master.pem` it would move there once and then ignore.
    files.write(keys / f"{host.id}.pem", pair.private, 0o400)
    files.write(keys / f"{host.id}.pub", pair.public, 0o400)
    files.write(keys / "master_sign.pem", secrets.sign.private, 0o400)
    files.write(keys / "master_sign.pub", secrets.sign.public, 0o644)
    accept(secrets.accepted, root)
    files.write(salt / "master", salt_file.text(salt_config.master_config(fleet, host)))
    files.folder(layout.below(root, layout.DEPLOY), 0o700)
    _enable(root, "salt-master.service")


def _enable(root: Path, unit: str) -> None:
    """What `systemctl enable` does, for a system that is not running."""
    for folder in UNIT_FOLDERS:
        if (root / folder / unit).is_file():
            files.link(root / "etc/systemd/system/multi-user.target.wants" / unit, f"/{folder}/{unit}")
            return
    raise ControlError(f"{root} has no {unit}: the image is not one that this version of Titanicarus built")
