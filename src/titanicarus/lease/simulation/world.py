"""Virtual time, messages that get lost, late and doubled, and the witness."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from random import Random
from typing import Any

from titanicarus.lease.protocol import Lease
from titanicarus.lease.record import Branch, Record, Stage
from titanicarus.lease.simulation.host import Host
from titanicarus.lease.simulation.judge import Judge
from titanicarus.lease.timing import Timing

WITNESS = "witness"
PLACES = {"a1": "a", "a2": "a", "b1": "b", "c1": "c"}
CLIENTS_EVERY = 0.25
FASTEST, SLOWEST, LATE = 0.001, 0.02, 4.0


class World:
    """Hosts, links and the witness. Times are seconds since the beginning; each host's clock has its own rate."""

    def __init__(
        self, seed: int, lease: type[Lease] = Lease, timing: Timing | None = None, drift: float = 0.01
    ) -> None:
        self.random = Random(seed)  # noqa: S311 - a schedule must be had again from its seed
        self.timing = timing or Timing(max_lag=30)
        self.lease = lease
        self.now = 0.0
        self.cut: set[tuple[str, str]] = set()
        self.lost = self.doubled = self.late = 0.0
        self.slow: dict[tuple[str, str], float] = {}
        self.witness_up = True
        self.arming = True
        self._queue: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        self.judge = Judge(self)
        self.hosts = {name: Host(self, name, 1 + self.random.uniform(-drift, drift) / 2) for name in PLACES}
        self.birth = self.record = Record(
            "a/sql", "a1", 1, "birth", Stage.TAKEN, None, None, 0, ("a2", "b1", "c1"), (Branch(0, "birth", 0),)
        )
        self.owned_since = 0.0
        self.heartbeats: dict[str, int] = {}
        for host in self.hosts.values():
            host.boot()
        self.after(CLIENTS_EVERY, self._clients)

    # -- time ---------------------------------------------------------------------------------------------------------

    def after(self, delay: float, call: Callable[..., None], *arguments: Any) -> None:
        self._count += 1
        heapq.heappush(self._queue, (self.now + delay, self._count, call, arguments))

    def run(self, until: float) -> None:
        """Let time pass until then, in seconds since the beginning."""
        queue, pop = self._queue, heapq.heappop
        while queue and queue[0][0] <= until:
            self.now, _, call, arguments = pop(queue)
            call(*arguments)
        self.now = until

    # -- messages -----------------------------------------------------------------------------------------------------

    def send(self, source: str, target: str, call: Callable[..., None], *arguments: Any) -> None:
        dice = self.random.random
        if (self.cut and (source, target) in self.cut) or (self.lost and dice() < self.lost):
            return
        longest = LATE if self.late and dice() < self.late else SLOWEST
        delay = FASTEST + (longest - FASTEST) * dice()
        if self.slow:
            delay += self.slow.get((source, target), 0.0)
        self._count += 1
        heapq.heappush(self._queue, (self.now + delay, self._count, call, arguments))
        if self.doubled and dice() < self.doubled:
            self.after(self.random.uniform(FASTEST, LATE), call, *arguments)

    def passes(self, one: str, other: str) -> bool:
        return not self.cut or ((one, other) not in self.cut and (other, one) not in self.cut)

    # -- the witness --------------------------------------------------------------------------------------------------

    def read(self, host: Host, life: int, request: int) -> None:
        if self.witness_up:
            self.send(WITNESS, host.name, host.keeper_hears, life, "on_read", request, self.record)

    def write(self, host: Host, life: int, request: int, record: Record, expect: str) -> None:
        if not self.witness_up:
            return
        if self.record.nonce != expect:
            self.send(WITNESS, host.name, host.keeper_hears, life, "on_conflict", request, self.record)
            return
        self.judge.written(self.record, record)
        if record.epoch != self.record.epoch:
            self.owned_since = self.now
        self.record = record
        self.send(WITNESS, host.name, host.keeper_hears, life, "on_written", request)

    def heartbeat(self, host: Host, life: int) -> None:
        if self.witness_up:
            self.heartbeats[host.name] = self.heartbeats.get(host.name, 0) + 1
            self.send(WITNESS, host.name, host.keeper_hears, life, "heartbeats", dict(self.heartbeats))

    # -- clients ------------------------------------------------------------------------------------------------------

    def _clients(self) -> None:
        for host in self.hosts.values():
            if host.accepts():
                host.database.commit()
        self.after(CLIENTS_EVERY * self.random.uniform(0.5, 1.5), self._clients)
