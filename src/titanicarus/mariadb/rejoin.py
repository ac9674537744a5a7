"""Whether a copy that was told to follow does so."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import Protocol

from titanicarus.mariadb.errors import ServerError
from titanicarus.mariadb.look import Look
from titanicarus.mariadb.trouble import Trouble, trouble

_POLL_SECONDS = 0.1


class Looked(Protocol):
    """What is needed of a Server."""

    shard: str

    def look(self) -> Look: ...


def settled(server: Looked, seconds: float, clock: Callable[[], float] = time.monotonic) -> Look:
    """Look until its replication runs, or until it is clear that this copy needs a rebuild.

    Raises ServerError after `seconds` with neither: a source that cannot be reached is no reason to throw a copy away.
    """
    until = clock() + seconds
    while True:
        look = server.look()
        if look.io_running and look.sql_running:
            return look
        if look.sql_error or trouble(look.io_error) in (Trouble.DIVERGED, Trouble.PURGED):
            return look
        if clock() >= until:
            raise ServerError(
                f"shard {server.shard}: replication from {look.source} does not run after {seconds:g} s:"
                f" {look.io_error or 'it is still connecting'}"
            )
        Event().wait(_POLL_SECONDS)
