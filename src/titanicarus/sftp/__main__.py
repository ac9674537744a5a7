"""Asked by PAM before a session: `python -m titanicarus.sftp VOLUME SHARD LEAST_ID`, for the user in $PAM_USER.

Exit code 0: the folder of the person or site is there. 1: no session; why is in the journal.
"""

from __future__ import annotations

import os
import pwd
import sys
import syslog
from pathlib import Path

from titanicarus.sftp import NotHere, check_site, prepare

SITES = Path("/etc/titanicarus/sftp/site_folders")
"""On each line the Unix user of a site, and its folder."""


def main(arguments: list[str]) -> int:
    volume, shard, least_id = arguments
    name = os.environ["PAM_USER"]
    try:
        if (folder := _site_folders().get(name)) is not None:
            check_site(folder, Path(volume))
            return 0
        prepare(pwd.getpwnam(name), Path(volume), shard, int(least_id))
    except KeyError:
        return _refuse(f"nobody is called {name}")
    except (NotHere, OSError) as error:
        return _refuse(str(error))
    return 0


def _site_folders() -> dict[str, Path]:
    if not SITES.exists():
        return {}  # a host that has this code and not yet its configuration
    lines = (line.split() for line in SITES.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {user: Path(folder) for user, folder in filter(None, lines)}


def _refuse(why: str) -> int:
    syslog.openlog("titanicarus-sftp", 0, syslog.LOG_AUTH)
    syslog.syslog(syslog.LOG_WARNING, why)
    print(why, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
