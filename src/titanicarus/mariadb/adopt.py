"""A fetched copy becomes a data folder that an instance can start from, and that knows where in the history it is."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from titanicarus.mariadb import gtid
from titanicarus.mariadb.connection import Connection
from titanicarus.mariadb.errors import Down, ServerError
from titanicarus.mariadb.instance import CONFIG

PREPARE_SECONDS = 3600
START_SECONDS = 120.0
_HISTORY = "titanicarus-history"
_POSITION_FILES = ("mariadb_backup_binlog_info", "xtrabackup_binlog_info")


def adopt(shard: str, folder: Path, history: str, config: Path = CONFIG) -> None:
    """Prepare the copy in `folder`, and set its position. `history` is the source's when the copy began.

    It is started once, without a network, which also shows that it can be. Raises ServerError.
    """
    _run(["mariadb-backup", "--no-defaults", "--prepare", f"--target-dir={folder}"])
    position = position_of(folder)
    state = merge(history, position)
    for path in folder.glob("binlog.*"):
        path.unlink()
    _run(["chown", "-R", "mysql:mysql", str(folder)])
    with _alone(shard, folder, config) as connection:
        connection.do("RESET MASTER")
        connection.do("SET GLOBAL gtid_slave_pos = %s", (position,))
        if state:
            connection.do("SET GLOBAL gtid_binlog_state = %s", (state,))
    (folder / _HISTORY).write_text(state)


def history_in(folder: Path) -> str:
    """The last commit of each host in the history that an adopted copy was taken from."""
    return (folder / _HISTORY).read_text()


def position_of(folder: Path) -> str:
    """Where in the history a copy ends; empty for one without any commit. Raises ServerError."""
    for name in _POSITION_FILES:
        path = folder / name
        if path.exists():
            words = path.read_text().split()
            return gtid.position(words[2]) if len(words) > 2 else ""
    raise ServerError(f"{folder} does not say where in the history it ends: {' or '.join(_POSITION_FILES)} is missing")


def merge(history: str, position: str) -> str:
    """The last commit of each host, with the position at which the copy ends, which may be later."""
    last = {one.server: one for one in gtid.parse(history)}
    for one in gtid.parse(position):
        if one.server not in last or last[one.server].sequence < one.sequence:
            last[one.server] = one
    return ",".join(str(one) for one in sorted(last.values(), key=lambda one: one.sequence))


@contextmanager
def _alone(shard: str, folder: Path, config: Path) -> Iterator[Connection]:
    """An instance on `folder` that nobody else can reach; ended in an orderly way."""
    scratch = Path(tempfile.mkdtemp(prefix=f"adopt-{shard}-"))
    shutil.chown(scratch, "mysql", "mysql")
    socket = scratch / "s"
    argv = [
        "/usr/sbin/mariadbd",
        f"--defaults-file={config}",
        f"--defaults-group-suffix=.{shard}",
        f"--datadir={folder}",
        f"--socket={socket}",
        f"--pid-file={scratch / 'pid'}",
        "--skip-networking",
        "--extra-port=0",
        "--skip-ssl",
    ]
    log = (scratch / "log").open("w+b")
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        with _when_up(shard, socket, process, scratch / "log") as connection:
            yield connection
            connection.do("SHUTDOWN")
        process.wait(START_SECONDS)
    finally:
        process.kill()
        process.wait()
        log.close()
        shutil.rmtree(scratch, ignore_errors=True)


def _when_up(shard: str, socket: Path, process: subprocess.Popen[bytes], log: Path) -> Connection:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            return Connection(shard, socket, 30.0)
        except Down as error:
            if process.poll() is not None or time.monotonic() > until:
                words = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
                raise ServerError(f"shard {shard}: the copy does not start: {words}") from error
        Event().wait(0.1)


def _run(argv: list[str]) -> None:
    done = subprocess.run(
        argv, capture_output=True, text=True, timeout=PREPARE_SECONDS, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        words = "\n".join((done.stderr or done.stdout).splitlines()[-5:])
        raise ServerError(f"`{' '.join(argv[:3])}` ended with {done.returncode}: {words}")
