"""The Salt minion as its unit starts it: Salt's own, with one fault mended, its housekeeping done less often, and jobs
that find ready what they need (titanicarus.control.job_start).

A minion with several masters tears its object for one master down when a first attempt to connect fails (that master is
off, or is just being restarted), and then tries again with the same object. What was torn down stays so: the object is
marked as stopped, has no matchers and no beacons, takes that master's commands and never returns a result ("This Minion
was scheduled to stop. Not running Minion.tune_in()", "Skipping req for other master"). Salt 3008.3,
`MinionManager._connect_minion`. Here an object that is torn down before it ever served is as good as new afterwards.

Housekeeping: for each of its masters a minion looks five times a second for children that ended, and for jobs that
wait for another one to end; each second it looks at its schedule and its beacons, whatever `loop_interval` says; three
times a second it stops to wait for a command and begins again; and once a minute it collects garbage in the whole
process. With four masters that is nearly all that a minion at rest does, and with 27 hosts on two cores it was a third
of a core (docs/adr/0045-less-work-for-one-more-site.md, docs/adr/0092-less-work-at-rest.md).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import salt.minion
import salt.scripts
import salt.transport.zeromq

from titanicarus.control import job_start

# Seconds between two looks. Nobody waits for what "cleanup" does; a run of states that was asked for while another one
# is on begins this much later after its end. Python collects garbage by itself, too.
HOUSEKEEPING = {"cleanup": 5.0, "process_queue": 2.0, "state_queue": 2.0, "gc_collect": 1800.0}
LOOPS = frozenset({"schedule", "beacons"})
"""What is due every `loop_interval` seconds."""
LISTEN_SECONDS = 2.0
"""A command that comes ends the waiting for it at once."""


class Minion(salt.minion.Minion):  # type: ignore[misc]  # Salt has no types
    """The minion of one master."""

    _running: bool | None
    periodic_callbacks: dict[str, Any]

    def add_periodic_callback(self, name: str, method: Callable[[], Any], interval: float = 1) -> bool:
        """Have `method` called every `interval` seconds; less often for what is in HOUSEKEEPING or LOOPS."""
        least = float(self.opts["loop_interval"]) if name in LOOPS else HOUSEKEEPING.get(name, 0.0)
        added: bool = super().add_periodic_callback(name, method, max(interval, least))
        return added

    def destroy(self) -> None:
        """Tear down; before the first connection, so that the next attempt builds everything anew."""
        served = self._running
        super().destroy()
        if served is None:
            self._running = None
            self.ready = False
            self.periodic_callbacks = {}


class PublishClient(salt.transport.zeromq.PublishClient):  # type: ignore[misc]
    """Where a master's commands arrive."""

    async def recv(self, timeout: float | None = None) -> Any:
        """The next command; None when there is none in `timeout` seconds, 0 for one that is there already."""
        return await super().recv(max(timeout, LISTEN_SECONDS) if timeout else timeout)


def main() -> None:
    """What the salt-minion command does."""
    salt.minion.Minion = Minion
    salt.transport.zeromq.PublishClient = PublishClient
    job_start.install()
    sys.argv[0] = "salt-minion"
    salt.scripts.salt_minion()


if __name__ == "__main__":
    main()
