"""The declared fleet as frozen values. Only the loader makes them from files, so what is here has been checked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cached_property, wraps
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Concatenate, ParamSpec, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from .problems import did_you_mean
from .roles import Role

UID_FIRST = 1_000_000
_UID_SPAN = 900_000_000
UID_LAST = 1_999_999_999
_UNIX_NAME_LIMIT = 31  # what systemd-sysusers takes: UT_NAMESIZE without its end


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class UnknownHost(KeyError):
    """No host of the fleet has this id."""

    def __init__(self, host_id: str, known: tuple[str, ...]) -> None:
        super().__init__(host_id)
        self.host_id = host_id
        self._hint = did_you_mean(host_id, known) or f"; the hosts are {', '.join(known)}"

    def __str__(self) -> str:
        return f'the fleet has no host "{self.host_id}"{self._hint}'


class Lan(_Frozen):
    """An island's private network; `vip` moves between the load balancers, `gateway` is the way out."""

    network: IPv4Network
    vip: IPv4Address
    gateway: IPv4Address


class Wan(_Frozen):
    """An island's public network; `gateway` is the island's own address for its NAT, `router` the provider's."""

    network: IPv4Network
    vip: IPv4Address
    gateway: IPv4Address
    router: IPv4Address


class Host(_Frozen):
    """One machine. `id` is `<island>-<name>` and is its Salt minion id; `roles` are in the order of Role."""

    id: str
    name: str
    island: str
    roles: tuple[Role, ...]
    lan: IPv4Address
    wan: IPv4Address | None = None

    def has(self, role: Role) -> bool:
        """Whether the host has this role."""
        return role in self.roles


class Island(_Frozen):
    """One site; `hosts` is by short name, `weight` (0 to 255) its share of new users beside the other islands'."""

    name: str
    lan: Lan
    wan: Wan
    hosts: dict[str, Host]
    weight: int = 100


_More = ParamSpec("_More")
_Answer = TypeVar("_Answer")


def once(
    function: Callable[Concatenate[Fleet, _More], _Answer],
) -> Callable[Concatenate[Fleet, _More], _Answer]:
    """Have a function work each answer about a fleet, which never changes, out once.

    Its further arguments are hosts of the fleet, names or roles. Six control hosts compile every pillar at each push,
    and a few questions were asked some thousand times in it.
    """

    @wraps(function)
    def answer(fleet: Fleet, /, *more: _More.args, **named: _More.kwargs) -> _Answer:
        parts = (*more, *(part for pair in sorted(named.items()) for part in pair))
        words = (part.id if isinstance(part, Host) else part for part in parts)
        asked = (function.__module__, function.__qualname__, *words)
        if asked not in fleet.answers:
            fleet.answers[asked] = function(fleet, *more, **named)
        known: _Answer = fleet.answers[asked]
        return known

    return answer


class Fleet(_Frozen):
    """Everything of one operator; `islands` is by name."""

    name: str
    domain: str
    islands: dict[str, Island]

    @cached_property
    def hosts(self) -> tuple[Host, ...]:
        """Every host, sorted by id."""
        everyone = (host for island in self.islands.values() for host in island.hosts.values())
        return tuple(sorted(everyone, key=lambda host: host.id))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Fleet:
        """A changed copy, which works out for itself what this one knows already."""
        copied = super().model_copy(update=update, deep=deep)
        for worked_out in ("hosts", "answers", "_by_id"):
            copied.__dict__.pop(worked_out, None)
        return copied

    @cached_property
    def answers(self) -> dict[tuple[Any, ...], Any]:
        """What `once` has worked out."""
        return {}

    @cached_property
    def _by_id(self) -> dict[str, Host]:
        return {host.id: host for host in self.hosts}

    def host(self, host_id: str) -> Host:
        """The host with this id. Raises UnknownHost."""
        try:
            return self._by_id[host_id]
        except KeyError:
            raise UnknownHost(host_id, tuple(self._by_id)) from None

    @once
    def with_role(self, role: Role, island: str | None = None) -> tuple[Host, ...]:
        """The hosts that have a role, in the whole fleet or in one island, sorted by id."""
        return tuple(host for host in self.hosts if role in host.roles and island in (None, host.island))

    def fqdn(self, host: Host) -> str:
        """The full name of a host: `lb1.syd.titanicarus.example`."""
        return f"{host.name}.{host.island}.{self.domain}"


def derived_uid(site: str) -> int:
    """A site's Unix user id, from its name alone: the same on every host of every island without any register."""
    return _derived("site-uid", site)


def derived_person_uid(name: str) -> int:
    """The Unix user id of a person, from the login name; also the id of the person's own group."""
    return _derived("user-uid", name)


def derived_gid(group: str) -> int:
    """The Unix group id of a group of people, from its name."""
    return _derived("group-gid", group)


def _derived(kind: str, name: str) -> int:
    digest = hashlib.sha256(f"{kind}/{name}".encode()).digest()
    return UID_FIRST + int.from_bytes(digest[:8], "big") % _UID_SPAN


def _person_uid_of(data: dict[str, Any]) -> int:
    return derived_person_uid(data["name"])


class User(_Frozen):
    """A person of a tenant, with a Unix name that is unique in the fleet.

    `password` is a hash as crypt(3) has it, the first one: who has changed the password since has another.
    """

    name: str
    full_name: str
    email: str
    ssh_keys: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    password: str | None = Field(default=None, repr=False)
    uid: int = Field(default_factory=_person_uid_of)


def unix_user(site: str) -> str:
    """A site's Unix user, at most 31 characters: `www-harbour-example`.

    Dots become dashes. Where that would not be one-to-one (a name with a dash of its own) or too long, eight
    hexadecimal digits of the name's SHA-256 end it.
    """
    plain = "www-" + site.replace(".", "-")
    if "-" not in site and len(plain) <= _UNIX_NAME_LIMIT:
        return plain
    suffix = hashlib.sha256(f"site-user/{site}".encode()).hexdigest()[:8]
    return f"{plain[: _UNIX_NAME_LIMIT - 9].rstrip('-')}-{suffix}"


def _uid_of(data: dict[str, Any]) -> int:
    return derived_uid(data["name"])


class App(StrEnum):
    """An application that the platform installs for a site."""

    WORDPRESS = "wordpress"


class DatabaseUser(_Frozen):
    """Who signs in to a database, with all rights on it. `password` is encrypted, or None for a derived one."""

    name: str
    password: str | None = None


class Database(_Frozen):
    """One database of a tenant; its name, and those of its users, are unique in the fleet. `users` is not empty."""

    name: str
    quota_mib: int
    users: tuple[DatabaseUser, ...]

    @property
    def first_user(self) -> DatabaseUser:
        """The one that sites of the tenant sign in as: named as the database if there is such a one."""
        return next((user for user in self.users if user.name == self.name), self.users[0])


class Site(_Frozen):
    """One web site. `root` is the document root inside the site's folder; `redirects` is exact path to target.

    `everywhere`: each island serves it itself; otherwise the tenant's home does, for requests to any island.
    `database` is the one of the tenant's databases that the site's program is told of. `uploads`: its files come by
    SFTP or are written by the site, and lie on the mirrored files of its home.
    """

    name: str
    aliases: tuple[str, ...] = ()
    php: bool = False
    root: str = "."
    redirects: dict[str, str] = Field(default_factory=dict)
    https: bool = True
    everywhere: bool = False
    app: App | None = None
    database: str | None = None
    uploads: bool = False
    uid: int = Field(default_factory=_uid_of)

    @cached_property
    def unix_user(self) -> str:
        """The Unix user that the site's files and PHP pool belong to."""
        return unix_user(self.name)

    @property
    def names(self) -> tuple[str, ...]:
        """Every DNS name that the site answers for, its own first."""
        return (self.name, *self.aliases)


class Tenant(_Frozen):
    """One customer. `home` is the island that serves it when all is well; users, sites and databases are by name."""

    name: str
    home: str
    users: dict[str, User]
    sites: dict[str, Site]
    declared_zones: tuple[str, ...] = ()
    databases: dict[str, Database] = Field(default_factory=dict)

    @cached_property
    def zones(self) -> dict[str, tuple[str, ...]]:
        """The DNS names of the tenant's sites by the zone that each is in; the longest zone that fits.

        Undeclared, a zone is each name that is below no other name of the tenant.
        """
        names = sorted(name for site in self.sites.values() for name in site.names)
        known = set(names)
        zones = self.declared_zones or tuple(name for name in names if known.isdisjoint(_above(name)))
        found: dict[str, list[str]] = {zone: [] for zone in sorted(zones)}
        for name in names:
            zone = next((zone for zone in (name, *_above(name)) if zone in found), None)
            if zone:
                found[zone].append(name)
        return {zone: tuple(inside) for zone, inside in found.items()}


def _above(name: str) -> list[str]:
    """The names that a DNS name is below, longest first."""
    labels = name.split(".")
    return [".".join(labels[first:]) for first in range(1, len(labels))]


class Policy(_Frozen):
    """The operator's choices for the whole fleet; docs/tenants.md explains each."""

    session_minutes: int = 1440
    certificate_days: int = 90
    isolation_seconds: int = 3
    reentry_seconds: int = 30
    hold_down_seconds: int = 60
    dns_ttl: int = 10
    health_check_interval: int = 10
    health_check_threshold: int = 1
    database_quota_mib: int = 1024
    database_buffer_mib: int = 32
    lease_renew_seconds: float = 1.5
    lease_seconds: float = 6.0
    lease_max_lag: int = 1000
    backup_days: int = 7
    backup_hour: int = 2
    operators: tuple[str, ...] = ()
    notify_emails: tuple[str, ...] = ()
    notify_relay: str = ""
    notify_webhook: str = ""
    notify_lost_seconds: int = 120
    notify_ill_seconds: int = 300
