"""One item's requests to the witness, in a thread of their own; what comes back is handed to the loop."""

from __future__ import annotations

from collections.abc import Callable

from titanicarus.aws import AWSError
from titanicarus.keeper.desk import Desk
from titanicarus.keeper.gate import boottime
from titanicarus.lease.protocol import Lease
from titanicarus.lease.record import Record
from titanicarus.lease.witness import Conflict, Witness

Post = Callable[[Callable[[], None]], None]


class WitnessDesk:
    """The protocol has one request at a time; one that it has given up on is still waited for before the next."""

    def __init__(self, item: str, witness: Witness, lease: Lease, post: Post) -> None:
        self._item, self._witness, self._lease, self._post = item, witness, lease, post
        self._desk = Desk(f"{item}: witness")
        self.trouble = ""
        """Why the last request failed; empty when it did not."""

    def read(self, request: int) -> None:
        """Read the item."""

        def job() -> None:
            try:
                record = self._witness.read(self._item)
            except AWSError as error:
                self._failed(request, error)
            else:
                self._answered(lambda now: self._lease.on_read(now, request, record))

        self._desk.ask(str(request), job)

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
