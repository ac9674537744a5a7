"""A load balancer's routes to the databases: listens, lets `routing` decide, tells HAProxy. On load balancers only.

The file WRITERS is the truth for an HAProxy that starts, and the running one is told of each change. Sessions with a
host that is the writer no longer are cut at once, and again in the next two seconds.

A step that will be faster than the lease (docs/leases.md) has its place in `_pass`: after `_cut` this balancer can say
for which host and epoch it has cut everything off.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from titanicarus import haproxy
from titanicarus.control import files
from titanicarus.keeper.listening import Ear, Hearsay
from titanicarus.keeper.routing import begin, decide
from titanicarus.keeper.routing_facts import RoutingFacts
from titanicarus.keeper.tls import Identity

WRITERS = Path("/var/lib/titanicarus/keeper/writers.map")
ROUTES = Path("/run/titanicarus/keeper/routes.json")
NOBODY = "-"
PASS_SECONDS = 1.0
"""Between two passes without news: silence is noticed, and HAProxy's own map is compared."""
CUTS_AFTERWARDS = 2
"""Passes: HAProxy may have been connecting a session to the old writer, for as long as `timeout connect` (1.5 s)."""
LATE_SECONDS = 2.5
"""A pass that comes so late was asleep meanwhile (frozen, or starved of CPU)."""
STUCK_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Places:
    """Files and sockets; others in tests."""

    writers: Path = WRITERS
    routes: Path = ROUTES
    admin: Path = haproxy.ADMIN_SOCKET
    master: Path = haproxy.MASTER_SOCKET


class RoutingWatch:
    """A duty of the keeper: begins with `start`, and needs nothing after that; `tick` gives a sentence."""

    def __init__(self, facts: RoutingFacts, identity: Identity, places: Places | None = None) -> None:
        self._facts, self._places = facts, places or Places()
        self._hearsay = Hearsay(facts.shards)
        self._ears = [Ear(keeper, identity, self._hearsay, say=_say, now=_now) for keeper in facts.keepers]
        before = read_writers(self._places.writers)
        self._routes = {
            shard: begin(before.get(shard) if before.get(shard) in hosts else None)
            for shard, hosts in facts.shards.items()
        }
        self._cut_again: dict[str, int] = {}
        self._complaint = ""
        self._written = False
        self._passed_at = self._awake_since = _now()
        self._compared_at = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="routing", daemon=True)

    def start(self) -> RoutingWatch:
        """Begin to listen and to route."""
        self._write()
        for ear in self._ears:
            ear.start()
        self._thread.start()
        return self

    def stop(self) -> None:
        """End every thread; the routes stay as they are."""
        self._end.set()
        self._hearsay.wake()
        for ear in self._ears:
            ear.stop()

    def tick(self) -> str:
        """What is going on, in a sentence."""
        return "routes: " + ", ".join(
            f"{shard} to {route.writer or 'nobody'}" for shard, route in sorted(self._routes.items())
        )

    def alive(self) -> bool:
        """Whether the threads come round."""
        running = self._thread.is_alive() and all(ear.alive() for ear in self._ears)
        return running and _now() - self._passed_at < STUCK_SECONDS

    def _run(self) -> None:
        while not self._end.is_set():
            self._pass(_now())
            self._hearsay.wait(PASS_SECONDS)

    def _pass(self, now: float) -> None:
        if now - self._passed_at > LATE_SECONDS:
            self._awake_since = now
        self._passed_at = now
        before, moved = self._routes, set()
        self._routes = {
            shard: decide(route, self._hearsay.about(shard), now, self._awake_since) for shard, route in before.items()
        }
        for shard, route in self._routes.items():
            if route.why != before[shard].why:
                _say(f"{shard}: {route.why}")
            if route.writer != before[shard].writer:
                moved.add(shard)
        if self._routes != before or not self._written:
            self._write()
        if moved:
            self._tell(moved)
            self._cut(moved | self._cut_again.keys())
            self._cut_again |= dict.fromkeys(moved, CUTS_AFTERWARDS)
        elif now - self._compared_at >= PASS_SECONDS:
            self._compared_at = now
            self._make_sure()

    def _write(self) -> None:
        """The file before the process: an HAProxy that starts in between reads what it would be told.

        A disk that takes no write keeps nobody from being routed; the next pass tries again.
        """
        text = "".join(f"{shard} {host}\n" for shard, host in sorted(self._writers().items()))
        shown = {
            shard: {"writer": route.writer, "epoch": route.epoch, "why": route.why}
            for shard, route in self._routes.items()
        }
        try:
            files.write(self._places.writers, text, durable=False)
            files.write(self._places.routes, json.dumps(shown), durable=False)
        except OSError as error:
            self._complain(f"the routes cannot be written down: {error}")
            self._written = False
        else:
            self._written = True

    def _writers(self) -> dict[str, str]:
        return {shard: route.writer or NOBODY for shard, route in self._routes.items()}

    def _tell(self, shards: Iterable[str], add: Collection[str] = ()) -> None:
        """Tell the running HAProxy. `add`: those that its map does not have."""
        writers = self._writers()
        commands = [
            f"{'add' if shard in add else 'set'} map {self._places.writers} {shard} {writers[shard]}"
            for shard in sorted(shards)
        ]
        self._haproxy_said(haproxy.ask("; ".join(commands), self._places.admin) or "")

    def _cut(self, shards: Iterable[str]) -> None:
        servers = [
            f"sql_{shard}/{host}"
            for shard in sorted(shards)
            for host in self._facts.shards[shard]
            if host != self._routes[shard].writer
        ]
        self._haproxy_said(" ".join(haproxy.cut_sessions(servers, self._places.admin, self._places.master)))

    def _make_sure(self) -> None:
        """An HAProxy that was started or reloaded while a route changed may have read the file just before."""
        shown = haproxy.show_map(self._places.writers, self._places.admin)
        writers = self._writers() if shown is not None else {}
        shown = shown or {}
        missing = writers.keys() - shown.keys()
        wrong = {shard for shard, host in writers.items() if shown.get(shard, NOBODY) != host}
        if missing or wrong:
            self._tell(missing | wrong, add=missing)
        if wrong or self._cut_again:
            self._cut(wrong | self._cut_again.keys())
            left = {shard: times - 1 for shard, times in self._cut_again.items() if times > 1}
            self._cut_again = left | dict.fromkeys(wrong, CUTS_AFTERWARDS)

    def _haproxy_said(self, words: str) -> None:
        words = " ".join(words.split())
        self._complain(f"HAProxy says: {words}" if words else "")

    def _complain(self, words: str) -> None:
        if words and words != self._complaint:
            _say(words)
        self._complaint = words


def read_writers(path: Path) -> Mapping[str, str]:
    """Host by shard, as the file says; {} when there is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return {}  # a file that cannot be read is one that was never written
    return dict(line.split() for line in lines if len(line.split()) == 2)


def _say(words: str) -> None:
    print(f"routes: {words}", flush=True)


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
