"""The keepers of the other hosts that carry the same shards: what they say, and what they promise."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from titanicarus.keeper.client import Connection, KeeperError
from titanicarus.keeper.desk import Desk
from titanicarus.keeper.facts import Copy
from titanicarus.keeper.tls import Identity, NoIdentity
from titanicarus.lease.messages import Ask

AGAIN_SECONDS = 0.5

Document = dict[str, Any]


class Peer:
    """One other keeper. `heard` is called with each document of its stream, in a thread of this peer."""

    def __init__(self, copy: Copy, port: int, identity: Identity, heard: Callable[[str, Document], None]) -> None:
        self._copy, self._port, self._identity, self._heard = copy, port, identity, heard
        self._asks = Connection(copy.address, port, identity, host=copy.host)
        self._desk = Desk(f"{copy.host}: promises")
        self._ended = threading.Event()
        threading.Thread(target=self._listen, name=f"{copy.host}: stream", daemon=True).start()

    def ask(self, request: Ask, granted: Callable[[], None]) -> None:
        """Ask for a promise; `granted` is called, in a thread of this peer, when it is given."""

        def job() -> None:
            body = {"item": request.item, "round": request.round, "epoch": request.epoch, "nonce": request.nonce}
            try:
                if self._asks.promise(body):
                    granted()
            except (KeeperError, NoIdentity):
                return  # no answer is no promise; the stream tells what is wrong

        self._desk.ask(f"{request.item} {request.round}", job)

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                with Connection(self._copy.address, self._port, self._identity, host=self._copy.host) as connection:
                    for document in connection.watch():
                        self._heard(self._copy.host, document)
            except (KeeperError, NoIdentity):
                self._ended.wait(AGAIN_SECONDS)  # a peer that is off is the business of the lease, not of the log


def peers(
    copies: Mapping[str, Copy], port: int, identity: Identity, heard: Callable[[str, Document], None]
) -> dict[str, Peer]:
    """A peer for each host."""
    return {host: Peer(copy, port, identity, heard) for host, copy in copies.items()}
