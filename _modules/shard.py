"""The MariaDB instances of a database host, by hand. The work is in `titanicarus.mariadb`.

The keeper does the same by itself, under the lease: what is done here by hand it may undo a second later. To hold it
off, pause the shard first (`saguire db pause SHARD`). Nothing here opens a gate, and none of it makes a second writer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any


def status(shard: str | None = None) -> dict[str, Any]:
    """What each instance of this host says of itself, or the one of `shard`; "down" with the reason if it does not.

    `applied` and `received` are numbers of commits; `lag_seconds` is how old the commit is that is applied now.

    CLI Example:

    .. code-block:: bash

        salt-call shard.status
        salt-call shard.status syd
    """
    from titanicarus.mariadb import carried

    with _spoken():
        shards = [carried.shard(shard)] if shard else carried.carried()
        return {one.name: _status(one.name) for one in shards}


def _status(shard: str) -> dict[str, Any]:
    from dataclasses import asdict

    from titanicarus.mariadb.errors import ServerError
    from titanicarus.mariadb.trouble import trouble

    server = _server(shard)
    try:
        look = server.look()
    except ServerError as error:
        return {"down": str(error)}
    finally:
        server.close()
    found = asdict(look) | {"followers": [follower.start_id for follower in look.followers]}
    kind = trouble(look.io_error)
    return found | ({"trouble": kind.value} if kind else {})


def follow(shard: str, source: str, acknowledge: bool = False) -> dict[str, Any]:
    """Make the instance replicate from the host `source`. What it had received from another is applied first.

    acknowledge
        Whether the source's commits wait for this copy: only for the standby, in the source's own island.

    CLI Example:

    .. code-block:: bash

        salt-call shard.follow syd syd-db1 acknowledge=True
    """
    from titanicarus.mariadb import carried
    from titanicarus.mariadb.server import Source

    with _spoken():
        me = carried.shard(shard)
        server = _server(shard)
        _refuse_writer(server)
        server.follow(Source(me.carrier(source).id, me.replication_port), bool(acknowledge))
    return _status(shard)


def unfollow(shard: str) -> dict[str, Any]:
    """Make the instance replicate from nobody; what it had received is applied.

    CLI Example:

    .. code-block:: bash

        salt-call shard.unfollow syd
    """
    with _spoken():
        _server(shard).unfollow()
    return _status(shard)


def promote(shard: str) -> dict[str, Any]:
    """End replication, apply everything that was received, let commits wait for a replica. It stays read-only: only the
    keeper, with the lease, opens it.

    CLI Example:

    .. code-block:: bash

        salt-call shard.promote syd
    """
    with _spoken():
        _server(shard).promote()
    return _status(shard)


def set_waits(shard: str, waits: bool) -> dict[str, Any]:
    """Whether commits wait for the acknowledgement of a replica. `False` lets those that wait now go on.

    CLI Example:

    .. code-block:: bash

        salt-call shard.set_waits syd False
    """
    with _spoken():
        _server(shard).set_waits(bool(waits))
    return _status(shard)


def fence(shard: str) -> bool:
    """Kill the instance at once. systemd starts it again, read-only: so this is how a primary is demoted, too.

    Gives False when it did not run.

    CLI Example:

    .. code-block:: bash

        salt-call shard.fence syd
    """
    from titanicarus.mariadb import instance

    with _spoken():
        return instance.kill(shard)


def rejoin(shard: str, source: str, acknowledge: bool = False, wait: float = 15.0) -> dict[str, Any]:
    """Follow `source`; when it cannot serve this copy, because it has diverged or is too old, rebuild it and follow.

    wait
        Seconds until replication must run.

    CLI Example:

    .. code-block:: bash

        salt-call shard.rejoin syd syd-db1 acknowledge=True
    """
    from titanicarus.mariadb.rejoin import settled

    follow(shard, source, acknowledge)
    with _spoken():
        look = settled(_server(shard), float(wait))
        if look.io_running and look.sql_running:
            return _status(shard)
    rebuild(shard, source)
    return follow(shard, source, acknowledge)


def rebuild(shard: str, source: str) -> dict[str, Any]:
    """Throw this host's copy away and make it anew from the one of `source`. Goes on with one that was cut off.

    What this copy has and no other is written to /var/lib/titanicarus/divergence first. An instance that is open for
    writes is refused. Afterwards: `shard.follow`.

    CLI Example:

    .. code-block:: bash

        salt-call shard.rebuild syd syd-db1
    """
    from titanicarus.mariadb.rebuild import rebuild as anew

    with _spoken():
        anew(shard, source)
    return _status(shard)


def divergence(shard: str, history: str) -> dict[str, Any]:
    """Report the commits of this copy that are not in `history`: another copy's `shard.history`.

    Gives the path of the report and the commits' ids; nothing when there are none.

    CLI Example:

    .. code-block:: bash

        salt-call shard.divergence syd 0-172425513-120,0-172425514-133
    """
    from titanicarus.mariadb.divergence import divergence as report_of

    with _spoken():
        report = report_of(shard, history)
    if report is None:
        return {}
    return {"report": str(report.text), "commits": [str(one.gtid) for one in report.transactions]}


def history(shard: str) -> str:
    """The last commit of each host in this copy's history, as MariaDB's gtid_binlog_state has it.

    CLI Example:

    .. code-block:: bash

        salt-call shard.history syd
    """
    from titanicarus.mariadb.copies import history_of

    with _spoken():
        return history_of(shard)


def _server(shard: str) -> Any:
    from titanicarus.mariadb import carried
    from titanicarus.mariadb.server import Server

    return Server(carried.shard(shard).name, timeout=10.0)


def _refuse_writer(server: Any) -> None:
    from titanicarus.mariadb.errors import ServerError

    try:
        if not server.look().read_only:
            raise ServerError(f"shard {server.shard} is open for writes here; `shard.fence` ends that")
    finally:
        server.close()


@contextlib.contextmanager
def _spoken() -> Iterator[None]:
    """Errors that an operator can do something about, as Salt shows them: the sentence and no traceback."""
    from salt.exceptions import CommandExecutionError

    from titanicarus.mariadb.errors import ServerError

    try:
        yield
    except (ServerError, ValueError) as error:
        raise CommandExecutionError(str(error)) from error
