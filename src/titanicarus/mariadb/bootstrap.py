"""An empty instance: MariaDB's system tables and the platform's own, with no commit in its history.

Every fresh copy of a shard is the same: position 0 of a history that begins with "birth". What is made here is made
without a binary log.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from titanicarus.mariadb import swap
from titanicarus.mariadb.errors import ServerError
from titanicarus.mariadb.instance import DATA

SECONDS = 300
SCHEMA = """\
CREATE DATABASE titanicarus;
CREATE TABLE titanicarus.epochs (
    epoch BIGINT NOT NULL PRIMARY KEY,
    owner VARCHAR(64) NOT NULL,
    opened_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
) ENGINE=InnoDB;
"""


def missing(shards: Sequence[str], base: Path = DATA) -> list[str]:
    """The shards that have no data here; a swap that was cut off is gone on with first."""
    found = []
    for shard in shards:
        where = swap.folders(shard, base)
        swap.finish(where)
        if not where.data.exists():
            found.append(shard)
    return found


def make(shards: Sequence[str], base: Path = DATA, redo_mib: int = 32) -> None:
    """Data folders for these shards, which have none. Idempotent; a crash in between leaves no half of one.

    Raises ServerError with the installer's own words.
    """
    if not shards:
        return
    base.mkdir(parents=True, exist_ok=True)
    first, *others = [swap.folders(shard, base) for shard in shards]
    swap.begin(first)
    _install(first.fresh, redo_mib)
    for where in others:
        swap.begin(where)
        _run(["cp", "--archive", "--reflink=auto", f"{first.fresh}/.", str(where.fresh)])
    for where in (first, *others):
        swap.ready(where)
        swap.finish(where)


def set_aside(shard: str, base: Path = DATA) -> Path:
    """Move the data of a shard that this host carries no more to a folder of its own, for a person to look at."""
    where = swap.folders(shard, base)
    number = 1
    while (target := base / f".removed-{shard}.{number}").exists():
        number += 1
    where.data.rename(target)
    return target


def _install(folder: Path, redo_mib: int) -> None:
    extra = folder.parent / f"{folder.name}.sql"
    extra.write_text(SCHEMA)
    shutil.chown(folder, "mysql", "mysql")
    try:
        _run(
            [
                "mariadb-install-db",
                "--no-defaults",
                "--user=mysql",
                f"--datadir={folder}",
                "--skip-test-db",
                "--skip-name-resolve",
                "--auth-root-authentication-method=socket",
                f"--innodb-log-file-size={redo_mib}M",
                f"--extra-file={extra}",
            ]
        )
    finally:
        extra.unlink()


def _run(argv: Sequence[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip()[-2000:]
        raise ServerError(f"`{argv[0]}` ended with {done.returncode}: {words}")
