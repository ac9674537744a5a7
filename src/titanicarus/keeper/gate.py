"""The gate of a writer: an element of an nftables set that the kernel takes out by itself when the lease ends.

The table is loaded by its own unit before any database starts (salt/gate), and no other rule set touches it. Packets of
a guarded port pass only while the port is in the set `open`, established connections included, in both directions. So
whatever happens to this process, to mariadbd or to both, nothing is answered past the lease.

An order to open that comes late is refused: docs/adr/0052-armed-gate.md.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

TABLE = "inet titanicarus_gate"
_NFT = "/usr/sbin/nft"
_SECONDS = 1.0

Run = Callable[[str], str | None]


class GateError(Exception):
    """The kernel did not do what was asked; the gate is as it was, and shuts by itself in time."""


def arm_script(port: int, seconds: float) -> str:
    """What is sent first: an element that is there for so long."""
    return (
        f"add element {TABLE} armed {{ {port} }}\n"
        f"delete element {TABLE} armed {{ {port} }}\n"
        f"add element {TABLE} armed {{ {port} timeout {_milliseconds(seconds)} }}\n"
    )


def open_script(port: int, seconds: float) -> str:
    """What is sent then, in one transaction that fails as a whole when the port is not armed any more.

    An element is deleted and added again because adding it once more does not renew its time.
    """
    return (
        f"delete element {TABLE} armed {{ {port} }}\n"
        f"add element {TABLE} open {{ {port} }}\n"
        f"delete element {TABLE} open {{ {port} }}\n"
        f"add element {TABLE} open {{ {port} timeout {_milliseconds(seconds)} }}\n"
    )


def shut_script(port: int) -> str:
    """Takes the port out, whether it is in or not."""
    return f"add element {TABLE} open {{ {port} }}\ndelete element {TABLE} open {{ {port} }}\n"


class Gate:
    """The gate of one port, and of `further` ones that are open for as long. Times are seconds of CLOCK_BOOTTIME."""

    def __init__(
        self,
        port: int,
        arm: float,
        run: Run | None = None,
        clock: Callable[[], float] | None = None,
        further: tuple[int, ...] = (),
    ) -> None:
        self._port = port
        self._ports = (port, *further)
        self._arm = arm
        self._run = run or _nft
        self._clock = clock or boottime
        self._until = 0.0

    @property
    def open_for(self) -> float:
        """Seconds for which the kernel lets packets through, as far as this process knows; 0 when it is shut."""
        return max(0.0, self._until - self._clock())

    def open(self, until: float) -> None:
        """Keep it open until then, and not longer. Raises GateError.

        The kernel is asked once for each new end, not each time that the loop comes round.
        """
        if until == self._until:
            return
        self._order("".join(arm_script(port, self._arm) for port in self._ports))
        seconds = until - self._clock()
        if seconds < 0.001:
            return
        self._order("".join(open_script(port, seconds) for port in self._ports))
        self._until = until

    def shut(self) -> None:
        """Shut it now. Raises GateError; then the kernel may still let packets through for `open_for`."""
        self._order("".join(map(shut_script, self._ports)))
        self._until = 0.0

    def _order(self, script: str) -> None:
        problem = self._run(script)
        if problem is not None:
            raise GateError(f"the gate of port {self._port} could not be changed: {problem}")


def boottime() -> float:
    """Seconds of CLOCK_BOOTTIME, the clock of every lease."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _milliseconds(seconds: float) -> str:
    return f"{int(seconds * 1000)}ms"


def _nft(script: str) -> str | None:
    """None when the kernel made the whole transaction, else why not."""
    try:
        done = subprocess.run(
            [_NFT, "-f", "-"], input=script, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    return done.stderr.strip().splitlines()[0] if done.stderr.strip() else f"nft ended with {done.returncode}"
