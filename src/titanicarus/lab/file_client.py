"""The half of the probe that writes files on a mount, one after the other, and tells how each went.

Only the standard library of the host's Python is used: the text of this file is handed to it. Its one argument is a
JSON object: of its one target the URL is the folder (`file:///…`); `rate` is files a second. It ends when its standard
input does. The answer to the n-th request, from 0, is about the file `n`.

A closed loop: the next file begins when the one before it is closed. Times are CLOCK_MONOTONIC, in seconds.
"""

import json
import os
import select
import sys
import time
import urllib.parse

CONTENT = "x" * 4090


def tell(**facts: object) -> None:
    """Print one line for the other half."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def write(folder: str, number: int) -> str | None:
    """One file, written and closed. None when that is done, else what was wrong."""
    try:
        with open(f"{folder}/{number}", "w") as file:  # noqa: PTH123 - as an application does
            file.write(f"{number} {CONTENT}")
    except OSError as error:
        return str(error.strerror)
    return None


def ended(seconds: float) -> bool:
    """Wait so long; whether standard input ended meanwhile."""
    readable, _, _ = select.select([sys.stdin], [], [], max(0.0, seconds))
    return bool(readable) and not os.read(sys.stdin.fileno(), 4096)


def main() -> None:
    """Write until the end."""
    settings = json.loads(sys.argv[1])
    folder = urllib.parse.urlsplit(settings["targets"][0]["url"]).path
    period = 1.0 / settings["rate"]
    os.makedirs(folder, exist_ok=True)  # noqa: PTH103
    begin = time.monotonic()
    tell(begin=begin)
    number, due = 0, begin
    while not ended(due - time.monotonic()):
        began = time.monotonic()
        wrong = write(folder, number)
        tell(target=0, due=due, began=began, ended=time.monotonic(), wrong=wrong)
        number += 1
        # Who hung for a while does not make up for it.
        due = max(due + period, time.monotonic())
    tell(end=time.monotonic())


if __name__ == "__main__":
    main()
