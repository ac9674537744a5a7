"""Every WordPress site of a web server has its tables and its first user."""

from __future__ import annotations

from typing import Any

UNIT = "titanicarus-wordpress.service"
POLL_SECONDS = 0.5


def installed(name: str, patience: float = 20, **_options: Any) -> dict[str, Any]:
    """The database of each WordPress site is filled; the service does it, and goes on trying when this run has ended.

    name
        Any word.
    patience
        For how many seconds to wait for it. The database hosts are changed at the same time as this one, so a database
        that does not answer yet is no failure of this host: it is a warning.
    """
    import time

    ret: dict[str, Any] = {"name": name, "changes": {}, "result": True, "comment": "every WordPress site is installed"}
    before = __salt__["wordpress.pending"]()
    if not before:
        return ret
    if __opts__["test"]:
        return {**ret, "result": None, "comment": f"would install {', '.join(before)}"}
    __salt__["daemon.reload_units"]()
    __salt__["daemon.enable"](UNIT)
    __salt__["daemon.start"](UNIT)
    deadline = time.monotonic() + float(patience)
    while (left := __salt__["wordpress.pending"]()) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    ret["changes"] = {site: "installed" for site in before if site not in left}
    if left:
        ret["comment"] = f"{', '.join(left)}: not installed yet"
        ret["warnings"] = [f"{site}: its database does not answer yet; {UNIT} goes on trying" for site in left]
    return ret
