"""What must never happen, and how long it took until somebody wrote again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from titanicarus.lease.record import Record, Stage

if TYPE_CHECKING:
    from titanicarus.lease.simulation.database import Entry
    from titanicarus.lease.simulation.host import Host
    from titanicarus.lease.simulation.world import World


class Violation(AssertionError):
    """The protocol broke one of its promises. `kind` is a word for which."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind


class Judge:
    """Sees everything at once. `reported` counts the commits that were given up by the data-loss rule; until their tail
    stands in a divergence report, some copy must have each of them. `cuts` counts tails that were forgotten."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.acked: list[tuple[int, Entry]] = []
        self.epoch = 0
        self.reported = self.cuts = 0
        self.given_up: set[tuple[int, Entry]] = set()
        self.by_word: set[str] = set()
        self._said: dict[int, bool] = {}
        self.healed: float | None = None
        self.first_ack: float | None = None

    def _fail(self, kind: str, text: str) -> None:
        raise Violation(kind, f"{text} at {self.world.now:.3f} s")

    def written(self, before: Record, after: Record) -> None:
        if after.epoch < before.epoch or (after.epoch == before.epoch and after.owner != before.owner):
            self._fail(
                "epoch", f"{before.owner} in epoch {before.epoch} was followed by {after.owner} in {after.epoch}"
            )

    def opened(self, host: Host) -> None:
        """A gate was opened, or kept open for longer."""
        if host.keeper and host.keeper.overriding:
            self.by_word.add(host.name)
        for other in self.world.hosts.values():
            if other is not host and other.could_accept() and not self.by_word & {host.name, other.name}:
                self._fail("two writers", f"{host.name} opened while {other.name} was open")

    def is_guaranteed(self, host: Host, start_id: str) -> bool:
        """Whether the item says that this run of a database has every acknowledged commit."""
        record = host.keeper.known if host.keeper else None
        if record is None or record.owner != host.name:
            return False
        if record.stage is not Stage.OPEN:
            self._said[record.epoch] = self._says(record, host, start_id)
        return self._said.get(record.epoch, True)

    def _says(self, record: Record, host: Host, start_id: str) -> bool:
        if record.stage is Stage.HANDED:
            # Whoever handed it over has everything, and could take it back for so long.
            timing = self.world.timing
            return record.standby is None or self.world.now - self.world.owned_since < timing.wait + timing.others
        return record.standby == host.name and record.standby_start_id == start_id

    def promoted(self, host: Host, epoch: int) -> None:
        """A copy becomes the shard."""
        if epoch <= self.epoch and not self.by_word and not (host.keeper and host.keeper.overriding):
            self._fail("epoch", f"{host.name} opened epoch {epoch} after epoch {self.epoch}")
        self.epoch = max(self.epoch, epoch)
        log = host.database.log
        missing = [(count, entry) for count, entry in self.acked if len(log) < count or log[count - 1] != entry]
        if not missing:
            return
        if not (host.wishes.override or self.by_word):
            if host.database.guaranteed:
                self._fail("lost", f"{host.name} lacks {len(missing)} acknowledged commits which it was said to have")
            stated = sum(count <= host.database.stated for count, _entry in missing)
            if stated > self.world.timing.max_lag:
                self._fail("lost", f"{host.name} lacks {stated} commits of those that the item states")
        self.reported += len(missing)
        gone = set(missing)
        self.given_up |= gone
        self.acked = [pair for pair in self.acked if pair not in gone]

    def forgotten(self, host: Host, length: int) -> None:
        """A database rolls back everything after its first `length` commits, and nobody will be told of those."""
        self.cuts += len(host.database.log) > length
        tail = set(enumerate(host.database.log[length:], start=length + 1))
        others = [other.database.log for other in self.world.hosts.values() if other is not host]
        for count, entry in sorted(tail & (self.given_up | set(self.acked))):
            if not any(len(log) >= count and log[count - 1] == entry for log in others):
                self._fail("forgotten", f"{host.name} forgot {entry}, which was acknowledged and is nowhere else")

    def rebuilt(self, host: Host) -> None:
        """A copy is thrown away; what it has of its own stands in a divergence report."""
        self.given_up.difference_update(enumerate(host.database.log, start=1))

    def acknowledged(self, host: Host, count: int, entry: Entry) -> None:
        """A client was told that its commit is safe."""
        epoch = entry[0]
        if epoch < self.epoch and not self.by_word:
            self._fail("epoch", f"{host.name} acknowledged in epoch {epoch} after epoch {self.epoch}")
        self.acked.append((count, entry))
        if self.first_ack is None and self.healed is not None:
            self.first_ack = self.world.now

    def all_healed(self) -> None:
        """From now on nothing fails any more."""
        self.healed, self.first_ack = self.world.now, None

    def at_the_end(self) -> float:
        """One writer, with everything that was acknowledged. Seconds from the end of all faults to the next commit."""
        writers = [host for host in self.world.hosts.values() if host.accepts()]
        if len(writers) != 1 or self.first_ack is None or self.healed is None:
            known = {host.name: host.keeper.why for host in self.world.hosts.values() if host.keeper}
            kind = "two writers" if len(writers) > 1 else "no writer"
            self._fail(kind, f"{[host.name for host in writers]} are open; {known}; {self.world.record}")
        self.whole(writers[0])
        return (self.first_ack or 0.0) - (self.healed or 0.0)

    def no_writer(self) -> None:
        """Nobody took what somebody should have."""
        known = {host.name: host.keeper.why for host in self.world.hosts.values() if host.keeper}
        self._fail("no writer", f"{known}; {self.world.record}")

    def whole(self, host: Host) -> None:
        """Everything that was acknowledged, and not reported as given up, is there."""
        log = host.database.log
        missing = [entry for count, entry in self.acked if len(log) < count or log[count - 1] != entry]
        if missing and not self.by_word:
            self._fail("lost", f"{host.name} lacks {missing[:5]}")
