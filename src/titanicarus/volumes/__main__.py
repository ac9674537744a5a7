"""What runs on a host for its files: `python -m titanicarus.volumes`.

run                     (a service) look after bricks and mounts
prepare                 who is in the pool, on glusterd's disk; before it starts
client MOUNT            become the program that mounts and serves these files
check FILE              judge a files.json and end
refill VOLUME           the disk of the brick was lost: let it be filled from the other hosts
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from titanicarus.keeper import service
from titanicarus.volumes.errors import VolumeError
from titanicarus.volumes.facts import read_facts

_UNMOUNTED_MODE = 0o555  # nobody writes below a place where nothing is mounted


def main() -> int:
    parser = argparse.ArgumentParser(prog="titanicarus.volumes")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name in ("run", "prepare"):
        verbs.add_parser(name)
    verbs.add_parser("client").add_argument("mount")
    verbs.add_parser("check").add_argument("file", type=Path)
    verbs.add_parser("refill").add_argument("volume")
    options = parser.parse_args()
    try:
        return _do(options)
    except (VolumeError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


def _do(options: argparse.Namespace) -> int:
    match options.verb:
        case "check":
            read_facts(options.file)
        case "prepare":
            from titanicarus.volumes.gluster import pool  # noqa: PLC0415

            for sentence in pool.prepare(read_facts()):
                _say(sentence)
        case "client":
            _client(options.mount)
        case "run":
            return _run()
        case "refill":
            return _refill(options.volume)
    return 0


def _client(name: str) -> None:
    from titanicarus.volumes.gluster.system import client  # noqa: PLC0415

    mount = read_facts().mount(name)
    mount.path.mkdir(parents=True, exist_ok=True)
    mount.path.chmod(_UNMOUNTED_MODE)
    argv = client(mount)
    os.execv(argv[0], argv)  # noqa: S606


def _run() -> int:
    """Until SIGTERM; SIGHUP begins anew in place, with new code and configuration."""
    from titanicarus.volumes.agent import LOOK_SECONDS, Agent  # noqa: PLC0415

    asked: list[int] = []
    wake = threading.Event()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        wake.set()

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    agent = Agent(read_facts(), _say)
    agent.begin()
    service.notify("READY=1", "STATUS=looking")
    said = ""
    while not asked:
        if (status := agent.look()) != said:
            said = status
            service.notify(f"STATUS={status}")
        service.notify("WATCHDOG=1")
        wake.wait(LOOK_SECONDS)
    if signal.SIGTERM not in asked:
        service.reloading()
        os.execv(sys.executable, [sys.executable, "-m", "titanicarus.volumes", "run"])  # noqa: S606
    return 0


def _refill(volume: str) -> int:
    from titanicarus.volumes.gluster import files  # noqa: PLC0415

    folders = [str(path) for path in files.BRICKS.glob(f"{volume}.*") if files.mark(path)]
    if folders:
        print(f"{', '.join(folders)} has a brick of {volume}: it needs no filling", file=sys.stderr)
        return 1
    known = files.forget(volume)
    print(f"{volume} is filled from the other hosts" if known else f"{volume} was not known here: it is filled anyway")
    return 0


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
