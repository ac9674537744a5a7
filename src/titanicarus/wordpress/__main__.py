"""The service `titanicarus-wordpress`: installs the sites that are new, as soon as their databases answer, and ends."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from titanicarus.wordpress.configuration import Blog
from titanicarus.wordpress.install import install, pending

LIST = Path("/etc/wordpress/titanicarus/sites.json")
_PAUSES = (2.0, 2.0, 3.0, 5.0, 10.0)
_LONGEST_PAUSE = 30.0


def main() -> int:
    """Goes on until nothing is left to install; systemd ends it with the host."""
    said: dict[str, str] = {}
    round_number = 0
    while left := pending(read()):
        for blog in left:
            attempt = install(blog)
            if said.get(blog.site) != attempt.words:
                said[blog.site] = attempt.words
                print(f"{blog.site}: {attempt.words}", flush=True)
        if pending(left):
            time.sleep(_PAUSES[round_number] if round_number < len(_PAUSES) else _LONGEST_PAUSE)
            round_number += 1
    return 0


def read(path: Path = LIST) -> list[Blog]:
    """The WordPress sites of this host, read anew in each round: a site may be gone, or have got another database."""
    return [Blog(**entry) for entry in json.loads(path.read_text())]


if __name__ == "__main__":
    sys.exit(main())
