"""A MariaDB instance for a moment, from a base copy and binary logs: nobody can reach it but root on this host."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from titanicarus.backup.base import UNPACK
from titanicarus.mariadb.connection import Connection
from titanicarus.mariadb.errors import ServerError

START_SECONDS = 120.0
STOP_SECONDS = 60.0
STEP_SECONDS = 4 * 3600.0
USER = "mysql"


class ScratchFailed(Exception):
    """A step of the restore did not go through; the message says which, and what the program said."""


class Scratch:
    """The instance while it runs. `folder` has everything of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def socket(self) -> Path:
        """Where it listens; paths of sockets are short."""
        return self.folder / "s"

    def databases(self) -> list[str]:
        """Names of all databases."""
        with Connection("scratch", self.socket, 10.0) as connection:
            return sorted(str(row["Database"]) for row in connection.ask("SHOW DATABASES")[0])

    def replay(self, logs: Sequence[Path], position: int) -> None:
        """Apply the logs, the first one from `position` on. Raises ScratchFailed."""
        reading = ["mariadb-binlog", "--no-defaults", f"--start-position={position}", *map(str, logs)]
        # Errors end it: a log that does not fit to the copy must not be applied in part.
        applying = ["mariadb", "--no-defaults", "--skip-ssl", f"--socket={self.socket}", "--user=root", "--binary-mode"]
        _pipe("the binary logs could not be applied", reading, applying)

    def dump(self, database: str, target: Path) -> None:
        """One database with all that belongs to it, packed. Raises ScratchFailed."""
        dumping = [
            "mariadb-dump",
            "--no-defaults",
            "--skip-ssl",
            f"--socket={self.socket}",
            "--user=root",
            "--single-transaction",
            "--routines",
            "--triggers",
            "--events",
            "--hex-blob",
            database,
        ]
        with target.open("wb") as stream:
            _pipe(f"{database} could not be dumped", dumping, ["gzip", "-1"], stream)


def unpack(copy: Path, folder: Path) -> None:
    """A base copy into `folder`, made ready to be started. Raises ScratchFailed."""
    folder.mkdir(mode=0o700, parents=True)
    _pipe("the copy could not be unpacked", [*UNPACK, str(copy)], ["mbstream", "--extract", f"--directory={folder}"])
    _run("the copy could not be made ready", ["mariadb-backup", "--no-defaults", "--prepare", f"--target-dir={folder}"])


@contextmanager
def running(folder: Path) -> Iterator[Scratch]:
    """Start the instance in `folder`/data; it is stopped at the end. Raises ScratchFailed."""
    data = folder / "data"
    scratch = Scratch(folder)
    _run("its files could not be given to it", ["chown", "-R", f"{USER}:", str(data)])
    shutil.chown(folder, USER)
    config = data / "backup-my.cnf"
    defaults = f"--defaults-file={config}" if config.is_file() else "--no-defaults"
    command = [
        "mariadbd",
        defaults,
        f"--user={USER}",
        f"--datadir={data}",
        f"--socket={scratch.socket}",
        f"--pid-file={folder / 'pid'}",
        f"--tmpdir={data}",
        "--skip-networking",
        "--skip-ssl",
        "--skip-log-bin",
        "--skip-slave-start",
        "--event-scheduler=OFF",
        "--innodb-flush-log-at-trx-commit=2",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            _wait(process, scratch, folder / "log")
            yield scratch
        finally:
            _stop(process)


def _wait(process: subprocess.Popen[bytes], scratch: Scratch, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            scratch.databases()
            return
        except ServerError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                lines = [line for line in log.read_text(errors="replace").splitlines() if "ERROR" in line]
                raise ScratchFailed(f"the copy does not start: {lines[-1] if lines else error}") from error
            time.sleep(0.1)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _run(what: str, command: Sequence[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=STEP_SECONDS, check=False)
    if done.returncode:
        raise ScratchFailed(f"{what}: {command[0]} ended with {done.returncode}: {_last(done.stderr)}")


def _pipe(what: str, first: Sequence[str], second: Sequence[str], target: IO[bytes] | None = None) -> None:
    """`first | second`, each to its end. Raises ScratchFailed with what the one that failed first said."""
    writing = subprocess.Popen(first, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert writing.stdout is not None and writing.stderr is not None
    try:
        done = subprocess.run(
            second,
            stdin=writing.stdout,
            stdout=target or subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=STEP_SECONDS,
            check=False,
        )
        writing.stdout.close()
        said = writing.stderr.read()
        ended = writing.wait(60)
    except BaseException:
        writing.kill()
        writing.wait()
        raise
    if done.returncode:
        raise ScratchFailed(f"{what}: {second[0]} ended with {done.returncode}: {_last(done.stderr)}")
    if ended:
        raise ScratchFailed(f"{what}: {first[0]} ended with {ended}: {_last(said)}")


def _last(text: bytes) -> str:
    lines = [line for line in text.decode(errors="replace").strip().splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
