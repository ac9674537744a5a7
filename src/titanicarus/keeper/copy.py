"""This host's copy of one shard: looked at without a break, and given orders, in threads of its own.

What it knows is handed to the loop as values; nothing here decides who writes.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from titanicarus.control import files
from titanicarus.keeper.desk import Desk
from titanicarus.keeper.following import Follow
from titanicarus.keeper.gate import boottime
from titanicarus.keeper.view import ANSWER_SECONDS, Disk, Mate, Memory, database, remember
from titanicarus.lease.messages import Database
from titanicarus.mariadb import instance, recovery
from titanicarus.mariadb.errors import Down, ServerError
from titanicarus.mariadb.look import Look
from titanicarus.mariadb.probe import Probe
from titanicarus.mariadb.server import Server, Source

RUN = Path("/run/titanicarus/keeper")
LOOK_SECONDS = 0.5
"""Between two looks at a primary; a replica is looked at half as often."""

Say = Callable[[str], None]


class ShardCopy:
    """One instance of MariaDB. `wake` is called when something was seen that the loop should act on at once."""

    def __init__(self, shard: str, server: Server, probe: Probe, wake: Callable[[], None], say: Say) -> None:
        self._shard, self._server, self._probe, self._wake, self._say = shard, server, probe, wake, say
        self._lock = threading.Lock()
        self._born = boottime()
        self._fresh_from = 0.0
        self._look: Look | None = None
        self._looked_at = 0.0
        self._pid: int | None = None
        self._cut_said: int | None = None
        self._promoted = _read_promoted(shard)
        self._memory = Memory()
        self._orders = Desk(f"{shard}: orders")
        self._openings = Desk(f"{shard}: openings")
        threading.Thread(target=self._watch, name=f"{shard}: looks", daemon=True).start()

    # -- what is known ------------------------------------------------------------------------------------------------

    @property
    def look(self) -> Look | None:
        """The last look at the run that goes on now."""
        with self._lock:
            return self._look

    def known(self, now: float) -> bool:
        """Whether anything can be said of the database: it was looked at, does not run, or had its time to answer.

        A keeper that has just started would take a database that it has not asked yet for one that is down.
        """
        with self._lock:
            looked = self._look is not None
        return looked or now - self._born >= ANSWER_SECONDS or instance.pid(self._shard) is None

    def give_time(self, now: float) -> None:
        """This host or keeper was stopped until now: database and disk get their time to answer from now on."""
        self._fresh_from = now

    def view(self, now: float, mate: Mate | None) -> Database | None:
        """What the protocol is told."""
        pid = instance.pid(self._shard)
        with self._lock:
            if pid is None or pid != self._pid:
                self._look = None
                return None
            disk = Disk(max(self._probe.written_at, self._fresh_from), self._probe.free)
            looked_at = max(self._looked_at, self._fresh_from)
            seen = database(self._look, looked_at, self._memory, disk=disk, mate=mate, now=now)
            return seen and replace(seen, looked_at=self._looked_at)

    def is_writable(self, epoch: int, owner: str) -> bool:
        """Whether it takes writes of that epoch: not read-only any more, and its epoch row is committed."""
        look = self.look
        return look is not None and not look.read_only and (look.epoch, look.owner) == (epoch, owner)

    # -- orders -------------------------------------------------------------------------------------------------------

    def promote(self, epoch: int, start_id: str) -> None:
        """Make exactly that run ready to be opened."""

        def job() -> None:
            self._server.promote()
            # Asked afterwards, and by the same number: a run that began meanwhile was not judged, and is not promoted.
            if self._server.look().start_id == start_id:
                _write_promoted(self._shard, start_id, epoch)
                with self._lock:
                    self._promoted = (start_id, epoch)
            self._look_once()

        self._order("promote", job)

    def make_writable(self, epoch: int, owner: str) -> None:
        """Let it take writes, the epoch row first. Waits for an acknowledgement while commits do."""

        def job() -> None:
            self._server.open_for_writes(epoch, owner)
            self._look_once()

        self._order("open", job, self._openings)

    def set_waits(self, waits: bool) -> None:
        """Make commits wait, or not."""

        def job() -> None:
            with self._lock:
                self._memory = replace(self._memory, waits_from=None)
            self._server.set_waits(waits)
            self._look_once()

        self._order("waits", job)

    def follow(self, follow: Follow, port: int) -> None:
        """Replicate from there."""

        def job() -> None:
            self._server.follow(Source(follow.host, port), follow.acknowledge)
            self._look_once()

        self._order("follow", job)

    def forget_source(self) -> None:
        """End what is left of its replication, now that it is the primary."""

        def job() -> None:
            self._server.forget_source()
            self._look_once()

        self._order("end of replication", job, self._openings)

    def kill(self) -> None:
        """End it now; it starts again read-only."""
        with self._lock:
            self._look, self._memory, self._promoted = None, Memory(), None
        instance.kill(self._shard)

    def say_cut(self, epoch: int) -> None:
        """It is down, and what was its standby in that epoch has opened the next."""
        if self._cut_said != epoch:
            self._cut_said = epoch
            recovery.say_cut(self._shard, epoch)

    # -- how ----------------------------------------------------------------------------------------------------------

    def _order(self, name: str, work: Callable[[], None], desk: Desk | None = None) -> None:
        def job() -> None:
            try:
                work()
            except ServerError as error:
                self._say(f"{name}: {error}")

        (desk or self._orders).ask(name, job)

    def _watch(self) -> None:
        pause = threading.Event()
        while True:
            try:
                self._look_once()
            except Down:
                pass  # no process, or one that does not answer: the time of the last look says so
            except ServerError as error:
                self._say(f"look: {error}")
            pause.wait(LOOK_SECONDS if self._memory.ready_for is not None else 2 * LOOK_SECONDS)

    def _look_once(self) -> None:
        pid = instance.pid(self._shard)
        asked = boottime()
        look = self._server.look()
        if pid is None or pid != instance.pid(self._shard):
            return  # it ended while it was looked at
        with self._lock:
            before = self._look
            self._look, self._looked_at, self._pid = look, asked, pid
            promoted = self._promoted
            ready = promoted[1] if promoted and promoted[0] == look.start_id else None
            memory = remember(self._memory, look, asked)
            if memory.ready_for != ready:
                memory = remember(replace(memory, ready_for=ready), look, asked)
            self._memory = memory
        if before is None or _matters(before) != _matters(look):
            self._wake()


def _matters(look: Look) -> tuple[object, ...]:
    return look.start_id, look.read_only, look.epoch, look.waits, look.followers, bool(look.waiting_sessions)


def _promoted_file(shard: str) -> Path:
    # Gone with a reboot, as is the run of mariadbd that it speaks of.
    return RUN / f"promoted-{shard}.json"


def _read_promoted(shard: str) -> tuple[str, int] | None:
    """Which run was promoted for which epoch, as the keeper before this one left it."""
    try:
        data = json.loads(_promoted_file(shard).read_text(encoding="utf-8"))
        return str(data["start_id"]), int(data["epoch"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no file is the rule; half a file cannot be: it is renamed into place


def _write_promoted(shard: str, start_id: str, epoch: int) -> None:
    text = json.dumps({"start_id": start_id, "epoch": epoch})
    files.write(_promoted_file(shard), text, 0o600, durable=False)
