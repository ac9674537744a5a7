"""Asked by PAM before a session: `python -m titanicarus.sftp VOLUME SHARD LEAST_ID`, for the person in $PAM_USER.

Exit code 0: the person's folder is there. 1: no session; why is in the journal.
"""

from __future__ import annotations

import os
import pwd
import sys
import syslog
from pathlib import Path

from titanicarus.sftp import NotHere, prepare


def main(arguments: list[str]) -> int:
    volume, shard, least_id = arguments
    name = os.environ["PAM_USER"]
    try:
        prepare(pwd.getpwnam(name), Path(volume), shard, int(least_id))
    except KeyError:
        return _refuse(f"nobody is called {name}")
    except (NotHere, OSError) as error:
        return _refuse(str(error))
    return 0


def _refuse(why: str) -> int:
    syslog.openlog("titanicarus-sftp", 0, syslog.LOG_AUTH)
    syslog.syslog(syslog.LOG_WARNING, why)
    print(why, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
