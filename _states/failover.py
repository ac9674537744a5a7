"""What is done for something that failed, as states: idempotent, looked at before and after, and also for a person."""

from __future__ import annotations

from typing import Any


def unit_running(name: str, **_options: Any) -> dict[str, Any]:
    """The unit `name`, which this host should run, runs and stays up. It is started, never restarted.

    Fails, with nothing changed, when it must not be started now: it is none of this host's units, somebody has
    disabled it, or is at work on it.
    """
    from salt.exceptions import CommandExecutionError

    ret: dict[str, Any] = {"name": name, "changes": {}, "result": True, "comment": f"{name} runs"}
    before = __salt__["daemon.show"](name)
    if before["ActiveState"] in ("active", "reloading"):
        return ret
    if objection := __salt__["heal.may_start"](name):
        return {**ret, "result": False, "comment": objection}
    if __opts__["test"]:
        return {**ret, "result": None, "comment": f"would start {name}"}
    try:
        __salt__["daemon.start"](name)
    except CommandExecutionError as error:
        return {**ret, "result": False, "comment": f"{error}\n{__salt__['daemon.last_words'](name)}"}
    ret["changes"] = {name: {"old": before["ActiveState"], "new": "active"}}
    if not __salt__["heal.settled"](name):
        comment = f"{name} was started and does not stay up\n{__salt__['daemon.last_words'](name)}"
        return {**ret, "result": False, "comment": comment}
    return {**ret, "comment": f"{name} was started"}
