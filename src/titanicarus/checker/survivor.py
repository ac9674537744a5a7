"""Read back what the primary that is left has, as the tenant's application would. Runs on a web host.

Standard input is one JSON object: `access` (see plan.py), `run` and `seconds`, how long to try. Prints one
JSON document.
"""

from __future__ import annotations

import json
import sys
import time

from titanicarus.checker.history import Survivor
from titanicarus.checker.plan import Access
from titanicarus.checker.session import Failed, Session
from titanicarus.checker.tables import Tables

_TRY_SECONDS = 10.0
_AGAIN_SECONDS = 0.2


def survivor(access: Access, run: str, seconds: float) -> Survivor:
    """Ask until an answer comes. Raises Failed after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        until = min(end, time.monotonic() + _TRY_SECONDS)
        try:
            session = Session(access, until)
            try:
                return Tables(run).read_back(session, until=until)
            finally:
                session.close()
        except Failed:
            if time.monotonic() >= end:
                raise
            time.sleep(_AGAIN_SECONDS)


def main() -> None:
    """Read, print."""
    document = json.load(sys.stdin)
    try:
        found = survivor(Access(**document["access"]), document["run"], float(document["seconds"]))
    except Failed as failure:
        sys.exit(f"the database cannot be read back: {failure}")
    json.dump(found.to_json(), sys.stdout)


if __name__ == "__main__":
    main()
