"""A database under a lease, as far as the protocol can tell one from a real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from titanicarus.lease.messages import Database, Replica
from titanicarus.lease.record import Position
from titanicarus.mariadb.recovery import WAIT_SECONDS, Recovery, choose

if TYPE_CHECKING:
    from titanicarus.lease.simulation.host import Host

Entry = tuple[int, str, int]
"""One commit: the epoch and owner that accepted it, and its number there. Number 0 is the epoch row."""

PULL_EVERY = 0.25
BATCH = 40
HUNG_AFTER = 2.0
SILENT_AFTER = 1.0
REBUILD_AFTER = 5.0
ASKS_EVERY = 0.25
LOOKS_EVERY = 0.6
"""What is known of a primary is as old as that."""
UNSYNCED = 4
"""Acknowledged commits that may not have reached InnoDB's log: about those of its last second."""


class SimulatedDatabase:
    """mariadbd: the log is durable; what a replica received and has not applied is lost when it starts again.

    One that was open and whose commits waited asks the keeper, when it starts, whether it may roll back its tail.
    """

    def __init__(self, host: Host) -> None:
        self.host, self.world = host, host.world
        self.log: list[Entry] = []
        self.epoch, self.owner, self.serial = 0, "birth", 0
        self.applied = self.in_engine = 0
        self.opened: tuple[int, bool] | None = None
        self.said: int | None = None
        self.starts = 0
        self.start_id = ""
        self._view: Database | None = None
        self.running = False
        self.frozen_since: float | None = None
        self.batch = BATCH
        self.looks_every = LOOKS_EVERY
        self.diverged_since: float | None = None
        self._reset()

    def _reset(self) -> None:
        self.ready_for: int | None = None
        self.guaranteed, self.stated = False, 0
        self.writable = False
        self._looked = (-LOOKS_EVERY, 0)
        self.waits, self.waits_from = True, len(self.log)
        self.pending: list[tuple[int, Entry, float]] = []
        self.replicas: dict[str, tuple[str, int, float]] = {}

    def start(self) -> None:
        if not self.running and self.host.up:
            self._recover(self.world.now + WAIT_SECONDS)

    def _recover(self, until: float) -> None:
        if self.running or not self.host.up:
            return
        chosen = choose(self.opened, self.said)
        if chosen is None and self.world.now < until:
            self.world.after(ASKS_EVERY, self._recover, until)
            return
        if chosen is Recovery.CUT:
            self.world.judge.forgotten(self.host, self.in_engine)
            self._cut_to(self.in_engine)
        self.starts += 1
        self.start_id = f"{self.host.name}#{self.starts}"
        self.running, self.frozen_since = True, None
        self._reset()

    def kill(self, restart_after: float | None) -> None:
        if not self.running:
            return
        if self.ready_for is None:
            self._cut_to(self.applied)
        self.in_engine = len(self.log)
        if self.writable:
            self.in_engine = max(0, len(self.log) - len(self.pending) - self.world.random.randint(0, UNSYNCED))
        self.running, self.frozen_since = False, None
        self._reset()
        if restart_after is not None:
            self.world.after(restart_after, self.start)

    def _cut_to(self, length: int) -> None:
        del self.log[length:]
        self._read_branch()

    def _read_branch(self) -> None:
        self.epoch, self.owner, self.serial = self.log[-1] if self.log else (0, "birth", 0)

    def view(self) -> Database | None:
        """What the keeper sees of it."""
        if not self.running:
            return None
        now = self.world.now
        failed = self.frozen_since is not None and now - self.frozen_since >= HUNG_AFTER
        blocked = now - self.pending[0][2] if self.pending else 0.0
        if not self.writable or now - self._looked[0] >= self.looks_every:
            self._looked = (now, len(self.log))
        (looked, commits), replica, last = self._looked, self._replica(), self._view
        if last is None or not (
            last.position.commits == commits
            and (not self.writable or last.looked_at == self.host.clock(looked))
            and last.start_id == self.start_id
            and (last.position.epoch, last.position.owner) == (self.epoch, self.owner)
            and (last.ready_for, last.waits) == (self.ready_for, self.waits)
            and (last.blocked_for, last.replica, last.failed) == (blocked, replica, failed)
        ):
            position = Position(self.epoch, self.owner, commits)
            last = Database(
                self.start_id, position, self.ready_for, self.waits, blocked, replica, failed, self.host.clock(looked)
            )
            self._view = last
        return last

    def _replica(self) -> Replica | None:
        if self.ready_for is None:
            return None
        for name, (start_id, acknowledged, at) in self.replicas.items():
            if self.world.now - at < SILENT_AFTER:
                return Replica(name, start_id, self.waits and acknowledged >= self.waits_from)
        return None

    # -- the primary --------------------------------------------------------------------------------------------------

    def promote(self, epoch: int, start_id: str, guaranteed: bool, stated: int) -> None:
        """`guaranteed` and `stated` are for the judge: what the item says that this copy has."""
        if self.running and self.frozen_since is None and start_id == self.start_id and self.ready_for != epoch:
            self.applied = len(self.log)
            self.ready_for, self.guaranteed, self.stated = epoch, guaranteed, stated
            self.waits, self.waits_from = True, len(self.log)

    def make_writable(self, epoch: int) -> None:
        self.writable = True
        self.opened, self.said = (epoch, self.waits), None
        if (self.epoch, self.owner) != (epoch, self.host.name):
            self.world.judge.promoted(self.host, epoch)
            self.epoch, self.owner, self.serial = epoch, self.host.name, 0
            self.log.append((epoch, self.host.name, 0))
            self.applied = len(self.log)

    def set_waits(self, waits: bool) -> None:
        if waits and not self.waits:
            self.waits_from = len(self.log)
        self.waits = waits
        if self.opened:
            self.opened = (self.opened[0], waits)
        if not waits:
            for count, entry, _since in self.pending:
                if self.host.accepts():  # else they are in the engine, and nobody is told: the gate lets nothing out
                    self.world.judge.acknowledged(self.host, count, entry)
            self.pending.clear()

    def commit(self) -> None:
        self.serial += 1
        entry = (self.epoch, self.owner, self.serial)
        self.log.append(entry)
        self.applied = len(self.log)
        if self.waits:
            self.pending.append((len(self.log), entry, self.world.now))
        else:
            self.world.judge.acknowledged(self.host, len(self.log), entry)

    def acknowledged_by(self, replica: str, start_id: str, count: int) -> None:
        if self.ready_for is None or not self.running or self.frozen_since is not None:
            return
        before = self.replicas.get(replica, (start_id, 0, 0.0))
        self.replicas[replica] = (start_id, max(count, before[1] if before[0] == start_id else 0), self.world.now)
        while self.pending and self.pending[0][0] <= count:
            number, entry, _since = self.pending.pop(0)
            if self.host.accepts():
                self.world.judge.acknowledged(self.host, number, entry)

    # -- a replica ----------------------------------------------------------------------------------------------------

    def pull(self, source: Host) -> None:
        """Fetch from a source as a replica does, and acknowledge to a primary in the own island."""
        other = source.database
        if not (other.running and other.frozen_since is None and source.up and source.frozen is None):
            return
        self.opened = self.said = None
        mine, theirs = self.log, other.log
        if len(mine) > len(theirs) or (mine and theirs[len(mine) - 1] != mine[-1]):
            self._diverged(source)
            return
        self.diverged_since = None
        self.applied = len(mine)
        fetched = theirs[len(mine) : len(mine) + self.batch]
        if fetched:
            mine.extend(fetched)
            self._read_branch()
        if other.ready_for is not None and source.island == self.host.island:
            self.world.send(
                self.host.name, source.name, other.acknowledged_by, self.host.name, self.start_id, len(mine)
            )

    def _diverged(self, source: Host) -> None:
        """A copy that is no beginning of its source's is rebuilt, once it has been so for a while."""
        if self.diverged_since is None:
            self.diverged_since = self.world.now
        elif self.world.now - self.diverged_since >= REBUILD_AFTER and source.database.writable:
            self.diverged_since = None
            self.world.judge.rebuilt(self.host)
            self.log[:] = source.database.log
            self.applied = len(self.log)
            self._read_branch()
            self.kill(1.0)
