"""The systemd units of this host's instances, started and stopped with a deadline."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from threading import Event

from titanicarus.mariadb.errors import Down, ServerError
from titanicarus.mariadb.instance import socket_of, unit
from titanicarus.mariadb.look import Look
from titanicarus.mariadb.server import Server

SECONDS = 60.0
_POLL_SECONDS = 0.1


def start(shard: str) -> None:
    """Start it now and at every boot. Raises ServerError with the journal's last words."""
    systemctl("reset-failed", unit(shard), accept_failure=True)
    systemctl("enable", "--now", unit(shard))


def stop(shard: str) -> None:
    """End it until it is started again. It is killed: no commit that waits is let go."""
    systemctl("stop", unit(shard))


def remove(shard: str) -> None:
    """Stop it for good."""
    systemctl("disable", "--now", unit(shard))


def active(shard: str) -> bool:
    """Whether systemd has it running now."""
    return systemctl("is-active", unit(shard), accept_failure=True) == "active"


def wait_until_up(shard: str, seconds: float = SECONDS, look: Callable[[], Look] | None = None) -> Look:
    """Until it accepts connections. Raises Down."""
    server = Server(shard, socket=socket_of(shard))
    until = time.monotonic() + seconds
    while True:
        try:
            return (look or server.look)()
        except Down as error:
            if time.monotonic() >= until:
                raise Down(f"{error}; it did not come up within {seconds:g} s: journalctl -u {unit(shard)}") from error
        finally:
            server.close()
        Event().wait(_POLL_SECONDS)


def systemctl(*arguments: str, accept_failure: bool = False) -> str:
    """What it printed. Raises ServerError when it failed or did not end in time."""
    argv = ["systemctl", "--no-pager", *arguments]
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise ServerError(f"`{' '.join(argv)}` did not end within {SECONDS:g} s") from error
    if done.returncode != 0 and not accept_failure:
        raise ServerError(f"`{' '.join(argv)}` failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout.strip()
