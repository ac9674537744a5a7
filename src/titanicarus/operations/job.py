"""One Salt function on one host, by way of whichever master is alive."""

from __future__ import annotations

import json
import subprocess
from time import monotonic
from typing import Any

from titanicarus.control.masters import salt_command
from titanicarus.fleet import Declaration
from titanicarus.operations.errors import OperationFailed
from titanicarus.transport import Transport

FOUND_OUT_SECONDS = 10.0
"""After so long Salt asks the minion whether it has the job at all; one that has it is waited for on and on."""
ROOM_SECONDS = 30.0
_SILENT = "Minion did not return. ["
"""How `salt` puts it, followed by what it knows of the minion."""


def call(
    transport: Transport, declaration: Declaration, host: str, function: str, *arguments: str, timeout: float = 60.0
) -> Any:
    """What the function gives back. `timeout` in seconds bounds the job; the whole call may take half a minute more.

    A job reaches nobody whose minion is just being started, so one without an answer is sent again as long as there is
    time: the function must be one that may be called twice. Raises OperationFailed when the host gives no answer or
    the function raised, and NoMaster.
    """
    until = monotonic() + timeout + ROOM_SECONDS
    # Not --static: with it Salt 3008.3 ends with 0 even when the function raised.
    options = ["--out=json", f"--timeout={FOUND_OUT_SECONDS:g}", host, function, *arguments]
    command = salt_command(transport, declaration, options, island=declaration.fleet.host(host).island)
    while True:
        answered, answer = _once(command, host, function, until - monotonic())
        if answered:
            return answer
        if until - monotonic() < FOUND_OUT_SECONDS:
            raise OperationFailed(f"{host}: {function}: the minion gave no answer")


def _once(command: list[str], host: str, function: str, seconds: float) -> tuple[bool, Any]:
    """Whether the minion answered, and what. Raises OperationFailed as `call` does."""
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise OperationFailed(f"{host}: {function} gave no answer within {seconds:.0f} s") from error
    try:
        answers = json.loads(done.stdout)
    except ValueError as error:
        said = (done.stdout + done.stderr).decode(errors="replace").strip()
        raise OperationFailed(f"{host}: {function} could not be run: {said or 'Salt printed nothing'}") from error
    answer = answers.get(host, False)
    if answer is False or (isinstance(answer, str) and answer.startswith(_SILENT)):
        return False, None
    if done.returncode != 0:
        raise OperationFailed(f"{host}: {function}: {answer}")
    return True, answer
