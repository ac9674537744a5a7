"""A load balancer's ears: a stream from the keeper of each database host, and what was heard on them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from titanicarus.keeper.client import BadAnswer, Connection, KeeperError
from titanicarus.keeper.routing import Heard
from titanicarus.keeper.routing_facts import KeeperAddress
from titanicarus.keeper.tls import Identity

PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 2.0
"""Between attempts to connect: a host that comes back is heard so much later at most, plus the second that an attempt
takes while there is no host."""


SETTLING_SECONDS = 2.5
"""A keeper that has just been started needs about a second to find out that the gate of its host is open: the kernel
keeps it so, and the keeper says "not open" meanwhile. In the beginning of a stream that is no word of an owner."""


class Hearsay:
    """The last word of each host about each shard. Words come from any thread; one waits for news."""

    def __init__(self, shards: Mapping[str, tuple[str, ...]]) -> None:
        self._shards = shards
        self._news = threading.Condition()
        self._heard: dict[str, dict[str, Heard]] = {shard: {} for shard in shards}
        self._new = False

    def hear(self, host: str, document: Mapping[str, Any], at: float, since: float = 0.0) -> None:
        """A /status document from a stream that began at `since`. What it does not say is not heard.

        Raises BadAnswer when it cannot be understood.
        """
        words = _words(host, document, at)
        with self._news:
            for shard, word in words.items():
                if host not in self._shards.get(shard, ()):
                    continue
                before = self._heard[shard].get(host)
                owner = document["shards"][shard].get("owner")
                settling = at - since < SETTLING_SECONDS and (before is None or (before.open and before.at < since))
                if settling and not word.open and owner in (None, host):
                    continue
                self._heard[shard][host] = word
                if before is None or (before.open, before.epoch) != (word.open, word.epoch):
                    self._new = True
            if self._new:
                self._news.notify_all()

    def wait(self, seconds: float) -> None:
        """Until something new was said, or for so long."""
        with self._news:
            self._news.wait_for(lambda: self._new, seconds)
            self._new = False

    def wake(self) -> None:
        """End the wait."""
        with self._news:
            self._new = True
            self._news.notify_all()

    def about(self, shard: str) -> dict[str, Heard]:
        """By host, of those that were ever heard."""
        with self._news:
            return dict(self._heard[shard])


def _words(host: str, document: Mapping[str, Any], at: float) -> dict[str, Heard]:
    shards = document.get("shards")
    try:
        if document["host"] != host or not isinstance(shards, dict):
            raise ValueError(f"it speaks for {document['host']}")
        words = {}
        for shard, facts in shards.items():
            is_open, epoch = facts["open"], facts["epoch"]
            if not isinstance(is_open, bool) or not isinstance(epoch, int):
                raise TypeError(f"{shard}: open and epoch must be true or false and a number")
            words[shard] = Heard(at, is_open, epoch)
    except (KeyError, TypeError, ValueError) as error:
        raise BadAnswer(f"the keeper of {host} said something else than its status: {error!r}") from error
    return words


class Ear:
    """Listens to one keeper in a thread of its own, for ever: connects again whenever the stream ends."""

    def __init__(
        self,
        keeper: KeeperAddress,
        identity: Identity,
        hearsay: Hearsay,
        *,
        say: Callable[[str], None],
        now: Callable[[], float],
    ) -> None:
        self._host, self._hearsay, self._say, self._now = keeper.host, hearsay, say, now
        self._connection = Connection(keeper.address, keeper.port, identity, host=keeper.host)
        self._end = threading.Event()
        self._trouble: type[KeeperError] | None = None
        self._thread = threading.Thread(target=self._run, name=f"ear-{keeper.host}", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End the stream and the thread, which takes about a second at most."""
        self._end.set()
        self._connection.break_off()

    def alive(self) -> bool:
        """Whether the thread runs: it never ends by itself."""
        return self._thread.is_alive()

    def _run(self) -> None:
        pause = PAUSE_SECONDS
        while not self._end.is_set():
            begin, since = time.monotonic(), self._now()
            try:
                for document in self._connection.watch():
                    self._hearsay.hear(self._host, document, self._now(), since)
                    self._tell(None)
                    if self._end.is_set():
                        break
            except KeeperError as error:
                self._tell(error)
            self._connection.close()
            # A stream that was there is looked for at once: its keeper may only have been started anew.
            pause = (
                PAUSE_SECONDS
                if time.monotonic() - begin > LONGEST_PAUSE_SECONDS
                else min(pause * 2, LONGEST_PAUSE_SECONDS)
            )
            self._end.wait(pause)

    def _tell(self, trouble: KeeperError | None) -> None:
        """Log what is new: a host that is down is so in changing words."""
        kind = None if trouble is None else type(trouble)
        if kind != self._trouble and not self._end.is_set():
            self._say(str(trouble) if trouble else f"the keeper of {self._host} is heard again")
        self._trouble = kind
