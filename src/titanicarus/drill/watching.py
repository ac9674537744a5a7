"""The rulers of drills and storms, each over the one that the command line and the tests use."""

from __future__ import annotations

import time

from titanicarus.drill.felt import Felt, of_probe, of_talk, of_writes
from titanicarus.drill.files import RATE, FileWriter
from titanicarus.drill.rows import Watch
from titanicarus.drill.waiting import until
from titanicarus.fleet import Role
from titanicarus.lab import CLIENT, Lab, Probe
from titanicarus.lab.conversation import Conversation, Pings, Talk
from titanicarus.lab.plan import CLIENT_ADDRESS
from titanicarus.operations.shards import look_at_shards
from titanicarus.operations.workload import Place, Workload

TALK_SECONDS = 600.0
TABLES_SECONDS = 30.0
READ_SECONDS = 60.0


def boottime_offset() -> float:
    """How many seconds CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC: for how long this machine slept."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()


class Names:
    """Users of web sites: the probe."""

    def __init__(self, watch: Watch, probe: Probe) -> None:
        self.watch = watch
        self._probe = probe
        probe.start()

    def await_good(self, seconds: float) -> None:
        """Return when every site answered well just now. Raises LabError."""
        self._probe.wait_until_good(seconds)

    def stop(self) -> Felt:
        """The figures. Raises LabError."""
        return of_probe(self.watch, self._probe.stop())

    def kill(self) -> None:
        """Leave nothing running."""
        self._probe.kill()


class Files:
    """Somebody who writes files on one web server; another one reads them in the end."""

    def __init__(self, watch: Watch, lab: Lab, writer: str, reader: str, share: float) -> None:
        self.watch = watch
        self._writer = FileWriter(lab, watch.place, writer, reader, RATE * share)
        self._writer.probe.start()

    def await_good(self, seconds: float) -> None:
        """Return when files are written. Raises LabError."""
        self._writer.probe.wait_until_good(seconds)

    def stop(self) -> Felt:
        """The figures, and which files are not there. Raises LabError, Unreachable, OperationFailed."""
        result = self._writer.probe.stop()
        return of_probe(self.watch, result, self._writer.lost(result))

    def kill(self) -> None:
        """Leave nothing running."""
        self._writer.probe.kill()


class Writes:
    """A tenant's application, and the judge of what it was told (docs/checker.md)."""

    def __init__(self, watch: Watch, lab: Lab, place: Place, share: float) -> None:
        self.watch = watch
        self._lab = lab
        self._workload = Workload(lab, place, rate=10.0 * share)
        self._workload.start()
        self._tables_there = False

    def await_good(self, seconds: float) -> None:
        """Return when every client writes; the first time also, when the tables of the run have reached every copy: a
        writer that takes over before that would have none. Raises OperationFailed."""
        self._workload.wait_until_good(seconds)
        if not self._tables_there:
            await_tables(self._lab, self.watch.place)
            self._tables_there = True

    def stop(self) -> Felt:
        """Read back and judge. Raises OperationFailed."""
        report = self._workload.judged(READ_SECONDS)
        return of_writes(self.watch, report.figures, report.verdict, boottime_offset())

    def kill(self) -> None:
        """Leave nothing running."""
        self._workload.kill()


def await_tables(lab: Lab, shard: str) -> None:
    """Wait until what was written so far has reached every copy that follows. Raises TooLate."""
    (before,) = look_at_shards(lab, lab.fleet, shard)
    least = before.writer.commits if before.writer else None

    def there() -> bool:
        (found,) = look_at_shards(lab, lab.fleet, shard)
        return least is not None and all((copy.commits or 0) >= least for copy in found.copies if copy.replicates)

    until(f"every copy of {shard} having the tables of the run", there, TABLES_SECONDS)


class Talks:
    """Who goes out of an island and comes in through its gateway: an open connection through NAT, pings by tunnel."""

    def __init__(self, watch: Watch, lab: Lab) -> None:
        self.watch = watch
        fleet = lab.fleet
        here = fleet.with_role(Role.WEB, watch.place)[0]
        there = next(host for host in fleet.with_role(Role.WEB) if host.island != watch.place)
        self._nat = Conversation(lab, here.id, (CLIENT, str(CLIENT_ADDRESS)), TALK_SECONDS)
        self._talks: dict[str, Talk] = {
            "an open connection through NAT": self._nat,
            f"tunnel to {there.id}": Pings(lab, here.id, str(there.lan), TALK_SECONDS),
            f"tunnel from {there.id}": Pings(lab, there.id, str(here.lan), TALK_SECONDS),
        }
        self._lab = lab
        self._begin = time.monotonic()
        try:
            for talk in self._talks.values():
                talk.start()
        except BaseException:
            self.kill()
            raise

    def await_good(self, seconds: float) -> None:
        """Return when each was answered within the last second. Raises TooLate."""

        def good() -> bool:
            since = time.monotonic() - 1.0
            return all(talk.times and talk.times[-1] > since for talk in self._talks.values())

        until(f"{self.watch} being heard", good, seconds)

    def stop(self) -> Felt:
        """The figures."""
        end = time.monotonic()
        for talk in self._talks.values():
            talk.end()
        self._nat.close()
        heard = [(name, tuple(talk.times), talk.broken) for name, talk in self._talks.items()]
        return of_talk(self.watch, self._begin, end, heard)

    def kill(self) -> None:
        """Leave nothing running."""
        for talk in self._talks.values():
            talk.give_up()
        self._nat.close()
