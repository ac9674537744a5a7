"""The first leases of a fleet, made in the witness by a control host."""

from __future__ import annotations

import json
from collections.abc import Callable

from titanicarus.control import layout
from titanicarus.control.masters import pick_master
from titanicarus.fleet import Declaration, Role
from titanicarus.operations.dns import AWS_CONFIG
from titanicarus.operations.errors import OperationFailed
from titanicarus.transport import CommandFailed, Transport, Unreachable, run

PATIENCE_SECONDS = 300.0
"""For how long AWS is asked again: hosts that were just made reach it only when their island's gateway is applied."""
_MORE_SECONDS = 60.0


def give_leases(transport: Transport, declaration: Declaration, progress: Callable[[str], None]) -> bool:
    """Make the table and the items that the witness lacks; says what was made or why not. Gives back whether all is
    well. What exists is never changed.

    A fleet without database hosts needs no lease, and one without AWS has nobody to ask: both are well, and the second
    one is told that its databases open for nobody. Raises NoMaster.
    """
    if not declaration.fleet.with_role(Role.DB):
        return True
    host = pick_master(transport, declaration).host
    try:
        run(transport, host, ["test", "-f", AWS_CONFIG], timeout=10)
    except CommandFailed:
        progress(f"{host} has no {AWS_CONFIG}: no leases, so no database can be written to (docs/aws.md)")
        return True
    except Unreachable as error:
        progress(f"the leases were not looked at: {error}")
        return False
    try:
        done = _birth(transport, host)
    except (OperationFailed, CommandFailed, Unreachable) as error:
        progress(f"the leases are not as declared, and nothing was changed: {error}")
        return False
    if done["born"]:
        table = "a new table" if done["made_table"] else "the table"
        progress(f"leases: {', '.join(done['born'])} born in {table} of the witness")
    return True


def _birth(transport: Transport, host: str) -> dict[str, list[str]]:
    """With the code that was pushed, not the host's own: that one comes with the apply, and this is needed before."""
    source = layout.Release(layout.Deploy(layout.DEPLOY).current).tree / "src"
    argv = ["env", f"PYTHONPATH={source}", "PYTHONDONTWRITEBYTECODE=1", layout.PYTHON, "-m"]
    argv += ["titanicarus.control.birth", "--patience", f"{PATIENCE_SECONDS:g}", host]
    done = run(transport, host, argv, timeout=PATIENCE_SECONDS + _MORE_SECONDS, check=False)
    try:
        answer: dict[str, list[str]] = json.loads(done.stdout)
    except ValueError:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise OperationFailed(f"{host} could not look: {said[-1] if said else 'it printed nothing'}") from None
    if "refused" in answer:
        raise OperationFailed(f"{host}: {answer['refused']}")
    return answer
