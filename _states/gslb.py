"""Route53 as declared. For one control host at a time: `salt syd-filer1 state.single gslb.applied world`."""

from __future__ import annotations

from typing import Any


def applied(name: str, force: bool = False, only_shares: bool = False) -> dict[str, Any]:
    """The records, zones and health checks of the fleet are as declared; with test=True the plan is shown.

    name
        Any word; there is one Route53.
    force
        Also when the plan has objections.
    only_shares
        Only shift users from island to island, whatever else is not as declared.
    """
    from salt.exceptions import CommandExecutionError

    ret: dict[str, Any] = {"name": name, "changes": {}, "result": True, "comment": "Route53 is as declared"}
    try:
        plan = __salt__["gslb.plan"](only_shares=only_shares)
        if not plan["steps"]:
            return ret
        changes = {"plan": plan["checksum"], "steps": plan["lines"]}
        if __opts__["test"]:
            comment = "; ".join(plan["objections"]) or f"{len(plan['steps'])} changes would be made"
            return {**ret, "result": None, "changes": changes, "comment": comment}
        __salt__["gslb.apply"](plan["checksum"], force=force, only_shares=only_shares)
    except CommandExecutionError as error:
        return {**ret, "result": False, "comment": str(error)}
    return {**ret, "changes": changes, "comment": f"{len(plan['steps'])} changes made"}
