"""What `saguire` asks of a host's own disk, without Salt: `python -m titanicarus.heal VERB`. Prints one JSON document.

ledgers           every ledger on this control host, and what is wrong with them
hold              add a hold, a JSON document on standard input; prints what stands then
holds             what this host was told of pauses and maintenance
notify            tell people of incidents of this control host HOST that need them
trial             tell them that this is a trial; prints what each channel said, "" for well
returns           while an island is out, have Salt bring it back when it is well, as this control host HOST sees it

Exit code 75: somebody could not be told yet, and is to be told later.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from titanicarus.control import layout
from titanicarus.heal import facts, holds, shares
from titanicarus.heal.answers import Answer
from titanicarus.heal.facts import NoFacts
from titanicarus.heal.ledger import FOLDER, Broken, Ledger

_LATER = 75  # EX_TEMPFAIL
_SALT_RUN = "/usr/local/bin/salt-run"
_LOOK_SECONDS, _PAUSE_SECONDS, _RUN_SECONDS = 10.0, 60.0, 900.0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="titanicarus.heal")
    parser.add_argument("--root", type=Path, default=Path("/"), help="the host's file system, for tests")
    parser.add_argument("verb", choices=["ledgers", "hold", "holds", "notify", "trial", "returns"])
    parser.add_argument("host", nargs="?", default="")
    options = parser.parse_args(arguments)
    path = layout.below(options.root, holds.FILE)
    try:
        if options.verb == "ledgers":
            ledger = Ledger("", layout.below(options.root, FOLDER))
            print(json.dumps({"ledgers": ledger.everything(), "problems": ledger.problems()}))
        elif options.verb == "hold":
            print(json.dumps(holds.documents(holds.write(holds.parse(json.load(sys.stdin)), path))))
        elif options.verb == "holds":
            print(json.dumps(holds.documents(holds.read(path))))
        elif options.verb == "returns":
            _returns(options.host, options.root)
        else:
            return _notify(options.host, options.root, trial=options.verb == "trial")
    except (holds.BadHolds, NoFacts, Broken, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _returns(host: str, root: Path) -> None:
    from titanicarus.heal.returns import Returns  # noqa: PLC0415 -- what it needs takes long to load

    def nobody(*_: object) -> dict[str, Answer]:
        raise NotImplementedError("to see whose time has come nobody is asked")

    end = time.monotonic() + _RUN_SECONDS
    while layout.below(root, shares.MARK).exists() and time.monotonic() < end:
        here = Returns(facts.read(host, root), Ledger(host, layout.below(root, FOLDER)), nobody, root)
        for island in here.due():
            argv = [_SALT_RUN, "--log-level=warning", "heal.bring_back", island]
            if code := subprocess.run(argv, check=False).returncode:
                print(f"{' '.join(argv)} ended with {code}; it is tried again", file=sys.stderr, flush=True)
                time.sleep(_PAUSE_SECONDS)
        time.sleep(_LOOK_SECONDS)


def _notify(host: str, root: Path, *, trial: bool) -> int:
    from titanicarus.heal import notify  # noqa: PLC0415 -- the mail and web clients of Python take long to load

    known = facts.read(host, root)
    try:
        channels = notify.channels(known.notify)
    except notify.NoChannels as error:
        if not trial:
            return 0
        raise NoFacts(str(error)) from error
    if trial:
        print(json.dumps(notify.attempt(channels, notify.trial(known.fleet, host, time.time()))))
        return 0
    return 0 if notify.notify(Ledger(host, layout.below(root, FOLDER)), known, channels, time.time) else _LATER


if __name__ == "__main__":
    sys.exit(main())
