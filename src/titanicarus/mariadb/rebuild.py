"""A copy that cannot go on is made anew from another host's: `python -m titanicarus.mariadb.rebuild SHARD SOURCE`.

Everything is built beside the data: the old copy is evidence until the new one runs, and a crash at any moment
costs no more than doing it again. What the old copy has and the history has not is written into a report first.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from titanicarus.keeper.tls import Identity
from titanicarus.mariadb import adopt, carried, fetch, recovery, swap, units
from titanicarus.mariadb.divergence import divergence
from titanicarus.mariadb.errors import Down, ServerError
from titanicarus.mariadb.instance import DATA
from titanicarus.mariadb.server import Server
from titanicarus.mariadb.turn import turn


def rebuild(shard: str, source: str, base: Path = DATA) -> None:
    """Replace this host's copy by one of `source`, a host's id. Goes on with one that was cut off.

    Raises ServerError, with the old copy still there and running, when the instance here is open for writes, when the
    source cannot give a copy (another version, an expired certificate, no such host), or when there is no room.
    """
    me = carried.shard(shard)
    if source == me.host:
        raise ServerError(f"shard {shard}: {source} is this host: name another that carries the shard")
    with turn(shard):
        _refuse_writer(shard)
        where = swap.folders(shard, base)
        swap.finish(where)
        if where.old.exists() and _goes_on(shard, where):
            return
        if not swap.is_ready(where):
            swap.begin(where)
            try:
                copied = fetch.fetch(me.carrier(source), shard, where.fresh, Identity())
                print(f"{shard}: {copied.bytes} bytes from {source}; preparing", flush=True)
                adopt.adopt(shard, where.fresh, copied.history)
            except BaseException:
                shutil.rmtree(where.fresh, ignore_errors=True)
                raise
            swap.ready(where)
        _report(shard, where)
        units.stop(shard)
        swap.swap(where)
        recovery.following(recovery.notes(shard))
        _goes_on(shard, where)


def _refuse_writer(shard: str) -> None:
    server = Server(shard)
    try:
        if not server.look().read_only:
            raise ServerError(f"shard {shard} is open for writes here: it is the one copy that is not rebuilt")
    except Down:
        return  # what does not run is not open either
    finally:
        server.close()


def _goes_on(shard: str, where: swap.Folders) -> bool:
    """Start what was put in place; when it runs, the old copy goes."""
    units.start(shard)
    try:
        look = units.wait_until_up(shard)
    except Down as error:
        print(f"{shard}: {error}", flush=True)
        return False
    swap.drop_old(where)
    print(f"{shard}: runs with {look.applied} commits", flush=True)
    return True


def _report(shard: str, where: swap.Folders) -> None:
    """What the old copy has alone."""
    if not where.data.exists():
        return
    report = divergence(shard, adopt.history_in(where.fresh), where.data)
    if report is not None:
        print(f"{shard}: {len(report.transactions)} commits are in no other copy: {report.text}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="titanicarus.mariadb.rebuild")
    parser.add_argument("shard")
    parser.add_argument("source", help="id of the host whose copy is taken")
    options = parser.parse_args()
    try:
        rebuild(options.shard, options.source)
    except (ServerError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
