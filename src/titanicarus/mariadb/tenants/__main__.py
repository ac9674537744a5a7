"""The timer `titanicarus-quota`: looks at the quotas of shards that this host writes to. Elsewhere nothing happens."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

from titanicarus.mariadb.connection import Connection
from titanicarus.mariadb.errors import ServerError
from titanicarus.mariadb.instance import socket_of
from titanicarus.mariadb.tenants import wishes
from titanicarus.mariadb.tenants.model import BadTenant
from titanicarus.mariadb.tenants.run import STATEMENT_SECONDS, timer_run
from titanicarus.mariadb.tenants.server import Busy, NotOpen
from titanicarus.mariadb.tenants.writer import Standing, read_status, writer_of

SHARDS = Path("/etc/titanicarus/tenant_databases/shards.json")


def main() -> int:
    """Exit code 1 when something could not be done; the words are in the journal."""
    status = read_status()
    failed = 0
    for shard in json.loads(SHARDS.read_text()):
        if writer_of(shard, status).standing is not Standing.HERE:
            continue
        try:
            with Connection(shard, socket_of(shard), STATEMENT_SECONDS) as connection:
                ran = timer_run(connection, wishes.kept(shard), partial(_say, shard))
        except (ServerError, NotOpen, Busy, BadTenant) as error:
            _say(shard, str(error))
            failed = 1
            continue
        if ran is None:
            continue
        for sentence in (*ran.plan.conflicts, *ran.left.conflicts, *ran.left.over):
            _say(shard, sentence)
        failed |= bool(ran.plan.conflicts or ran.left)
    return int(failed)


def _say(shard: str, text: str) -> None:
    print(f"{shard}: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
