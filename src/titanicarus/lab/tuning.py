"""Limits of this machine's kernel that are too low for many hosts on one kernel. They are raised and stay raised."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from titanicarus.lab.errors import LabError

# Each is shared by all containers of the machine.
_AT_LEAST: Mapping[str, int] = {
    "fs/inotify/max_user_instances": 8192,  # systemd, journald and dbus take some each; 128 is the default
    "fs/inotify/max_user_watches": 524288,
    "net/ipv4/neigh/default/gc_thresh1": 2048,  # every host knows its neighbours, and the tables count as one
    "net/ipv4/neigh/default/gc_thresh2": 8192,
    "net/ipv4/neigh/default/gc_thresh3": 16384,
}


def raise_limits(root: Path = Path("/proc/sys")) -> tuple[str, ...]:
    """Raise what is too low; gives back a sentence for each change. Raises LabError when the kernel refuses."""
    changed = []
    # The largest neighbour threshold first: the kernel wants them in order.
    for name, least in sorted(_AT_LEAST.items(), reverse=True):
        path = root / name
        if not path.exists():
            continue
        present = int(path.read_text())
        if present >= least:
            continue
        try:
            path.write_text(str(least))
        except OSError as error:
            raise LabError(f"{name.replace('/', '.')} is {present} and cannot be raised to {least}: {error}") from error
        changed.append(f"{name.replace('/', '.')} raised from {present} to {least}")
    return tuple(changed)
