"""A daemon that runs, starts at boot, and has read its configuration: started or reloaded, never restarted.

Whether a reload is due is not taken from this run's changes alone: a digest of the configuration that the daemon was
last told to read is kept in /run. So a run that was cut off between writing and reloading is made good by the next.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import Any

LOADED = Path("/run/titanicarus/loaded")
# Units that ran with our configuration before: from then on they are never restarted by a state.
OURS = Path("/var/lib/titanicarus/daemons")


def running(
    name: str, config: list[str] | None = None, at_start: list[str] | None = None, **_options: Any
) -> dict[str, Any]:
    """The unit `name` is active, enabled and up to date.

    config
        Files and directories that the daemon reads. When their content differs from what it was last told to read,
        it is reloaded.
    at_start
        Files and directories that it reads only when it starts. A change is reported as a warning until the daemon
        was restarted; doing that, with the host out of service, is left to the operator.
    """
    ret: dict[str, Any] = {"name": name, "changes": {}, "result": True, "comment": "running"}
    state = __salt__["daemon.show"](name)
    if state["LoadState"] != "loaded":
        if __opts__["test"]:
            return {**ret, "result": None, "comment": f"systemd does not know {name} yet"}
        __salt__["daemon.reload_units"]()
        state = __salt__["daemon.show"](name)
    digest = _digest(config or [])
    outdated = state["ActiveState"] == "active" and _newest(at_start or []) > _started_at(state)
    ours = (OURS / name).exists()
    todo = _todo(state, _loaded(name, state, config or []) == digest, outdated and not ours)
    if outdated and ours:
        ret["warnings"] = [f"{name} runs with what {at_start} said earlier: drain the host, restart the unit, restore"]
    if not todo:
        return ret
    if __opts__["test"]:
        return {**ret, "result": None, "comment": f"would {', '.join(todo)}"}
    return {**ret, **_act(name, todo, digest)}


def _act(name: str, todo: list[str], digest: str) -> dict[str, Any]:
    """Take the steps and look again. A failure carries the unit's last words from the journal."""
    from salt.exceptions import CommandExecutionError

    changes: dict[str, bool] = {}
    for step in todo:
        try:
            __salt__[f"daemon.{step}"](*([] if step == "reload_units" else [name]))
        except CommandExecutionError as error:
            comment = f"{error}\n{__salt__['daemon.last_words'](name)}"
            return {"result": False, "changes": changes, "comment": comment}
        changes[step] = True
    after = __salt__["daemon.show"](name)
    if after["ActiveState"] not in ("active", "reloading"):
        comment = f"{name} is {after['ActiveState']}\n{__salt__['daemon.last_words'](name)}"
        return {"result": False, "changes": changes, "comment": comment}
    _remember(name, after, digest)
    return {"changes": changes, "comment": f"done: {', '.join(todo)}"}


def _todo(state: dict[str, str], loaded: bool, foreign: bool) -> list[str]:
    """The steps, in order. `foreign`: it runs, but the package started it with a configuration that was never ours."""
    todo = []
    if state["NeedDaemonReload"] == "yes":
        todo.append("reload_units")
    if state["UnitFileState"] not in ("enabled", "static", "alias", "generated"):
        todo.append("enable")
    if state["ActiveState"] == "activating" or foreign:
        todo.append("restart")  # nobody is served by it: it fails again and again, or has not been put to use yet
    elif state["ActiveState"] not in ("active", "reloading"):
        todo.append("start")
    elif not loaded:
        todo.append("reload")
    return todo


def _loaded(name: str, state: dict[str, str], config: list[str]) -> str:
    """The digest of what the daemon has read; after a boot, the present one if no file is newer than its start."""
    mark = LOADED / name
    if mark.exists():
        started, digest = mark.read_text().split()
        if started == state["ActiveEnterTimestampMonotonic"]:
            return digest
    return _digest(config) if _newest(config) < _started_at(state) else "older"


def _newest(paths: list[str]) -> float:
    """Wall clock time of the last change of any of the files, 0 if there is none."""
    return max((path.lstat().st_ctime for path in _paths(paths)), default=0.0)


def _started_at(state: dict[str, str]) -> float:
    """Wall clock time of the unit's start, as file times are."""
    monotonic = int(state["ActiveEnterTimestampMonotonic"] or 0) / 1_000_000
    return time.time() - time.clock_gettime(time.CLOCK_MONOTONIC) + monotonic


def _remember(name: str, state: dict[str, str], digest: str) -> None:
    LOADED.mkdir(parents=True, exist_ok=True)
    (LOADED / name).write_text(f"{state['ActiveEnterTimestampMonotonic']} {digest}\n")
    OURS.mkdir(parents=True, exist_ok=True)
    (OURS / name).touch()


def _digest(config: list[str]) -> str:
    total = hashlib.sha256()
    for path in _paths(config):
        total.update(f"{path}\0".encode())
        if path.is_file() and not path.is_symlink():
            total.update(path.read_bytes())
    return total.hexdigest()


def _paths(config: list[str]) -> list[Path]:
    found: list[Path] = []
    for place in config:
        found.append(Path(place))
        for folder, folders, files in os.walk(place):
            found.extend(Path(folder) / entry for entry in (*folders, *files))
    return sorted(path for path in found if path.exists())
