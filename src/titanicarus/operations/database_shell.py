"""A tenant's own way to its database: the client program on a host of its home island, over the load balancers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from titanicarus.control.passwords import Passwords
from titanicarus.fleet import Declaration, Role, Tenant
from titanicarus.fleet.shards import shard_of, sql_name
from titanicarus.operations.errors import OperationFailed
from titanicarus.transport import CommandFailed, Transport, run

ROOT_CERTIFICATE = "/etc/titanicarus/pki/root.crt"
FOLDER = "/run/titanicarus"
SECONDS = 15.0
# The options come by a file that has no name any more when the client starts: no process list shows them, and nothing
# is left behind, however the client ends. Descriptor 9 is not one that the client uses.
_KEEP = 'umask 077; mkdir -p "$1" && file=$(mktemp "$1/shell.XXXXXX") && cat >"$file" && printf %s "$file"'
_START = 'file=$1; shift; exec 9<"$file"; rm -f "$file"; exec mariadb --defaults-file=/proc/self/fd/9 "$@"'


@dataclass(frozen=True, slots=True)
class Way:
    """Who goes in, from which host, and where."""

    host: str
    user: str
    password: str
    database: str
    address: str
    port: int

    def options(self) -> str:
        """The client's options file."""
        quoted = self.password.replace("\\", "\\\\").replace('"', '\\"')
        lines = [
            "[client]",
            f"host={self.address}",
            f"port={self.port}",
            f"user={self.user}",
            f'password="{quoted}"',
            "protocol=TCP",
            f"ssl-ca={ROOT_CERTIFICATE}",
            "ssl-verify-server-cert",
            "connect-timeout=10",
            "default-character-set=utf8mb4",
        ]
        return "\n".join(lines) + "\n"


def way_in(transport: Transport, declaration: Declaration, passwords: Passwords, name: str, wanted: str | None) -> Way:
    """The way of a tenant's first user into a database of the tenant. Raises OperationFailed."""
    tenant = next((one for one in declaration.tenants if one.name == name), None)
    if tenant is None or not tenant.databases:
        known = ", ".join(one.name for one in declaration.tenants if one.databases)
        raise OperationFailed(f"{name} is no tenant with a database; those are {known or 'none'}")
    shard = shard_of(declaration.fleet, tenant.home)
    if shard is None:
        raise OperationFailed("the fleet has no database hosts (role db)")
    database = _database(tenant, wanted)
    user = tenant.databases[database].first_user.name
    host = _host(transport, declaration, tenant.home)
    return Way(host, user, passwords.clear[user], database, sql_name(declaration.fleet), shard.client_port)


def shell_command(transport: Transport, way: Way, arguments: list[str]) -> list[str]:
    """The argv to execute here: the client, with this process's own terminal or pipe. The password is there already.

    Raises OperationFailed and Unreachable.
    """
    try:
        keep = ["sh", "-c", _KEEP, "sh", FOLDER]
        done = run(transport, way.host, keep, input=way.options().encode(), timeout=SECONDS)
    except CommandFailed as error:
        raise OperationFailed(f"{way.host}: the client could not be prepared: {error.stderr.strip()}") from error
    file = done.stdout.decode().strip()
    if PurePosixPath(file).parent != PurePosixPath(FOLDER):
        raise OperationFailed(f"{way.host}: the client could not be prepared: mktemp gave {file!r}")
    return transport.command(way.host, ["sh", "-c", _START, "sh", file, way.database, *arguments])


def _database(tenant: Tenant, wanted: str | None) -> str:
    if wanted is None and len(tenant.databases) == 1:
        return next(iter(tenant.databases))
    if wanted not in tenant.databases:
        known = ", ".join(sorted(tenant.databases))
        raise OperationFailed(f"{wanted or 'no database'} was named; tenant {tenant.name} has {known}")
    return wanted


def _host(transport: Transport, declaration: Declaration, island: str) -> str:
    """Where an application of the tenant runs: a web server of its home, or of another island when none is up."""
    servers = sorted(declaration.fleet.with_role(Role.WEB), key=lambda host: (host.island != island, host.id))
    for server in servers:
        if transport.reachable(server.id):
            return server.id
    raise OperationFailed("no web server can be reached, and only those reach the databases as applications do")
