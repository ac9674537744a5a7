"""The leases of a new fleet: the table of the witness, and an item for each shard that has none yet.

    python -m titanicarus.control.birth [--patience SECONDS] HOST

Runs on a control host, with what was pushed last, and prints one JSON document: `made_table` and the names of the items
that were `born`; or `refused` with a sentence, and then nothing was changed. Exit codes: 0 done, 3 refused.
An item that exists is never changed, whatever it says: its owner may be writing.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from titanicarus import aws
from titanicarus.control import layout
from titanicarus.lease.witness import NoItem, Witness, born

REFUSED = 3
PATIENCE_SECONDS = 30.0
"""For how long an AWS that gives no answer is asked again, unless the caller says otherwise."""


@dataclass(frozen=True, slots=True)
class Birth:
    """What was made: nothing at all, each time but the first."""

    made_table: bool
    born: tuple[str, ...]


def give_birth(leases: Mapping[str, Any], folder: Path = aws.FOLDER) -> Birth:
    """Make what the pillar `leases:` names and the witness lacks. `folder` has the account (docs/aws.md).

    Everything that is there is read before anything is made, so a table or an item that is not ours changes nothing.
    Raises ForeignItem and other AWSErrors.
    """
    witness = Witness(leases["table"], folder)
    made_table = witness.ensure_table()
    missing = [item for item in leases["items"] if not _is_there(witness, item["item"])]
    return Birth(
        made_table,
        tuple(
            item["item"]
            for item in missing
            if witness.give_birth(born(item["item"], item["owner"], tuple(item["eligible"])))
        ),
    )


def pushed_leases(host_id: str, root: Path = Path("/")) -> dict[str, Any]:
    """The pillar `leases:` of this control host as it was pushed last, from its own disk: its minion's is as old as its
    last apply. Raises OSError before the first push."""
    release = layout.Release(layout.Deploy(layout.below(root, layout.DEPLOY)).current)
    leases: dict[str, Any] = json.loads((release.pillar / f"{host_id}.json").read_text())["leases"]
    return leases


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="birth")
    parser.add_argument("host", help="the id of this control host")
    parser.add_argument("--patience", type=float, default=PATIENCE_SECONDS, help="seconds to ask AWS again and again")
    options = parser.parse_args(arguments)
    try:
        done = _patiently(pushed_leases(options.host), time.monotonic() + options.patience)
    except aws.AWSError as error:
        print(json.dumps({"refused": f"{type(error).__name__}: {error}"}))
        return REFUSED
    print(json.dumps(asdict(done)))
    return 0


def _patiently(leases: Mapping[str, Any], until: float) -> Birth:
    while True:
        try:
            return give_birth(leases)
        except (aws.OutOfReach, aws.Throttled, aws.Unreadable):
            if time.monotonic() > until:
                raise
        time.sleep(1)


def _is_there(witness: Witness, item: str) -> bool:
    try:
        witness.read(item)
    except NoItem:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
