"""What runs on a database host for its copies: `python -m titanicarus.backup`.

archive                 (a service) copy the binary logs of the shards of backup.json as they grow
bases                   (a timer) a base copy of each of them if one is due, and take away what is no longer needed
check FILE              judge a backup.json and end
base SHARD              a base copy now, if this host may take one
list [SHARD]            what there is, as JSON
restore                 reads {plan, databases} from standard input, prints the dumps; says on stderr what it does
load SHARD DB SIDE      reads a packed dump from standard input, makes the side database; on the writer
forget SHARD PATH       take the dumps of a restore away
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from titanicarus.backup.base import CopyFailed
from titanicarus.backup.keeping import PAUSE_SECONDS, archive_once, base_now, locked, read_config, run_bases
from titanicarus.backup.load import LoadFailed, load
from titanicarus.backup.plan import Restore
from titanicarus.backup.restore import RestoreFailed, forget, restore
from titanicarus.backup.store import Base, Place
from titanicarus.mariadb.tenants.writer import read_status


def main() -> int:
    parser = argparse.ArgumentParser(prog="titanicarus.backup")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name in ("archive", "bases", "restore"):
        verbs.add_parser(name)
    verbs.add_parser("check").add_argument("file", type=Path)
    verbs.add_parser("base").add_argument("shard")
    verbs.add_parser("list").add_argument("shard", nargs="?")
    loading = verbs.add_parser("load")
    for name in ("shard", "database", "side"):
        loading.add_argument(name)
    forgetting = verbs.add_parser("forget")
    for name in ("shard", "path"):
        forgetting.add_argument(name)
    options = parser.parse_args()
    try:
        return _do(options)
    except (CopyFailed, RestoreFailed, LoadFailed, OSError) as error:
        print(error, file=sys.stderr)
        return 1


def _do(options: argparse.Namespace) -> int:
    match options.verb:
        case "check":
            read_config(options.file)
        case "archive":
            return _archive()
        case "bases":
            return run_bases(read_config(), _say)
        case "base":
            print(json.dumps(asdict(base_now(options.shard, _tell))))
        case "list":
            print(json.dumps(_list(options.shard)))
        case "restore":
            order = json.load(sys.stdin)
            plan = Restore(**{**order["plan"], "base": Base(**order["plan"]["base"])})
            with locked(Place(plan.shard)) as place:
                dumps = restore(place, plan, order["databases"], _tell)
            print(json.dumps([asdict(dump) for dump in dumps]))
        case "load":
            done = load(options.shard, options.database, options.side, sys.stdin.buffer, read_status())
            print(json.dumps(done))
        case "forget":
            forget(Place(options.shard), options.path)
    return 0


def _archive() -> int:
    """Until SIGTERM; SIGHUP begins anew in place, with new code and configuration."""
    config = read_config()
    over = threading.Event()
    asked: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        over.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGHUP, on_signal)
    said: dict[str, str] = {}
    while not over.is_set():
        for shard in config.shards:
            archive_once(shard, _say, said)
        over.wait(PAUSE_SECONDS)
    if signal.SIGTERM not in asked:
        os.execv(sys.executable, [sys.executable, "-m", "titanicarus.backup", "archive"])  # noqa: S606
    return 0


def _list(only: str | None) -> dict[str, Any]:
    shards = [only] if only else list(read_config().shards)
    found = {}
    for shard in shards:
        place = Place(shard)
        found[shard] = [asdict(place.read(name)) for name in place.generations()]
    return found


def _say(text: str) -> None:
    print(text, flush=True)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
