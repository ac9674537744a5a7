"""Requests to the witness, in threads of their own; what comes back is handed to the loop.

Reads of several items that come together are one request: a keeper reads all of its items on the same beat.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from titanicarus.aws import AWSError, Unreadable
from titanicarus.keeper.desk import Desk
from titanicarus.keeper.gate import boottime
from titanicarus.lease.protocol import Lease
from titanicarus.lease.record import Record
from titanicarus.lease.witness import Conflict, Witness

Post = Callable[[Callable[[], None]], None]
Answer = Callable[[Record | AWSError], None]

TOGETHER_SECONDS = 0.02
"""For so long a read waits for others to come with it."""


class WitnessReads:
    """The reads of all items of a host. One request at a time; who asks twice before it is sent is answered twice."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._asked: queue.SimpleQueue[tuple[str, Answer]] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="witness: reads", daemon=True).start()

    def ask(self, item: str, answer: Answer) -> None:
        """Read an item; `answer` gets what it is or why that is not known, in the thread of the reads."""
        self._asked.put((item, answer))

    def _work(self) -> None:
        pause = threading.Event()
        while True:
            asked = [self._asked.get()]
            pause.wait(TOGETHER_SECONDS)
            while not self._asked.empty():  # nobody else takes from it
                asked.append(self._asked.get())
            found = self._read(sorted({item for item, _ in asked}))
            for item, answer in asked:
                answer(found[item])

    def _read(self, items: list[str]) -> dict[str, Record | AWSError]:
        try:
            return self._witness.read_together(items)
        except AWSError as error:
            return dict.fromkeys(items, error)
        except Exception as error:  # noqa: BLE001 - with this thread every lease of the host would end
            return dict.fromkeys(items, Unreadable(f"what the witness said could not be understood: {error!r}"))


class WitnessDesk:
    """One item's requests. The protocol has one at a time; a write that it has given up on is still waited for before
    the next."""

    def __init__(self, item: str, witness: Witness, reads: WitnessReads, lease: Lease, post: Post) -> None:
        self._item, self._witness, self._reads, self._lease, self._post = item, witness, reads, lease, post
        self._desk = Desk(f"{item}: witness")
        self.trouble = ""
        """Why the last request failed; empty when it did not."""

    def read(self, request: int) -> None:
        """Read the item."""

        def answer(found: Record | AWSError) -> None:
            if isinstance(found, AWSError):
                self._failed(request, found)
            else:
                self._answered(lambda now: self._lease.on_read(now, request, found))

        self._reads.ask(self._item, answer)

    def write(self, request: int, record: Record, expect: str) -> None:
        """Write the item. When somebody else has, say what it is now."""

        def job() -> None:
            try:
                self._witness.write(record, expect)
            except Conflict:
                self._conflict(request)
            except AWSError as error:
                self._failed(request, error)
            else:
                self._answered(lambda now: self._lease.on_written(now, request))

        self._desk.ask(str(request), job)

    def _conflict(self, request: int) -> None:
        try:
            found = self._witness.read(self._item)
        except AWSError as error:
            self._failed(request, error)
        else:
            self._answered(lambda now: self._lease.on_conflict(now, request, found))

    def _answered(self, tell: Callable[[float], None]) -> None:
        self.trouble = ""
        self._post(lambda: tell(boottime()))

    def _failed(self, request: int, error: AWSError) -> None:
        self.trouble = str(error)
        self._post(lambda: self._lease.on_no_answer(request))
