"""What the world is told of the fleet: plans for Route53, made and done by a control host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from titanicarus.control.masters import pick_master
from titanicarus.fleet import Declaration
from titanicarus.operations.errors import OperationFailed
from titanicarus.operations.job import call
from titanicarus.transport import CommandFailed, Transport, Unreachable, run

AWS_CONFIG = "/etc/titanicarus/aws/config"
# Route53 takes five requests a second: a thousand zones are read in 200 s, and a thousand new ones made in 600 s.
SECONDS = 1800.0


def plan_names(transport: Transport, declaration: Declaration) -> Mapping[str, Any]:
    """The plan as `gslb.plan` gives it. Raises OperationFailed and NoMaster."""
    answer: Mapping[str, Any] = _call(transport, declaration, "gslb.plan")
    return answer


def apply_names(transport: Transport, declaration: Declaration, checksum: str, *, force: bool) -> Mapping[str, Any]:
    """Do the plan with this checksum. Raises OperationFailed, with nothing changed when it was refused."""
    arguments = [checksum, f"force={force}"]
    answer: Mapping[str, Any] = _call(transport, declaration, "gslb.apply", *arguments)
    return answer


def keep_names(transport: Transport, declaration: Declaration, progress: Callable[[str], None]) -> bool:
    """Do whatever the plan is now, if it is safe; says what was done or why not. Gives back whether all is well.

    A fleet without AWS is well: its names are somebody else's to make.
    """
    master = pick_master(transport, declaration).host
    try:
        run(transport, master, ["test", "-f", AWS_CONFIG], timeout=10)
    except CommandFailed:
        progress(f"{master} has no {AWS_CONFIG}: the world is told nothing (docs/aws.md)")
        return True
    except Unreachable as error:
        progress(f"the names of the world were not looked at: {error}")
        return False
    try:
        done = _call(transport, declaration, "gslb.apply")
    except OperationFailed as error:
        progress(f"the names of the world are not as declared: {error}")
        return False
    if done["steps"]:
        progress(f"Route53: {len(done['steps'])} changes, plan {done['checksum']}")
    return True


def _call(transport: Transport, declaration: Declaration, function: str, *arguments: str) -> Any:
    host = pick_master(transport, declaration).host
    return call(transport, declaration, host, function, *arguments, timeout=SECONDS)
