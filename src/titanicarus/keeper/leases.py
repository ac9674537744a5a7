"""The loop that keeps this host's leases: one thread owns every protocol object, and waits for nothing but time.

It shares no lock and no disk write with SQL, the witness or other keepers: those have threads, and what they find
comes in through a queue. When the loop itself stands still, the kernel shuts the gates.
"""

from __future__ import annotations

import json
import queue
import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from pathlib import Path
from typing import Any

from titanicarus.control import files
from titanicarus.keeper.api import Api, Callers
from titanicarus.keeper.board import Board
from titanicarus.keeper.copy import ShardCopy
from titanicarus.keeper.desk import Desk
from titanicarus.keeper.facts import LeaseFacts
from titanicarus.keeper.gate import Gate, boottime
from titanicarus.keeper.peers import Peer, peers
from titanicarus.keeper.pulse import Pulse
from titanicarus.keeper.rebuilding import Rebuilding
from titanicarus.keeper.shard import Shard
from titanicarus.keeper.tls import Identity
from titanicarus.keeper.wishes import BadWishes, Wish, read_wishes
from titanicarus.keeper.witness_desk import WitnessDesk, WitnessReads
from titanicarus.lease.messages import Ask
from titanicarus.lease.protocol import Lease
from titanicarus.lease.witness import Witness
from titanicarus.mariadb.probe import Probe
from titanicarus.mariadb.server import Server

TICK_SECONDS = 0.25
GRANT_SECONDS = 0.5
ALIVE_SECONDS = 5.0
"""A loop that did not come round for so long hangs. The gates are shut by then."""
EPOCHS = Path("/var/lib/titanicarus/keeper/epochs.json")

Call = Callable[[], None]


class LeaseKeeper:
    """All leases of this host: a duty of database hosts. `start` begins."""

    def __init__(self, facts: LeaseFacts, identity: Identity, witness: Witness, say: Callable[[str], None]) -> None:
        self.facts, self._say = facts, say
        self._calls: queue.SimpleQueue[Call] = queue.SimpleQueue()
        self._epochs = _read_epochs()
        self._memory = Desk("epochs")
        self._wishes: dict[str, Wish] = {}
        self._bad_wishes = ""
        # The same for all: by it their reads keep one beat.
        self._alive_at = self._born = boottime()
        probe = Probe()
        reads = WitnessReads(witness)
        self._shards = {shard.name: self._shard(shard.name, witness, reads, probe) for shard in facts.shards}
        self._items = {shard.shard.item: shard for shard in self._shards.values()}
        self._board = Board(self._document())
        carriers = {shard.item: frozenset(copy.host for copy in shard.copies) for shard in facts.shards}
        callers = Callers(facts.readers, carriers)
        self._api = Api((facts.address, facts.port), identity, self._board, callers, self._grant)
        self._peers: dict[str, Peer] = peers(facts.peers, facts.port, identity, self._heard)
        hosts = sorted({copy.host for shard in facts.shards for copy in shard.copies})
        self._pulse = Pulse(facts.host, hosts, witness, changed=self._beats, every=facts.timing.heartbeat, say=say)

    def start(self) -> None:
        """Begin to keep leases and to answer."""
        self._api.start()
        self._pulse.start()
        threading.Thread(target=self._run, name="leases", daemon=True).start()

    def alive(self) -> bool:
        """Whether the loop comes round."""
        return boottime() - self._alive_at < ALIVE_SECONDS

    def tick(self) -> str:
        """What is thought about each shard now."""
        return "; ".join(f"{name}: {shard.lease.why}" for name, shard in self._shards.items())

    # -- the loop -----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        due = boottime()
        while True:
            self._listen(due)
            now = boottime()
            if now >= due:
                self._read_wishes()
                due = now + TICK_SECONDS
            for name, shard in self._shards.items():
                shard.step(boottime(), self._wishes.get(name, Wish()))
            self._remember_epochs()
            self._board.publish(self._document())
            self._alive_at = boottime()

    def _listen(self, due: float) -> None:
        """Take in what has come, waiting until `due` for the first of it."""
        try:
            self._calls.get(timeout=max(0.001, due - boottime()))()
            while True:
                self._calls.get_nowait()()
        except queue.Empty:
            return

    def _post(self, call: Call) -> None:
        self._calls.put(call)

    def _read_wishes(self) -> None:
        try:
            self._wishes, self._bad_wishes = read_wishes(), ""
        except (BadWishes, OSError) as error:
            if str(error) != self._bad_wishes:  # what was wished before goes on
                self._bad_wishes = str(error)
                self._say(str(error))

    def _remember_epochs(self) -> None:
        """Keep the highest epoch of each item on the disk, from another thread: a disk may hang."""
        found = {name: shard.lease.epoch_seen for name, shard in self._shards.items()}
        if found != self._epochs and self._memory.ask("epochs", lambda: _write_epochs(found)):
            self._epochs = found

    def _document(self) -> dict[str, Any]:
        now = boottime()
        return {
            "host": self.facts.host,
            "island": self.facts.island,
            "shards": {name: shard.document(now) for name, shard in self._shards.items()},
        }

    # -- what comes from threads --------------------------------------------------------------------------------------

    def _heard(self, host: str, document: dict[str, Any]) -> None:
        def call() -> None:
            for name, told in document.get("shards", {}).items():
                if name in self._shards:
                    self._shards[name].heard(boottime(), host, told)

        self._post(call)

    def _beats(self, changed: list[str]) -> None:
        def call() -> None:
            for shard in self._shards.values():
                for host in changed:
                    shard.lease.on_heartbeat(boottime(), host)

        self._post(call)

    def _grant(self, _peer: str, ask: Ask) -> bool:
        """Decided by the loop, like everything. What it did not decide in time is not promised."""
        answer: Future[bool] = Future()

        def call() -> None:
            # Decided only if the caller still waits: else a promise might run that nobody knows of. That would be
            # harmless, but it is not what was answered.
            if answer.set_running_or_notify_cancel():
                answer.set_result(self._items[ask.item].lease.on_asked(boottime(), ask))

        self._post(call)
        try:
            return answer.result(GRANT_SECONDS)
        except TooLate:
            answer.cancel()
            return False

    def _ask(self, host: str, request: Ask) -> None:
        shard = self._items[request.item]

        def granted() -> None:
            self._post(lambda: shard.lease.on_promise(boottime(), host, request.round))

        if host in self._peers:  # one that left the fleet promises nothing
            self._peers[host].ask(request, granted)

    def _shard(self, name: str, witness: Witness, reads: WitnessReads, probe: Probe) -> Shard:
        facts = self.facts
        shard = next(shard for shard in facts.shards if shard.name == name)

        def say(text: str) -> None:
            self._say(f"{name}: {text}")

        lease = Lease(
            facts.host,
            shard.item,
            shard.places,
            timing=facts.timing,
            now=self._born,
            name=f"{facts.host}.{secrets.token_hex(6)}",
            epoch_seen=self._epochs.get(name, 0),
        )
        copy = ShardCopy(name, Server(name), probe, lambda: self._post(lambda: None), say)
        desk = WitnessDesk(shard.item, witness, reads, lease, self._post)
        gate = Gate(shard.server_port, facts.timing.arm, further=shard.further_ports)
        rebuilding = Rebuilding(name, say)
        return Shard(facts, shard, lease, copy, gate=gate, witness=desk, rebuilding=rebuilding, ask=self._ask, say=say)


def begin(facts: LeaseFacts) -> LeaseKeeper:
    """A keeper that has begun, with this host's identity and account. Raises NoIdentity, AWSError or OSError."""
    identity = Identity()
    identity.client()
    keeper = LeaseKeeper(facts, identity, Witness(facts.table), lambda text: print(text, flush=True))
    keeper.start()
    return keeper


def _read_epochs() -> dict[str, int]:
    """The highest epochs that this host has seen. A file that cannot be read is said, and is as none."""
    try:
        return {str(name): int(epoch) for name, epoch in json.loads(EPOCHS.read_text(encoding="utf-8")).items()}
    except FileNotFoundError:
        return {}


def _write_epochs(epochs: Mapping[str, int]) -> None:
    files.write(EPOCHS, json.dumps(epochs), 0o644)
