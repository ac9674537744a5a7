"""What `saguire` asks of a host's own disk, without Salt: `python -m titanicarus.heal VERB`. Prints one JSON document.

ledgers           every ledger on this control host, and what is wrong with them
hold              add a hold, a JSON document on standard input; prints what stands then
holds             what this host was told of pauses and maintenance
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from titanicarus.control import layout
from titanicarus.heal import holds
from titanicarus.heal.ledger import FOLDER, Broken, Ledger


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="titanicarus.heal")
    parser.add_argument("--root", type=Path, default=Path("/"), help="the host's file system, for tests")
    parser.add_argument("verb", choices=["ledgers", "hold", "holds"])
    options = parser.parse_args(arguments)
    path = layout.below(options.root, holds.FILE)
    try:
        if options.verb == "ledgers":
            ledger = Ledger("", layout.below(options.root, FOLDER))
            print(json.dumps({"ledgers": ledger.everything(), "problems": ledger.problems()}))
        elif options.verb == "hold":
            print(json.dumps(holds.documents(holds.write(holds.parse(json.load(sys.stdin)), path))))
        else:
            print(json.dumps(holds.documents(holds.read(path))))
    except (holds.BadHolds, Broken, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
