"""The roles a host can have, and which of them are built."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """One thing that a host does. `base` is on every host and is never declared."""

    LB = "lb"
    FIREWALL = "firewall"
    FILER = "filer"
    ARBITER = "arbiter"
    WEB = "web"
    DB = "db"
    MAIL = "mail"
    DNS = "dns"
    DIRECTORY = "directory"
    CONTROL = "control"


BUILT: frozenset[Role] = frozenset(Role) - {Role.MAIL, Role.DNS}
"""Roles that have states. A host with another role boots with `base`, and `check` says so in a notice."""

PAIRED: frozenset[Role] = frozenset({Role.LB, Role.WEB, Role.FILER, Role.DB, Role.CONTROL, Role.DIRECTORY, Role.MAIL})
"""Roles that survive the loss of a host only when two hosts of an island have them."""

AT_MOST: dict[Role, int] = {Role.FILER: 2, Role.DB: 2, Role.CONTROL: 2, Role.FIREWALL: 1, Role.ARBITER: 1}
"""The most hosts of an island that can have a role; the others have no limit."""

PUBLIC: frozenset[Role] = frozenset({Role.LB, Role.FIREWALL})
"""Roles that need an address on the island's WAN; a host without any of them must not have one."""

OTHER_WORDS: dict[str, Role] = {
    "loadbalancer": Role.LB, "load-balancer": Role.LB, "balancer": Role.LB, "haproxy": Role.LB, "proxy": Role.LB,
    "fw": Role.FIREWALL, "gateway": Role.FIREWALL, "router": Role.FIREWALL,
    "storage": Role.FILER, "nas": Role.FILER, "gluster": Role.FILER, "fileserver": Role.FILER,
    "webserver": Role.WEB, "www": Role.WEB, "nginx": Role.WEB, "php": Role.WEB,
    "database": Role.DB, "sql": Role.DB, "mysql": Role.DB, "mariadb": Role.DB,
    "smtp": Role.MAIL, "imap": Role.MAIL, "postfix": Role.MAIL, "nameserver": Role.DNS, "named": Role.DNS,
    "ldap": Role.DIRECTORY, "salt": Role.CONTROL, "master": Role.CONTROL, "salt-master": Role.CONTROL,
}  # fmt: skip
"""What people also call a role, for the suggestion when they do."""
