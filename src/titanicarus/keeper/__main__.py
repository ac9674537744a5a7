"""The keeper as a systemd service: `python -m titanicarus.keeper`. `--check FILE` only judges a configuration.

SIGHUP starts it anew in place, with new code and configuration; what it knows is on disk.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from titanicarus.aws import AWSError
from titanicarus.keeper import service
from titanicarus.keeper.config import BadConfig, Config, read_config
from titanicarus.keeper.duties import duties_of
from titanicarus.keeper.tls import NoIdentity

TICK_SECONDS = 1.0


class _Wishes:
    """What signals asked for."""

    def __init__(self) -> None:
        self.wake = threading.Event()
        self.reload = False
        self.end = False

    def on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.reload = self.reload or number == signal.SIGHUP
        self.end = self.end or number == signal.SIGTERM
        self.wake.set()


def main() -> int:
    parser = argparse.ArgumentParser(prog="titanicarus.keeper")
    parser.add_argument("--check", type=Path, metavar="FILE", help="judge a configuration file and end")
    options = parser.parse_args()
    try:
        config = read_config(options.check) if options.check else read_config()
    except BadConfig as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if options.check else run(config)


def run(config: Config) -> int:
    """Have every duty looked after once a second until systemd says stop."""
    wishes = _Wishes()
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, wishes.on_signal)
    try:
        duties = duties_of(config)
    except (NoIdentity, AWSError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    due = time.monotonic()
    said = ""
    service.notify("READY=1", "STATUS=looking")
    while not wishes.end and not wishes.reload:
        status = "; ".join(duty.tick() for duty in duties)
        if status != said:
            said = status
            service.notify(f"STATUS={status}")
        if all(duty.alive() for duty in duties):
            service.notify("WATCHDOG=1")
        due = max(due + TICK_SECONDS, time.monotonic())
        wishes.wake.wait(max(0.0, due - time.monotonic()))
    if wishes.reload and not wishes.end:
        service.reloading()
        os.execv(sys.executable, [sys.executable, "-m", "titanicarus.keeper"])  # noqa: S606
    return 0


if __name__ == "__main__":
    sys.exit(main())
