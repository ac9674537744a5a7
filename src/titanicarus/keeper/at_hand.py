"""What `saguire` runs on a database host: `python -m titanicarus.keeper.at_hand`. Needs no network and no Salt master.

look              what the keeper says of its shards, how old that is, and what the operator asks of it
watch SHARD       a line at once, and another whenever who is open, the epoch, the owner or the reason changes
wish SHARD        reads changes of the wish as JSON from standard input, makes them, prints what stands
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from titanicarus.keeper.wishes import FILE, BadWishes, change_wish, read_wishes

DOCUMENT = Path("/run/titanicarus/keeper/shards.json")
POLL_SECONDS = 0.02
WATCHED = ("open", "epoch", "owner", "stage", "why")


def look(document: Path, wishes: Path) -> dict[str, Any]:
    """`document` and `age` (seconds) are None without an answer; `problem` says why, or what wishes are not read."""
    said, age, problem = None, None, None
    try:
        said = json.loads(document.read_text(encoding="utf-8"))
        age = round(max(0.0, time.time() - document.stat().st_mtime), 2)
    except FileNotFoundError:
        problem = "its keeper has said nothing since the host started"
    except (OSError, ValueError) as error:
        problem = f"{document}: {error}"
    standing: dict[str, Any] = {}
    try:
        standing = {shard: asdict(wish) for shard, wish in read_wishes(wishes).items()}
    except (BadWishes, OSError) as error:
        problem = str(error)
    return {"document": said, "age": age, "wishes": standing, "problem": problem}


def watch(shard: str, seconds: float, document: Path) -> None:
    """Print what changes, for so long or until nobody reads."""
    deadline = time.monotonic() + seconds
    stamp: object = None
    before: object = None
    while time.monotonic() < deadline:
        try:
            status = document.stat()
            fresh = (status.st_ino, status.st_mtime_ns)
            facts = json.loads(document.read_text(encoding="utf-8"))["shards"][shard] if fresh != stamp else None
        except (OSError, ValueError, KeyError):
            fresh, facts = None, None  # the keeper starts: it will say something
        stamp = fresh
        if facts is not None and (now := [facts.get(key) for key in WATCHED]) != before:
            before = now
            print(json.dumps(facts), flush=True)
        time.sleep(POLL_SECONDS)


def main() -> int:
    parser = argparse.ArgumentParser(prog="titanicarus.keeper.at_hand")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("look")
    watching = verbs.add_parser("watch")
    watching.add_argument("shard")
    watching.add_argument("--seconds", type=float, default=60.0)
    verbs.add_parser("wish").add_argument("shard")
    options = parser.parse_args()
    try:
        if options.verb == "look":
            print(json.dumps(look(DOCUMENT, FILE)))
        elif options.verb == "watch":
            watch(options.shard, options.seconds, DOCUMENT)
        else:
            print(json.dumps(asdict(change_wish(options.shard, json.load(sys.stdin), FILE))))
    except BadWishes as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 0  # whoever watched has seen enough
    return 0


if __name__ == "__main__":
    sys.exit(main())
