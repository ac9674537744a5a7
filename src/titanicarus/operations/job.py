"""One Salt function on one host, by way of whichever master is alive."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from titanicarus.control.masters import salt_command
from titanicarus.fleet import Declaration
from titanicarus.operations.errors import OperationFailed
from titanicarus.transport import Transport


def call(
    transport: Transport, declaration: Declaration, host: str, function: str, *arguments: str, timeout: float = 60.0
) -> Any:
    """What the function gives back. `timeout` in seconds bounds the job and the whole call.

    Raises OperationFailed when the host gives no answer or the function raised, and NoMaster.
    """
    # Not --static: with it Salt 3008.3 ends with 0 even when the function raised.
    options = ["--out=json", f"--timeout={timeout:g}", host, function, *arguments]
    command = salt_command(transport, declaration, options, island=declaration.fleet.host(host).island)
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout + 30, check=False)
    except subprocess.TimeoutExpired as error:
        raise OperationFailed(f"{host}: {function} gave no answer within {timeout + 30:g} s") from error
    try:
        answers = json.loads(done.stdout)
    except ValueError as error:
        said = (done.stdout + done.stderr).decode(errors="replace").strip()
        raise OperationFailed(f"{host}: {function} could not be run: {said or 'Salt printed nothing'}") from error
    answer = answers.get(host, False)
    if done.returncode != 0 or answer is False:
        reason = answer if isinstance(answer, str) else "the minion gave no answer"
        raise OperationFailed(f"{host}: {function}: {reason}")
    return answer
