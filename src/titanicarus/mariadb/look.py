"""What an instance says of itself, put together from its answers. No connection in here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from titanicarus.mariadb import gtid
from titanicarus.mariadb.sockets import Address, End

Row = Mapping[str, Any]

QUERIES = (
    # Whether commits wait is asked before how many there are: then each of those after that number has waited.
    "SELECT @@rpl_semi_sync_master_enabled, @@report_host, @@read_only, @@gtid_binlog_pos, @@gtid_slave_pos,"
    " @@rpl_semi_sync_slave_enabled, @@extra_port",
    # LIKE, and not WHERE: that works out every variable there is before it chooses, and some of them wait for the lock
    # of the binary log, which a commit holds for as long as it waits for a replica.
    "SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_master_%'",
    # SHOW SLAVE STATUS has six times as many columns, and to take columns apart was a quarter of what a keeper did.
    "SELECT Master_Host, Slave_IO_Running, Slave_SQL_Running, Gtid_IO_Pos, Last_IO_Errno, Last_IO_Error,"
    " Last_SQL_Errno, Last_SQL_Error, Seconds_Behind_Master FROM information_schema.slave_status",
    "SHOW SLAVE HOSTS",
    "SELECT host FROM information_schema.processlist WHERE command = 'Binlog Dump'",
    "SELECT epoch, owner FROM titanicarus.epochs ORDER BY epoch DESC LIMIT 1",
)
"""Sent together; one answer each, in this order."""
SILENT_SECONDS = 3.0
"""A replica from whose host nothing came for so long is none: it gets something each second, and acknowledges it."""

Silence = Mapping[End, float]
"""Address and port of the other end of a connection to the replication port, to seconds since it was heard."""


@dataclass(frozen=True, slots=True)
class Follower:
    """A replica that is connected: the host's id, and which run of its mariadbd it is."""

    host: str
    start_id: str


@dataclass(frozen=True, slots=True)
class Look:
    """An instance at one moment.

    start_id
        Names this run of mariadbd: `<host id>#<unique>`.
    epoch, owner
        Of the last epoch row in it; 0 and "birth" when there is none.
    applied, received
        Numbers of commits: in the binary log here, and also those received and not yet applied. `received` is never
        less than `applied`.
    waits
        Whether commits wait for a replica's acknowledgement.
    waiting_sessions
        How many commits wait for one now.
    acked
        How many commits a replica has acknowledged in this run.
    acknowledges
        Whether this instance acknowledges what it receives, once its replication starts next.
    followers
        Replicas that are connected now, and whose hosts answer.
    source
        Host id of the instance that it follows; None when it follows none.
    lag_seconds
        Age of the commit that is applied now, 0 when all that was received is applied; None while unknown.
    """

    start_id: str
    read_only: bool
    epoch: int
    owner: str
    applied: int
    received: int
    waits: bool
    waiting_sessions: int
    acked: int
    acknowledges: bool
    followers: tuple[Follower, ...]
    source: str | None
    io_running: bool
    sql_running: bool
    io_error: str
    sql_error: str
    lag_seconds: float | None


def replicas(answers: Sequence[list[Row]]) -> tuple[int, list[End]]:
    """The port of the instance's replicas, and the other ends of the connections that it believes to have there."""
    return int(answers[0][0]["@@extra_port"]), [_end(dump) for dump in answers[4]]


def read(answers: Iterable[list[Row]], silence: Silence | None = None) -> Look:
    """The answers to QUERIES as one Look. `silence` is of the connections to the replication port, None if not known.

    Raises ValueError or KeyError when they are not what those queries give.
    """
    variables, status, replica, hosts, dumps, epochs = answers
    own = variables[0]
    state = {str(row["Variable_name"]).lower(): str(row["Value"]) for row in status}
    following = replica[0] if replica else None
    applied = gtid.sequence(own["@@gtid_binlog_pos"], own["@@gtid_slave_pos"])
    received = gtid.sequence(following["Gtid_IO_Pos"] or "") if following else 0
    return Look(
        start_id=str(own["@@report_host"]),
        read_only=_yes(own["@@read_only"]),
        epoch=int(epochs[0]["epoch"]) if epochs else 0,
        owner=str(epochs[0]["owner"]) if epochs else "birth",
        applied=applied,
        received=max(applied, received),
        waits=_yes(own["@@rpl_semi_sync_master_enabled"]),
        waiting_sessions=int(state.get("rpl_semi_sync_master_wait_sessions", 0)),
        acked=int(state.get("rpl_semi_sync_master_yes_tx", 0)),
        acknowledges=_yes(own["@@rpl_semi_sync_slave_enabled"]),
        followers=followers(hosts, dumps, silence),
        source=str(following["Master_Host"]) if following and following["Master_Host"] else None,
        io_running=following is not None and following["Slave_IO_Running"] == "Yes",
        sql_running=following is not None and following["Slave_SQL_Running"] == "Yes",
        io_error=_error(following, "IO"),
        sql_error=_error(following, "SQL"),
        lag_seconds=_lag(following),
    )


def followers(hosts: list[Row], dumps: list[Row], silence: Silence | None = None) -> tuple[Follower, ...]:
    """The replicas of SHOW SLAVE HOSTS whose connection lives, one a host.

    A registration lives as long as its connection, and a connection until the kernel gives it up: which of them still
    are is told by who is heard. A replica's server id is its address, by which the two lists are brought together.
    """
    living = [address for address, port in map(_end, dumps) if _heard(silence, address, port)]
    if len(living) == len(hosts):
        rows = hosts
    else:
        numbers = {int(address) for address in living}
        rows = [row for row in hosts if int(row["Server_id"]) in numbers]
    found = {}
    for row in rows:
        start_id = str(row["Host"])
        host = start_id.partition("#")[0]
        if host:
            found[host] = Follower(host, start_id)
    return tuple(found[host] for host in sorted(found))


def _end(dump: Row) -> End:
    address, _, port = str(dump["host"]).rpartition(":")
    return ip_address(address.strip("[]")), int(port)


def _heard(silence: Silence | None, address: Address, port: int) -> bool:
    """A connection that the kernel does not have any more is not heard; without its list, every one is."""
    return silence is None or silence.get((address, port), SILENT_SECONDS) < SILENT_SECONDS


def _yes(value: Any) -> bool:
    return str(value).upper() in ("1", "ON", "YES", "TRUE")


def _error(following: Row | None, thread: str) -> str:
    if not following or not int(following[f"Last_{thread}_Errno"] or 0):
        return ""
    return f"{following[f'Last_{thread}_Errno']}: {following[f'Last_{thread}_Error']}"


def _lag(following: Row | None) -> float | None:
    if not following or following["Seconds_Behind_Master"] is None:
        return None
    return float(following["Seconds_Behind_Master"])
