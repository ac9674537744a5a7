"""Tenants' databases and users on this database host. The work is in `titanicarus.mariadb.tenants`."""

from __future__ import annotations

from typing import Any


def status(shard: str) -> dict[str, dict[str, Any]]:
    """Each database of tenants in a shard: its tenant, size and quota in MiB, whether it is over it, and whether it was
    removed from the tenant's file.

    CLI Example:

    .. code-block:: bash

        salt syd-db1 tenant_databases.status syd
    """
    from titanicarus.mariadb.tenants.model import MIB

    found = _look(shard)
    return {
        name: {
            "tenant": known.tenant,
            "size_mib": round(found.sizes.get(name, 0) / MIB, 1),
            "quota_mib": known.quota_mib,
            "over_quota": known.over_quota,
            "removed": known.removed,
        }
        for name, known in sorted(found.databases.items())
    }


def plan(shard: str) -> dict[str, Any]:
    """What a run of the state would do in a shard on this host, whether or not it is the one to write.

    CLI Example:

    .. code-block:: bash

        salt syd-db1 tenant_databases.plan syd
    """
    from titanicarus.mariadb.tenants.model import wanted_from
    from titanicarus.mariadb.tenants.plan import describe
    from titanicarus.mariadb.tenants.plan import plan as compare

    steps = compare(wanted_from(__pillar__["db"]["tenants"], shard), _look(shard))
    return {"changes": describe(steps.steps), "conflicts": list(steps.conflicts), "over_quota": list(steps.over)}


def writer(shard: str) -> str:
    """Which host writes to a shard, as this host's keeper knows it: a sentence.

    CLI Example:

    .. code-block:: bash

        salt syd-db1 tenant_databases.writer syd
    """
    from titanicarus.mariadb.tenants.writer import read_status, writer_of

    return writer_of(shard, read_status()).why


def _look(shard: str) -> Any:
    from salt.exceptions import CommandExecutionError

    from titanicarus.mariadb.connection import Connection
    from titanicarus.mariadb.errors import ServerError
    from titanicarus.mariadb.instance import socket_of
    from titanicarus.mariadb.tenants.run import STATEMENT_SECONDS
    from titanicarus.mariadb.tenants.server import look

    try:
        with Connection(shard, socket_of(shard), STATEMENT_SECONDS) as connection:
            return look(connection)[0]
    except ServerError as error:
        raise CommandExecutionError(str(error)) from error
