"""What this machine's kernel must be told so that many hosts can share it. It stays as it is told."""

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
_AT_MOST: Mapping[str, int] = {
    # With automatic groups each service is a group, all groups weigh the same, and `Nice=` counts for nothing between
    # them (sched(7)). Containers cannot write it (salt/base does on real servers).
    "kernel/sched_autogroup_enabled": 0,
}


def tune(root: Path = Path("/proc/sys")) -> tuple[str, ...]:
    """Raise what is too low and lower what is too high; gives back a sentence for each change.

    Raises LabError when the kernel refuses.
    """
    changed = []
    # The largest neighbour threshold first: the kernel wants them in order.
    for name, bound in sorted({**_AT_LEAST, **_AT_MOST}.items(), reverse=True):
        path = root / name
        if not path.exists():
            continue
        present = int(path.read_text())
        if (present >= bound) if name in _AT_LEAST else (present <= bound):
            continue
        try:
            path.write_text(str(bound))
        except OSError as error:
            raise LabError(f"{name.replace('/', '.')} is {present} and cannot be set to {bound}: {error}") from error
        changed.append(f"{name.replace('/', '.')} set from {present} to {bound}")
    return tuple(changed)
