"""One instance on this host, by its socket. Every call has a deadline, and may be made again.

The order in which things are done here is what the lease protocol believes of a database
(titanicarus.lease.simulation.database); docs/databases.md says why.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from titanicarus.mariadb import gtid, look, recovery, sockets
from titanicarus.mariadb.connection import Connection
from titanicarus.mariadb.errors import Behind, Diverged, Late, Refused, ServerError
from titanicarus.mariadb.instance import run_folder, socket_of
from titanicarus.mariadb.look import Look, Row, Silence

TIMEOUT = 2.0
APPLY_SECONDS = 10.0
OPEN_SECONDS = 60.0
_POLL_SECONDS = 0.02
_USER = "replication"


@dataclass(frozen=True, slots=True)
class Source:
    """Whom to follow: a host's id, which is also the name by which it is reached, and its replication port."""

    host: str
    port: int


class Server:
    """The instance of `shard`. `look` keeps a connection; everything else makes one of its own, so that a call that
    blocks (a commit that waits for its acknowledgement) blocks nothing else. Safe to use from several threads.
    """

    def __init__(
        self,
        shard: str,
        *,
        socket: Path | None = None,
        timeout: float = TIMEOUT,
        certificate: Path | None = None,
        notes: recovery.Notes | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`timeout` in seconds for each answer. `certificate` is the folder of host.crt, host.key and root.crt as the
        instance itself can read them, by default in its folder below /run. `notes` is what its next start goes by.
        """
        self.shard = shard
        self._socket = socket or socket_of(shard)
        self._timeout = timeout
        self._certificate = certificate or run_folder(shard)
        self._notes = notes or recovery.notes(shard)
        self._clock = clock
        self._lock = threading.Lock()
        self._looking: Connection | None = None
        self._connections = sockets.Connections()

    # -- looking ------------------------------------------------------------------------------------------------------

    def look(self) -> Look:
        """What it says of itself, in one round trip. Raises Down, Late or another ServerError."""
        with self._lock:
            try:
                if self._looking is None:
                    self._looking = self._connect()
                answers = self._looking.ask(*look.QUERIES)
                return look.read(answers, self._silence(*look.replicas(answers)))
            except ServerError:
                self._forget()
                raise
            except (KeyError, ValueError, IndexError) as error:
                self._forget()
                raise ServerError(f"shard {self.shard}: an answer that was not expected: {error!r}") from error

    def close(self) -> None:
        """Give up the connection that `look` keeps."""
        with self._lock:
            self._forget()

    def _silence(self, port: int, replicas: list[sockets.End]) -> Silence | None:
        """For how long nothing was heard from each replica; None when the kernel does not tell, or there is none."""
        try:
            return self._connections.silent_for(port, replicas) if replicas else None
        except OSError:
            return None

    def _forget(self) -> None:
        if self._looking is not None:
            self._looking.close()
            self._looking = None

    # -- the primary --------------------------------------------------------------------------------------------------

    def promote(self, deadline: float = APPLY_SECONDS) -> None:
        """Apply everything that was received, apply nothing more, and let commits wait for a replica. Stays read-only.

        The receiving thread is left alone: when its source is dead it hangs in a connection attempt, and does not end
        for seconds. What it receives from now on was acknowledged to nobody, and is never applied: `forget_source`.
        `deadline` in seconds for applying. Raises Behind when that was not enough: what was received is kept, and the
        next call goes on. Idempotent.
        """
        with self._connect() as connection:
            if self._replica(connection):
                self._end_applying(connection, deadline)
            connection.do("SET GLOBAL rpl_semi_sync_slave_enabled = OFF")
            connection.do("SET GLOBAL rpl_semi_sync_master_enabled = ON")

    def forget_source(self) -> None:
        """End what is left of replication after `promote`. Late while a connection attempt lasts: call it again."""
        with self._connect() as connection:
            if self._replica(connection):
                connection.do("STOP SLAVE")
                connection.do("RESET SLAVE ALL")

    def open_for_writes(self, epoch: int, owner: str, deadline: float = OPEN_SECONDS) -> None:
        """Accept writes, and write the epoch's row. Blocks while that commit waits for its acknowledgement.

        Raises Late after `deadline` seconds: the row may still come. Raises Diverged when the epoch has another owner
        here. Idempotent.
        """
        with self._connect(deadline) as connection:
            (state,) = connection.ask("SELECT @@rpl_semi_sync_master_enabled AS waits")
            recovery.opening(self._notes, epoch, bool(state[0]["waits"]))
            connection.do("SET GLOBAL read_only = OFF")
            rows = connection.do("SELECT owner FROM titanicarus.epochs WHERE epoch = %s", (epoch,))
            if not rows:
                connection.do("INSERT INTO titanicarus.epochs (epoch, owner) VALUES (%s, %s)", (epoch, owner))
            elif rows[0]["owner"] != owner:
                raise Diverged(f"shard {self.shard}: epoch {epoch} was opened by {rows[0]['owner']}, not by {owner}")

    def set_waits(self, waits: bool) -> None:
        """Whether commits wait for a replica's acknowledgement. False lets those that wait now go on. Idempotent."""
        with self._connect() as connection:
            if not waits:
                recovery.waiting(self._notes, False)
            connection.do(f"SET GLOBAL rpl_semi_sync_master_enabled = {'ON' if waits else 'OFF'}")
            if waits:
                recovery.waiting(self._notes, True)

    def close_for_writes(self) -> None:
        """Read-only again, for a copy that is not in use. Blocks behind commits that wait: never a way to fence."""
        with self._connect() as connection:
            connection.do("SET GLOBAL read_only = ON")

    # -- a replica ----------------------------------------------------------------------------------------------------

    def follow(self, source: Source, acknowledge: bool, deadline: float = APPLY_SECONDS) -> None:
        """Replicate from `source`, and acknowledge what is received iff `acknowledge`. Changes nothing if so already.

        What was received from another source is applied first, within `deadline` seconds: starting replication anew
        drops it, and it may have been acknowledged. Raises Behind when that was not enough.
        """
        with self._connect() as connection:
            row = self._replica(connection)
            if row and self._follows(connection, row, source, acknowledge):
                return
            if row:
                self._drain(connection, deadline)
                connection.do("STOP SLAVE")
            self._start_from_own_position(connection)
            connection.do("SET GLOBAL rpl_semi_sync_master_enabled = OFF")
            connection.do(f"SET GLOBAL rpl_semi_sync_slave_enabled = {'ON' if acknowledge else 'OFF'}")
            connection.do(
                "CHANGE MASTER TO MASTER_HOST = %s, MASTER_PORT = %s, MASTER_USER = %s, MASTER_PASSWORD = '',"
                " MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1,"
                " MASTER_HEARTBEAT_PERIOD = 1, MASTER_SSL = 1, MASTER_SSL_VERIFY_SERVER_CERT = 1,"
                " MASTER_SSL_CA = %s, MASTER_SSL_CERT = %s, MASTER_SSL_KEY = %s",
                (source.host, source.port, _USER, *self._certificate_files()),
            )
            connection.do("START SLAVE")
        recovery.following(self._notes)

    def unfollow(self) -> None:
        """Replicate from nobody; what was received is applied first if it can be. Idempotent."""
        with self._connect() as connection:
            if self._replica(connection):
                self._drain(connection, APPLY_SECONDS)
                connection.do("STOP SLAVE")
                connection.do("RESET SLAVE ALL")

    # -- parts --------------------------------------------------------------------------------------------------------

    def _connect(self, timeout: float | None = None) -> Connection:
        return Connection(self.shard, self._socket, timeout or self._timeout)

    def _certificate_files(self) -> tuple[str, str, str]:
        folder = self._certificate
        return str(folder / "root.crt"), str(folder / "host.crt"), str(folder / "host.key")

    def _replica(self, connection: Connection) -> Row | None:
        (rows,) = connection.ask("SHOW SLAVE STATUS")
        return rows[0] if rows else None

    def _follows(self, connection: Connection, row: Row, source: Source, acknowledge: bool) -> bool:
        """Whether it already follows, and whether its replication only has to be started.

        A thread that ended with an error is started again; a running one is left alone.
        """
        (variables,) = connection.ask("SELECT @@rpl_semi_sync_slave_enabled AS acknowledges")
        same = (row["Master_Host"], int(row["Master_Port"])) == (source.host, source.port)
        if not same or bool(variables[0]["acknowledges"]) != acknowledge:
            return False
        if row["Slave_IO_Running"] == "No" and row["Slave_SQL_Running"] == "No":
            return False
        if row["Slave_IO_Running"] == "No" or row["Slave_SQL_Running"] == "No":
            connection.do("START SLAVE")
        return True

    def _drain(self, connection: Connection, deadline: float) -> None:
        """Stop receiving, and wait until everything that was received is applied."""
        connection.do("STOP SLAVE IO_THREAD")
        self._await_applied(connection, self._clock() + deadline)

    def _end_applying(self, connection: Connection, deadline: float) -> None:
        """Wait until everything that was received is applied, and end the applying thread there."""
        until = self._clock() + deadline
        while True:
            self._await_applied(connection, until)
            connection.do("STOP SLAVE SQL_THREAD")
            row = self._replica(connection)
            if row is None or self._applied(connection, row):
                return
            connection.do("START SLAVE SQL_THREAD")  # it received more in between

    def _await_applied(self, connection: Connection, until: float) -> None:
        """Until everything that was received is applied, or raise Behind at `until`."""
        while True:
            row = self._replica(connection)
            if row is None or self._applied(connection, row):
                return
            if row["Slave_SQL_Running"] == "No":
                self._restart_applying(connection, row)
            if self._clock() >= until:
                raise Behind(
                    f"shard {self.shard}: received up to {row['Gtid_IO_Pos']}, and not applied in time:"
                    f" {row['Slave_SQL_Running_State'] or row['Last_SQL_Error']}"
                )
            threading.Event().wait(_POLL_SECONDS)

    def _applied(self, connection: Connection, row: Row) -> bool:
        """Nothing received is left. With no run of replication since the start, nothing was received either."""
        (rows,) = connection.ask("SELECT @@gtid_slave_pos AS position")
        return gtid.sequence(row["Gtid_IO_Pos"] or "") <= gtid.sequence(rows[0]["position"])

    def _restart_applying(self, connection: Connection, row: Row) -> None:
        """The applying thread ended, and something is left: start it again, alone, so that nothing is dropped."""
        if int(row["Last_SQL_Errno"] or 0):
            raise Refused(
                f"shard {self.shard}: what was received cannot be applied: {row['Last_SQL_Error']}",
                int(row["Last_SQL_Errno"]),
            )
        try:
            connection.do("START SLAVE SQL_THREAD")
        except Late:
            raise
        except Refused as error:
            raise Behind(f"shard {self.shard}: applying cannot be started: {error}") from error

    def _start_from_own_position(self, connection: Connection) -> None:
        """An old primary's own commits are in its binary log only: replication starts behind them."""
        (rows,) = connection.ask("SELECT @@gtid_slave_pos AS replica, @@gtid_binlog_pos AS binlog")
        here = gtid.position(rows[0]["replica"], rows[0]["binlog"])
        if here != rows[0]["replica"]:
            connection.do("SET GLOBAL gtid_slave_pos = %s", (here,))
