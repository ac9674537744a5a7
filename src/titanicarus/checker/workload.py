"""Clients of a tenant's database that write on a fixed schedule and tell how each write went. Runs on a web host.

Its first line of standard input is a JSON object (`Settings`); it ends when standard input does. It prints JSON lines:
`begin`, for each write `invoked` and then `ok`, `failed` or `unknown` (see history.py), and `end`.

Open loop: a write begins when it is due, whether or not earlier ones were answered. Times are CLOCK_BOOTTIME.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from titanicarus.checker.history import Key
from titanicarus.checker.plan import SET_UP_SECONDS, Access, Part, Settings, now, part_of, settings_from
from titanicarus.checker.session import Failed, Session
from titanicarus.checker.tables import Tables, Undecided

_TRY_SECONDS = 5.0
_AGAIN_SECONDS = 0.2
_AT_ONCE = 24


_printing = threading.Lock()


def tell(**facts: object) -> None:
    """Print one line."""
    with _printing:
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()


class Connections:
    """Open connections of one client that nobody uses just now. When one failed, none of them is used again."""

    def __init__(self, access: Access, *, fresh: bool) -> None:
        self._access = access
        self._fresh = fresh
        self._idle: list[Session] = []

    @contextmanager
    def taken(self, until: float) -> Iterator[Session]:
        """One for one write. Raises Failed when none can be had."""
        session = self._take() or Session(self._access, until)
        good = False
        try:
            yield session
            good = True
        finally:
            if good and not self._fresh:
                self._idle.append(session)
            else:
                session.close()
            if not good:
                while idle := self._take():
                    idle.close()

    def _take(self) -> Session | None:
        try:
            return self._idle.pop()  # one step for the interpreter: no lock is needed
        except IndexError:
            return None


def one_write(key: Key, part: Part, due: float, connections: Connections, settings: Settings) -> None:
    """Do one write and tell how it went."""
    until = time.monotonic() + settings.deadline
    facts: dict[str, object]
    tell(event="invoked", key=(key.client, key.number), kind=part.kind.value, due=due, at=now())
    try:
        with connections.taken(until) as session:
            row = Tables(settings.run).write(session, key, part.kind, until=until)
        cells = [row.kind.value, row.epoch, row.place, row.other, row.amount, row.seen]
        facts = {"event": "ok", "row": cells}
    except Failed as failure:
        facts = {"event": "failed", "wrong": str(failure)}
    except Undecided as failure:
        facts = {"event": "unknown", "wrong": str(failure)}
    tell(key=(key.client, key.number), at=now(), **facts)


def client(number: int, settings: Settings, first: float, stop: threading.Event) -> None:
    """Begin the writes of one client, each when it is due, until `stop` is set; then wait for the last answers."""
    part = part_of(number)
    period = 1.0 / (settings.rate * part.share)
    connections = Connections(settings.access, fresh=part.fresh)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        count = 0
        while True:
            due = first + count * period
            if stop.wait(max(0.0, due - now())):
                return
            pool.submit(one_write, Key(number, count), part, due, connections, settings)
            count += 1


def set_up(access: Access, tables: Tables) -> None:
    """Make the tables; tries until SET_UP_SECONDS have passed. Raises Failed."""
    end = time.monotonic() + SET_UP_SECONDS
    while True:
        until = min(end, time.monotonic() + _TRY_SECONDS)
        try:
            session = Session(access, until)
            try:
                tables.make(session, until=until)
            finally:
                session.close()
            return
        except Failed:
            if time.monotonic() >= end:
                raise
            time.sleep(_AGAIN_SECONDS)


def main() -> None:
    """Run the whole workload."""
    settings = settings_from(json.loads(sys.stdin.readline()))
    if settings.first == 0:
        try:
            set_up(settings.access, Tables(settings.run))
        except Failed as failure:
            sys.exit(f"the tables of the checker could not be made: {failure}")
    stop = threading.Event()
    begin = now() + 0.05
    spread = 1.0 / settings.rate / settings.clients
    threads = [
        threading.Thread(target=client, args=(settings.first + number, settings, begin + number * spread, stop))
        for number in range(settings.clients)
    ]
    tell(begin=begin)
    for thread in threads:
        thread.start()
    while sys.stdin.read(4096):
        pass
    end = now()
    stop.set()
    for thread in threads:
        thread.join()
    tell(end=end)


if __name__ == "__main__":
    main()
