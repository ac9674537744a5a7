"""One at a time: whoever makes, stops or swaps an instance holds its turn."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from titanicarus.mariadb.errors import ServerError
from titanicarus.mariadb.instance import named

FOLDER = Path("/run/titanicarus")


class Taken(ServerError):
    """Another program is at work on this instance."""


@contextmanager
def turn(shard: str, folder: Path = FOLDER) -> Iterator[None]:
    """Raises Taken at once. Ends with the process, however that ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"mariadb-{named(shard)}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Taken(f"shard {shard} is being rebuilt or changed by another program just now") from error
        yield
