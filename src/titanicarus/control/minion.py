"""The Salt minion as its unit starts it: Salt's own, with one fault mended.

A minion with several masters tears the connection to one down when a first attempt fails (that master is off, or is
just being restarted), tries again, and succeeds; but what was torn down stays marked as stopped, so from then on it
takes that master's commands and never returns a result ("This Minion was scheduled to stop. Not running
Minion.tune_in()", "Skipping req for other master"). Salt 3008.3, `MinionManager._connect_minion`. Such a minion starts
anew here instead: Salt's own supervisor does that for this exit code.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

import salt.defaults.exitcodes
import salt.minion
import salt.scripts

log = logging.getLogger(__name__)


class Minion(salt.minion.Minion):  # type: ignore[misc]  # Salt has no types
    """The minion of one master."""

    def tune_in(self, start: bool = True) -> Any:
        """Begin to serve the master; start the whole process anew when this object was torn down before."""
        if self._running is False:
            log.warning("master %s answers at last: starting anew", self.opts["master"])
            logging.shutdown()
            os._exit(salt.defaults.exitcodes.SALT_KEEPALIVE)
        return super().tune_in(start)


def main() -> None:
    """What the salt-minion command does."""
    salt.minion.Minion = Minion
    sys.argv[0] = "salt-minion"
    salt.scripts.salt_minion()


if __name__ == "__main__":
    main()
