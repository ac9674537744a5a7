"""What should run on each host, and which masters look after it: for the fleet that heals itself (docs/healing.md)."""

from __future__ import annotations

from typing import Any

from .load import Declaration
from .model import Fleet, Host
from .public_names import offers_web
from .roles import Role
from .sftp import sftp_servers
from .shards import carried
from .volumes import files

Data = dict[str, Any]

SUBMISSION = 587
"""Where a mail server takes new mail."""
BASE = ("titanicarus-nftables.service", "titanicarus-ssh.service")
GATEWAY = ("keepalived.service", "titanicarus-conntrackd.service", "titanicarus-tunnels.service")
UNITS: dict[Role, tuple[str, ...]] = {
    Role.LB: ("haproxy.service", "titanicarus-keeper.service", *GATEWAY),
    Role.FIREWALL: GATEWAY,
    Role.WEB: ("nginx.service", "php8.4-fpm.service", "titanicarus-uploads.service", "valkey-server.service"),
    Role.DB: (
        "titanicarus-archive.service",
        "titanicarus-copies.service",
        "titanicarus-gate.service",
        "titanicarus-keeper.service",
    ),
    Role.DIRECTORY: ("titanicarus-directory.service",),
    Role.FILER: ("titanicarus-glusterd.service",),
    Role.ARBITER: ("titanicarus-glusterd.service",),
    Role.CONTROL: ("salt-master.service",),
}
"""By role what is active on a host in service, without the databases. A render test holds that it is what the states
start. Not the Salt minion: a host on which it is stopped can say nothing. Services only: systemd keeps no link of runs
for a timer or socket, so the beacon would find it stopped for ever (docs/adr/0080-looks-that-cost-nothing.md)."""

NEEDED = (Role.LB, Role.WEB, Role.DB, Role.FILER, Role.DIRECTORY)
"""Of each of these that an island has at all it needs one host to do its work."""


def units(fleet: Fleet, host: Host) -> list[str]:
    """The systemd units that should run on a host that was applied, sorted."""
    found = {*BASE, *(unit for role in host.roles for unit in UNITS.get(role, ()))}
    if fleet.with_role(Role.DIRECTORY):
        found.add("titanicarus-people.service")
    if host.has(Role.DB):
        found |= {f"titanicarus-mariadb@{shard.name}.service" for shard in carried(fleet, host)}
    if files(fleet, host) is not None:
        found.add("titanicarus-files.service")
    if host in sftp_servers(fleet, host.island):
        found.add("titanicarus-sftp.service")
    return sorted(found)


def master_hosts(fleet: Fleet, island: str) -> list[Host]:
    """The control hosts that the minions of an island listen to: their own, then the leading one of each other island.

    Not every master of the fleet: each costs an idle minion as much again (docs/adr/0011-master-list.md). This is also
    the order in which they come to a host's help.
    """
    own = fleet.with_role(Role.CONTROL, island)
    away = [host for host in leading_masters(fleet) if host.island != island]
    return [*own, *away]


def leading_masters(fleet: Fleet) -> tuple[Host, ...]:
    """The first control host of each island: the masters that every minion of the fleet listens to."""
    return tuple(fleet.with_role(Role.CONTROL, island)[0] for island in fleet.islands)


def look_at(fleet: Fleet, host: Host) -> dict[str, list[str]]:
    """Whether who is there a control host looks at: the other hosts of its island, by their addresses in the LAN, and
    each other island as a whole, by way of the tunnels (its control hosts) and of the internet. Empty for other hosts.
    """
    if not host.has(Role.CONTROL):
        return {}
    found = {other.id: [str(other.lan)] for other in fleet.hosts if other.island == host.island and other != host}
    for island in fleet.islands.values():
        if island.name != host.island:
            inside = [str(other.lan) for other in fleet.with_role(Role.CONTROL, island.name)]
            found[island.name] = [*inside, str(island.wan.vip)]
    return found


def observers(fleet: Fleet) -> dict[str, list[str]]:
    """The control hosts that look at a host, or at an island, by its name."""
    found: dict[str, list[str]] = {}
    for host in fleet.with_role(Role.CONTROL):
        for name in look_at(fleet, host):
            found.setdefault(name, []).append(host.id)
    return found


def healing(fleet: Fleet, host: Host) -> Data:
    """The pillar `healing:` of a host."""
    return {"units": units(fleet, host)}


def guard(declaration: Declaration) -> Data:
    """The pillar `guard:` of control hosts: by what they judge the news of every host, and whom they tell."""
    fleet = declaration.fleet
    return {
        "fleet": fleet.name,
        "notify": _notify(declaration),
        "hosts": {host.id: {"island": host.island, "units": units(fleet, host)} for host in fleet.hosts},
        "observers": observers(fleet),
        "places": {island: _place(fleet, island) for island in fleet.islands if offers_web(fleet, island)},
        "lost_seconds": declaration.policy.notify_lost_seconds,
        "ill_seconds": declaration.policy.notify_ill_seconds,
        "masters": {island: [host.id for host in master_hosts(fleet, island)] for island in fleet.islands},
    }


def _place(fleet: Fleet, island: str) -> Data:
    hosts = {str(role): [host.id for host in fleet.with_role(role, island)] for role in NEEDED}
    return {
        "address": str(fleet.islands[island].wan.vip),
        "needs": {role: those for role, those in hosts.items() if those},
    }


def _notify(declaration: Declaration) -> Data | None:
    policy = declaration.policy
    if not policy.notify_emails and not policy.notify_webhook:
        return None
    host, _, port = policy.notify_relay.partition(":")
    return {
        "emails": list(policy.notify_emails),
        "relay": {"host": host, "port": int(port or SUBMISSION)} if host else None,
        "sender": f"titanicarus@{declaration.fleet.domain}",
        "webhook": policy.notify_webhook,
    }
