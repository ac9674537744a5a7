"""A configuration directory that is owned whole.

The candidate is rendered beside the directory and checked by the daemon itself; when the daemon refuses it, nothing
is replaced and the comment holds the daemon's own words. What is no longer wanted is removed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def managed(
    name: str, source: str, check: list[str] | None = None, settled: dict[str, str] | None = None, **options: Any
) -> dict[str, Any]:
    """The directory `name` holds exactly what `source` and the pillar give.

    name
        Absolute path of the directory.
    check
        The daemon's check as an argument list; `{dir}` stands for the candidate's folder. Configuration must name
        its own files relative to itself, so that the check reads the candidate's and not the old ones.
    settled
        Shell pattern of relative paths to the file that says how those are used, for folders of a thousand files that
        have nothing to do with each other, such as certificates: while that file is not changed, the check is not
        shown again those that it has accepted before and that stay as they are. The configuration must not name
        them, only their folder, and at least one file of the folder must not match.
    options
        See `config_set.wanted` of the execution module.
    """
    from titanicarus.configset import describe, plan, tree
    from titanicarus.configset.plan import to_check

    ret: dict[str, Any] = {"name": name, "changes": {}, "result": True, "comment": "as wanted"}
    root = Path(name)
    try:
        wanted = __salt__["config_set.wanted"](source, **_own(options))
    except (ValueError, KeyError) as error:  # RenderError is a ValueError; a missing user or group a KeyError
        return {**ret, "result": False, "comment": f"{source}: {error}"}
    current, folders = tree.read(root)
    steps = plan(current, folders, wanted)
    if not steps:
        return ret
    ret["changes"] = describe(steps, current, wanted)
    with tree.candidate(root, to_check(wanted, steps.write, settled or {}), steps.write) as place:
        try:
            if check:
                tree.check(check, place, root)
        except tree.Refused as error:
            return {**ret, "result": False, "changes": {}, "comment": f"{name} is left as it was: {error}"}
        if __opts__["test"]:
            return {**ret, "result": None, "comment": f"{len(ret['changes'])} files would change; checked"}
        tree.apply(root, place, steps, wanted)
    left = plan(*tree.read(root), wanted)
    if left:
        return {**ret, "result": False, "comment": f"{name} is still not as wanted after writing: {left}"}
    return {**ret, "comment": f"{len(ret['changes'])} files changed; the check accepted them"}


def _own(options: dict[str, Any]) -> dict[str, Any]:
    """Salt adds its own keywords (`__id__`, `order`, ...) to a state's arguments."""
    known = {"pillar_files", "context", "user", "group", "mode", "modes", "secret", "files_from", "saltenv"}
    unknown = {key for key in options if not key.startswith("__")} - known - _SALT_KEYWORDS
    if unknown:
        raise ValueError(f"config_set.managed does not know the argument(s) {', '.join(sorted(unknown))}")
    return {key: value for key, value in options.items() if key in known}


_SALT_KEYWORDS = {"order", "fun", "state", "sfun", "env", "reload_modules", "reload_grains", "reload_pillar", "no_log"}
