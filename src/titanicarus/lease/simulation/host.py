"""A host: its clock, its keeper, the gate in its kernel and its database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from titanicarus.lease.messages import Action, Ask, Fence, Open, Promote, Read, SetWaits, Shut, Wishes, Write
from titanicarus.lease.protocol import Lease
from titanicarus.lease.record import Position, Stage
from titanicarus.lease.simulation.database import PULL_EVERY, SimulatedDatabase

if TYPE_CHECKING:
    from titanicarus.lease.simulation.world import World

TICK = 0.25
RESTART = 1.0


class Host:
    """What survives a power cut is the database's log and the highest epoch that was seen."""

    def __init__(self, world: World, name: str, rate: float) -> None:
        from titanicarus.lease.simulation.world import PLACES  # noqa: PLC0415 - the world makes the hosts

        self.world, self.name, self.island, self.rate, self.places = world, name, PLACES[name], rate, PLACES
        self.offset = world.random.uniform(0, 1000)
        self.up = False
        self.frozen: list[tuple[Callable[..., None], tuple[Any, ...]]] | None = None
        self.stall: float | None = None
        self.gate_until = 0.0
        self.keeper: Lease | None = None
        self.life = 0
        self.epoch_seen = 0
        self.heartbeats: dict[str, int] = {}
        self.wishes = Wishes()
        self.database = SimulatedDatabase(self)

    def clock(self, at: float | None = None) -> float:
        """Its own time, now or at an instant of the world's."""
        return self.offset + (self.world.now if at is None else at) * self.rate

    def accepts(self) -> bool:
        """Whether a client's commit would be acknowledged now."""
        database = self.database
        running = database.running and database.frozen_since is None and database.writable
        return running and self.frozen is None and self.gate_until > self.world.now

    def could_accept(self) -> bool:
        """Whether it would, as soon as whatever is stopped or frozen goes on."""
        return self.up and self.database.running and self.database.writable and self.gate_until > self.world.now

    # -- power --------------------------------------------------------------------------------------------------------

    def boot(self) -> None:
        if self.up:
            return
        self.up, self.frozen, self.gate_until = True, None, 0.0
        self.database.start()
        self.start_keeper()
        self.world.after(self.world.random.uniform(0, PULL_EVERY), self._pull, self.life)

    def power_off(self) -> None:
        self.up, self.frozen, self.gate_until = False, None, 0.0
        self.keeper = None
        self.life += 1
        self.database.kill(None)
        self.database.said = None

    def start_keeper(self) -> None:
        if self.up and self.keeper is None:
            self.life += 1
            name = f"{self.name}.{self.life}"
            self.keeper = self.world.lease(
                self.name,
                "a/sql",
                self.places,
                timing=self.world.timing,
                now=self.clock(),
                name=name,
                epoch_seen=self.epoch_seen,
            )
            self.world.after(self.world.random.uniform(0, TICK), self._tick, self.life)
            self.world.after(self.world.random.uniform(0, 1), self._beat, self.life)
            self.world.after(self.world.random.uniform(0, 1), self._tell, self.life)

    def kill_keeper(self, restart_after: float = RESTART) -> None:
        self.keeper = None
        self.life += 1
        self.world.after(restart_after, self.start_keeper)
        self.world.after(restart_after + self.world.random.uniform(0, PULL_EVERY), self._pull, self.life + 1)

    def freeze(self) -> None:
        """Everything but the kernel stands still."""
        if self.up and self.frozen is None:
            self.frozen = []

    def thaw(self) -> None:
        calls, self.frozen = self.frozen or [], None
        for call, arguments in calls:
            call(*arguments)

    def _stopped(self, call: Callable[..., None], *arguments: Any) -> bool:
        if self.frozen is not None:
            self.frozen.append((call, arguments))
            return True
        return False

    # -- the keeper's loops -------------------------------------------------------------------------------------------

    def _tick(self, life: int) -> None:
        if life != self.life or self._stopped(self._tick, life):
            return
        self._act()
        self.world.after(TICK / self.rate, self._tick, life)

    def _beat(self, life: int) -> None:
        if life != self.life or self._stopped(self._beat, life):
            return
        self.world.send(self.name, "witness", self.world.heartbeat, self, life)
        self.world.after(self.world.timing.heartbeat / self.rate, self._beat, life)

    def _tell(self, life: int) -> None:
        if life != self.life or self._stopped(self._tell, life):
            return
        database = self.database
        if database.running and database.frozen_since is None:
            position = Position(database.epoch, database.owner, len(database.log))
            known = self.keeper.known if self.keeper else None
            told = (known.epoch if known else self.epoch_seen, self.name, position, database.start_id)
            for other in self.world.hosts.values():
                if other is not self:
                    self.world.send(self.name, other.name, other.keeper_told, *told)
        self.world.after(self.world.timing.tell / self.rate, self._tell, life)

    def _pull(self, life: int) -> None:
        if life != self.life or self._stopped(self._pull, life):
            return
        database, source = self.database, self.source()
        replicates = database.running and database.frozen_since is None and database.ready_for is None
        if source and replicates and self.world.passes(self.name, source.name):
            database.pull(source)
        self.world.after(PULL_EVERY, self._pull, life)

    def source(self) -> Host | None:
        """Whom this host's database follows: other islands follow the standby while there is one."""
        if self.keeper is None or self.keeper.known is None or self.keeper.known.owner == self.name:
            return None
        record = self.keeper.known
        owner = self.world.hosts[record.owner]
        if record.stage is not Stage.OPEN:
            return None
        if owner.island != self.island and record.standby and record.standby != self.name:
            return self.world.hosts[record.standby]
        return owner

    # -- what the keeper hears ----------------------------------------------------------------------------------------

    def keeper_hears(self, life: int, what: str, *arguments: Any) -> None:
        if life != self.life or self.keeper is None or self._stopped(self.keeper_hears, life, what, *arguments):
            return
        if what == "heartbeats":
            for name, count in arguments[0].items():
                if self.heartbeats.get(name) != count:
                    self.heartbeats[name] = count
                    self.keeper.on_heartbeat(self.clock(), name)
            return
        getattr(self.keeper, what)(self.clock(), *arguments)
        self._act()

    def keeper_asked(self, ask: Ask, sender: Host, life: int) -> None:
        if self.keeper is None or self._stopped(self.keeper_asked, ask, sender, life):
            return
        if self.keeper.on_asked(self.clock(), ask):
            self.world.send(self.name, sender.name, sender.keeper_hears, life, "on_promise", self.name, ask.round)

    def keeper_told(self, epoch: int, name: str, position: Position, start_id: str) -> None:
        if self.keeper is not None and self.frozen is None:
            self.keeper.on_hint(epoch)
            self.keeper.on_told(self.clock(), name, position, start_id)

    # -- what the keeper does -----------------------------------------------------------------------------------------

    def _act(self) -> None:
        if self.keeper is None:
            return
        seen = self.database.view()
        self._do_all(self.keeper.step(self.clock(), seen, self.wishes))
        if seen is None and (epoch := self.keeper.may_forget()) is not None:
            self.database.said = epoch
        self.epoch_seen = max(self.epoch_seen, self.keeper.epoch_seen)

    def _do_all(self, actions: Sequence[Action]) -> None:
        """One after the other: when the keeper is stopped in the middle of one, the others come after that."""
        for place, action in enumerate(actions):
            if self._stopped(self._do_all, actions[place:]):
                return
            self._do(action)

    def _do(self, action: Action) -> None:
        world, database = self.world, self.database
        match action:
            case Read(request):
                world.send(self.name, "witness", world.read, self, self.life, request)
            case Write(request, record, expect):
                world.send(self.name, "witness", world.write, self, self.life, request, record, expect)
            case Ask(to):
                other = world.hosts[to]
                world.send(self.name, to, other.keeper_asked, action, self, self.life)
            case Promote(epoch, start_id):
                stated = self.keeper.known.position if self.keeper and self.keeper.known else 0
                database.promote(epoch, start_id, world.judge.is_guaranteed(self, start_id), stated)
            case Open():
                self._open(action)
            case Shut():
                self.gate_until = 0.0
            case Fence():
                self.gate_until = 0.0
                database.kill(world.random.uniform(1, 3))
            case SetWaits(waits):
                if database.running and database.frozen_since is None:
                    database.set_waits(waits)

    def _open(self, order: Open) -> None:
        """The keeper arms the gate, reads its clock, and orders. It may be stopped after each of these."""
        armed = self.world.now
        remaining = order.until - self.clock()
        if self.stall is not None:
            seconds, self.stall = self.stall, None
            self.freeze()
            self.world.after(seconds, self.thaw)
            self._stopped(self._open_gate, order, armed, remaining)
            return
        self._open_gate(order, armed, remaining)

    def _open_gate(self, order: Open, armed: float, remaining: float) -> None:
        database = self.database
        if self.world.arming and (self.world.now - armed) * self.rate > self.world.timing.arm:
            return
        usable = database.running and database.frozen_since is None and database.start_id == order.start_id
        if remaining <= 0 or not usable or database.ready_for != order.epoch:
            return
        if not database.writable:
            database.make_writable(order.epoch)
        self.gate_until = self.world.now + remaining / self.rate
        self.world.judge.opened(self)
