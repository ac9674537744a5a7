"""A wrong wall clock for the daemons of one host: all hosts share the machine's clock, so each daemon is deceived.

libfaketime is loaded into every service that the host's systemd starts from then on (`DefaultEnvironment=`), and the
services that run are started again. Clocks that only measure how long something took stay right, as on a real host.
Not deceived: the kernel, systemd itself and what belongs to it, and programs that ask the kernel without the C library
(wireguard-go).
"""

from __future__ import annotations

import re
from pathlib import Path

from titanicarus.lab.errors import LabError
from titanicarus.transport import Transport, run

MOST_SECONDS = 86400
_FILE = "etc/systemd/system.conf.d/90-titanicarus-clock.conf"
_LIBRARY = "usr/lib/*/faketime/libfaketimeMT.so.1"
_RESTART_SECONDS = 180
# What makes up the system itself: started again, the host would be lost, and none of it serves anybody.
_LEFT_ALONE = ("systemd-", "dbus", "console-getty", "getty@", "user@", "user-runtime-dir@")
_OFFSET = re.compile(r"FAKETIME=([+-]\d+)s")


def skewed(root: Path) -> int:
    """By how many seconds the daemons of the host with this root are deceived."""
    try:
        found = _OFFSET.search((root / _FILE).read_text())
    except FileNotFoundError:
        return 0
    return int(found[1]) if found else 0


def text(library: str, seconds: int) -> str:
    """The systemd configuration that deceives, by the library at that path inside."""
    words = [f"LD_PRELOAD={library}", f"FAKETIME={seconds:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC=1"]
    words += ["FAKETIME_DONT_RESET=1", "FAKETIME_NO_CACHE=1"]
    words += ["FAKE_UTIME=1"]  # a file that such a program touches has the true time, as the kernel gives it
    return "[Manager]\nDefaultEnvironment=" + " ".join(words) + "\n"


def skew(transport: Transport, host: str, root: Path, seconds: int) -> tuple[str, ...]:
    """Put the host's clock forward (or back) by so many seconds, 0 for right; gives back the units started again.

    Raises LabError, Unreachable and CommandFailed.
    """
    if abs(seconds) > MOST_SECONDS:
        raise LabError(f"a clock cannot be off by {seconds} s here: say at most {MOST_SECONDS}")
    library = next(root.glob(_LIBRARY), None)
    if library is None:
        raise LabError(f"{host} was made from an image without libfaketime: `saguire down` and `saguire up`")
    path = root / _FILE
    if seconds:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(f"/{library.relative_to(root)}", seconds))
    else:
        path.unlink(missing_ok=True)
    run(transport, host, ["systemctl", "daemon-reload"], timeout=_RESTART_SECONDS)
    listing = ["systemctl", "list-units", "--type=service", "--state=running", "--plain", "--no-legend", "--full"]
    lines = run(transport, host, listing, timeout=_RESTART_SECONDS).stdout.decode().splitlines()
    units = tuple(line.split()[0] for line in lines if line.strip() and not line.startswith(_LEFT_ALONE))
    if units:
        run(transport, host, ["systemctl", "restart", *units], timeout=_RESTART_SECONDS)
    return units
