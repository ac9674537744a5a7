"""systemd units as the states need them: one `systemctl show` to know, start and reload to act. Never a restart."""

from __future__ import annotations

from typing import Any

PROPERTIES = (
    "ActiveState",
    "UnitFileState",
    "NeedDaemonReload",
    "CanReload",
    "LoadState",
    "ActiveEnterTimestampMonotonic",
)


def show(name: str) -> dict[str, str]:
    """The unit's properties that matter here, by systemd's own names. Of a timer or a path, `NeedDaemonReload` is "yes"
    also when systemd has an older version of the service that it starts.

    Raises CommandExecutionError when systemd does not answer: unknown is not stopped.

    CLI Example:

    .. code-block:: bash

        salt-call daemon.show nginx.service
    """
    stem = name.removesuffix(".timer").removesuffix(".path")
    said = _systemctl(
        ["show", "--property", ",".join(PROPERTIES), name, *([] if stem == name else [f"{stem}.service"])]
    )
    own, *others = (
        dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in said.strip().split("\n\n")
    )
    if any(other.get("NeedDaemonReload") == "yes" for other in others):
        own["NeedDaemonReload"] = "yes"
    return own


def enable(name: str) -> bool:
    """Start the unit at every boot from now on.

    CLI Example:

    .. code-block:: bash

        salt-call daemon.enable nginx.service
    """
    _systemctl(["enable", name])
    return True


def start(name: str) -> bool:
    """Start the unit and wait until it is up.

    CLI Example:

    .. code-block:: bash

        salt-call daemon.start nginx.service
    """
    _systemctl(["reset-failed", name], accept_failure=True)  # a unit that gave up restarting refuses to start
    _systemctl(["start", name])
    return True


def restart(name: str) -> bool:
    """Restart a unit that serves nobody: one that fails again and again, or was never put to use.

    CLI Example:

    .. code-block:: bash

        salt-call daemon.restart nginx.service
    """
    _systemctl(["reset-failed", name], accept_failure=True)
    _systemctl(["restart", name])
    return True


def reload(name: str) -> bool:
    """Let the running daemon read its configuration again, without a connection being lost.

    CLI Example:

    .. code-block:: bash

        salt-call daemon.reload nginx.service
    """
    _systemctl(["reload", name])
    return True


def last_words(name: str, lines: int = 15) -> str:
    """The unit's newest lines in the journal.

    CLI Example:

    .. code-block:: bash

        salt-call daemon.last_words nginx.service
    """
    argv = ["journalctl", "--unit", name, "--lines", str(int(lines)), "--no-pager", "--output", "cat"]
    said: str = __salt__["cmd.run_stdout"](argv, python_shell=False, ignore_retcode=True)
    return said


def reload_units() -> bool:
    """Let systemd read changed unit files.

    CLI Example:

    .. code-block:: bash

        salt-call daemon.reload_units
    """
    _systemctl(["daemon-reload"])
    return True


def _systemctl(arguments: list[str], accept_failure: bool = False) -> str:
    from salt.exceptions import CommandExecutionError

    done: dict[str, Any] = __salt__["cmd.run_all"](
        ["systemctl", "--no-pager", "--quiet", *arguments],
        python_shell=False,
        ignore_retcode=accept_failure,
        timeout=120,
        env={"LC_ALL": "C"},
    )
    if done["retcode"] != 0 and not accept_failure:
        words = (done["stderr"] or done["stdout"]).strip()
        raise CommandExecutionError(f"systemctl {' '.join(arguments)} failed: {words}")
    return done["stdout"]
