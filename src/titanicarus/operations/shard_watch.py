"""Watching several keepers at once while something is ordered: their changes, in the order in which they come."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from titanicarus.transport import Transport, Unreachable

AT_HAND = ("/opt/salt/bin/python", "-m", "titanicarus.keeper.at_hand")
FIRST_SECONDS = 10.0
QUIET_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Change:
    """What a keeper says from now on; `seconds` since the watch began to be followed."""

    host: str
    seconds: float
    open: bool
    epoch: int
    owner: str | None
    stage: str | None
    why: str


@contextmanager
def watching(
    transport: Transport, shard: str, hosts: Sequence[str], seconds: float
) -> Iterator[Iterator[Change | None]]:
    """An iterator of changes, which ends after `seconds`; None for each half a second in which nothing came.

    Enters once every keeper has said where it is (that is not told again), so nothing that is ordered then is missed. A
    host that is lost meanwhile falls silent."""
    lines: queue.SimpleQueue[tuple[str, float, dict[str, object]]] = queue.SimpleQueue()
    heard = {host: threading.Event() for host in hosts}
    running: list[subprocess.Popen[str]] = []
    try:
        for host in hosts:
            argv = [*AT_HAND, "watch", shard, f"--seconds={seconds + FIRST_SECONDS:g}"]
            try:
                command = transport.command(host, argv)
            except Unreachable:
                heard[host].set()
                continue
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            running.append(process)
            assert process.stdout is not None
            threading.Thread(target=_read, args=(process.stdout, host, lines, heard[host]), daemon=True).start()
        deadline = time.monotonic() + FIRST_SECONDS
        for event in heard.values():
            event.wait(max(0.0, deadline - time.monotonic()))
        yield _changes(lines, time.monotonic(), seconds)
    finally:
        for process in running:
            process.kill()
            process.wait()


def _read(
    stream: IO[str], host: str, lines: queue.SimpleQueue[tuple[str, float, dict[str, object]]], heard: threading.Event
) -> None:
    with stream:
        for line in stream:
            try:
                facts = json.loads(line)
            except ValueError:
                continue  # the end of a line that was cut off with its host
            if heard.is_set():
                lines.put((host, time.monotonic(), facts))
            heard.set()
    heard.set()


def _changes(
    lines: queue.SimpleQueue[tuple[str, float, dict[str, object]]], began: float, seconds: float
) -> Iterator[Change | None]:
    while (left := began + seconds - time.monotonic()) > 0:
        try:
            host, at, facts = lines.get(timeout=min(left, QUIET_SECONDS))
        except queue.Empty:
            yield None
            continue
        yield Change(
            host,
            round(at - began, 2),
            bool(facts.get("open")),
            int(str(facts.get("epoch") or 0)),
            _text(facts.get("owner")),
            _text(facts.get("stage")),
            str(facts.get("why") or ""),
        )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
