"""What titanicarus-join.service runs. Exit codes: 0 in service, 1 not, and the journal says why."""

from __future__ import annotations

import sys
from pathlib import Path

from titanicarus.joining.machine import JoinFailed, Joining, Way

if __name__ == "__main__":
    try:
        Joining(Way.read(Path("/"))).work()
    except JoinFailed as error:
        sys.exit(str(error))
