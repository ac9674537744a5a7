"""The Salt minion as its unit starts it: Salt's own, with one fault mended.

A minion with several masters tears its object for one master down when a first attempt to connect fails (that master is
off, or is just being restarted), and then tries again with the same object. What was torn down stays so: the object is
marked as stopped, has no matchers and no beacons, takes that master's commands and never returns a result ("This Minion
was scheduled to stop. Not running Minion.tune_in()", "Skipping req for other master"). Salt 3008.3,
`MinionManager._connect_minion`. Here an object that is torn down before it ever served is as good as new afterwards.
"""

from __future__ import annotations

import sys
from typing import Any

import salt.minion
import salt.scripts


class Minion(salt.minion.Minion):  # type: ignore[misc]  # Salt has no types
    """The minion of one master."""

    _running: bool | None
    periodic_callbacks: dict[str, Any]

    def destroy(self) -> None:
        """Tear down; before the first connection, so that the next attempt builds everything anew."""
        served = self._running
        super().destroy()
        if served is None:
            self._running = None
            self.ready = False
            self.periodic_callbacks = {}


def main() -> None:
    """What the salt-minion command does."""
    salt.minion.Minion = Minion
    sys.argv[0] = "salt-minion"
    salt.scripts.salt_minion()


if __name__ == "__main__":
    main()
