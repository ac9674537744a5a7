"""Files of Debian packages that are set aside (dpkg-divert), also when the package is upgraded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

DIVERSIONS = Path("/var/lib/dpkg/diversions")


def set_aside(name: str, ending: str, **_options: Any) -> dict[str, Any]:
    """The one file of the installed package `name` whose path ends with `ending` lies beside it as `….distrib`.

    Fails, with nothing changed, when the package has no such file, or more than one.
    """
    ret: dict[str, Any] = {"name": name, "changes": {}, "result": True}
    aside = [path for path in DIVERSIONS.read_text().splitlines()[::3] if path.endswith(ending)]
    if aside:
        return {**ret, "comment": f"{aside[0]} is set aside"}
    listed = __salt__["cmd.run_all"](["dpkg", "--listfiles", name], python_shell=False, ignore_retcode=True)
    found = [path for path in listed["stdout"].splitlines() if path.endswith(ending)]
    if listed["retcode"] or len(found) != 1:
        why = listed["stderr"] or f"files of {name} that end with {ending}: {', '.join(found) or 'none'}; expected one"
        return {**ret, "result": False, "comment": why}
    if __opts__["test"]:
        return {**ret, "result": None, "comment": f"would set {found[0]} aside"}
    done = __salt__["cmd.run_all"](
        ["dpkg-divert", "--local", "--rename", "--add", found[0]], python_shell=False, ignore_retcode=True
    )
    if done["retcode"]:
        return {**ret, "result": False, "comment": done["stderr"] or done["stdout"]}
    return {**ret, "changes": {found[0]: {"old": "in use", "new": "set aside"}}, "comment": f"{found[0]} is set aside"}
