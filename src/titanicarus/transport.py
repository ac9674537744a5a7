"""How a program on the operator's machine runs a command on a host: the lab enters namespaces, real servers use ssh."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Protocol


class Unreachable(Exception):
    """The host could not be asked, so nothing is known about it. `host_id` names it."""

    def __init__(self, host_id: str, reason: str) -> None:
        super().__init__(f"{host_id} cannot be reached: {reason}")
        self.host_id = host_id
        self.reason = reason


class CommandFailed(Exception):
    """A command ran on a host and ended non-zero."""

    def __init__(self, host_id: str, argv: Sequence[str], returncode: int, stderr: str) -> None:
        detail = stderr.strip() or "it printed no error"
        super().__init__(f"{host_id}: `{' '.join(argv)}` ended with {returncode}: {detail}")
        self.host_id = host_id
        self.argv = tuple(argv)
        self.returncode = returncode
        self.stderr = stderr


class Transport(Protocol):
    """Runs commands as root on the hosts of one fleet."""

    def command(self, host_id: str, argv: Sequence[str]) -> list[str]:
        """The argv that, run here, runs `argv` on the host; standard streams and the exit code pass through.

        Raises Unreachable when the host is known to be down.
        """
        ...

    def reachable(self, host_id: str) -> bool:
        """Whether a command can be run on the host now."""
        ...


def run(
    transport: Transport,
    host_id: str,
    argv: Sequence[str],
    *,
    input: bytes | None = None,
    timeout: float | None = None,
    check: bool = True,
) -> subprocess.CompletedProcess[bytes]:
    """Run a command on a host and capture what it prints. `timeout` is in seconds.

    Raises Unreachable (host down, or no answer within `timeout`) and, with `check`, CommandFailed.
    """
    command = transport.command(host_id, argv)
    try:
        # Empty input rather than the caller's own: a command on a host must never eat what a person types.
        done = subprocess.run(command, capture_output=True, timeout=timeout, check=False, input=input or b"")
    except subprocess.TimeoutExpired as error:
        raise Unreachable(host_id, f"`{' '.join(argv)}` gave no answer within {timeout:g} s") from error
    if check and done.returncode != 0:
        raise CommandFailed(host_id, argv, done.returncode, done.stderr.decode(errors="replace"))
    return done
