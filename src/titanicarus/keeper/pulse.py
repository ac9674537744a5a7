"""The heartbeats in the witness: this host's own, and those of all that carry the same shards."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence

from titanicarus.aws import AWSError
from titanicarus.lease.witness import Witness


class Pulse:
    """Beats in a thread of its own. `changed` is called with the hosts whose heartbeat is another one than before."""

    def __init__(
        self,
        host: str,
        hosts: Sequence[str],
        witness: Witness,
        *,
        changed: Callable[[list[str]], None],
        every: float,
        say: Callable[[str], None],
    ) -> None:
        self._host, self._hosts, self._witness, self._changed = host, hosts, witness, changed
        self._every, self._say = every, say
        self._known: dict[str, str] = {}
        self._trouble = ""

    def start(self) -> None:
        """Begin to beat."""
        threading.Thread(target=self._run, name="pulse", daemon=True).start()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            try:
                self._witness.beat(self._host, secrets.token_hex(8))
                found = self._witness.heartbeats(self._hosts)
            except AWSError as error:
                if str(error) != self._trouble:
                    self._trouble = str(error)
                    self._say(f"witness: {error}")
            else:
                if self._trouble:
                    self._say("witness: answers again")
                self._trouble = ""
                changed = [host for host, nonce in found.items() if self._known.get(host) != nonce]
                self._known = found
                if changed:
                    self._changed(changed)
            pause.wait(self._every)
