"""A base copy of a local instance while it runs: packed, with its checksum and its place in the binary logs."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from titanicarus.backup.store import COPY, Base, Place, free_bytes, stamp
from titanicarus.control import files
from titanicarus.mariadb.copies import backup_command

SECONDS = 4 * 3600.0
INFO = ("mariadb_backup_info", "xtrabackup_info")
PACK = ("gzip", "-1")
UNPACK = ("gzip", "-dc")
_PLACE = re.compile(r"binlog_pos = filename '([^']+)', position '(\d+)'(?:, GTID of the last change '([^']*)')?")
_VERSION = re.compile(r"^server_version = (.+)$", re.MULTILINE)
_BLOCK = 1 << 20


class CopyFailed(Exception):
    """No base copy was made, and nothing of it is left; the message says why and what to do."""


def take(place: Place, generation: str, data: Path, say: Callable[[str], None]) -> Base:
    """Copy the instance whose data folder is `data` into `generation`. Raises CopyFailed."""
    size = folder_bytes(data)
    free = free_bytes(place.store)
    if free < size:
        raise CopyFailed(
            f"{place.store} has {mib(free)} free, and {place.shard} has {mib(size)} of data: make room there, or lower "
            "backup_days"
        )
    started = time.time()
    name = stamp(started)
    folder = files.folder(place.bases(generation) / name, 0o700)
    try:
        with tempfile.TemporaryDirectory(dir=folder) as notes:
            empty = Path(notes) / "empty"
            empty.mkdir()
            command = [*backup_command(place.shard, str(empty)), f"--extra-lsndir={notes}"]
            packed, digest = _pack(command, folder / COPY)
            info = _info(Path(notes))
    except (OSError, CopyFailed) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise CopyFailed(f"the copy of {place.shard} was not made: {error}") from error
    file, position, gtid, version = read_info(info)
    base = Base(name, started, time.time(), file, position, gtid, size, packed, digest, version)
    place.keep(generation, base)
    say(f"{place.shard}: a copy of {mib(size)} is in {folder} ({mib(packed)}, {base.ended - started:.1f} s)")
    return base


def read_info(text: str) -> tuple[str, int, str, str]:
    """Log, position, GTID and server version from what mariadb-backup notes. Raises CopyFailed."""
    found = _PLACE.search(text)
    if found is None:
        raise CopyFailed(f"mariadb-backup did not note the place in the binary log; it noted: {text.strip()[:400]}")
    version = _VERSION.search(text)
    return found[1], int(found[2]), found[3] or "", version[1].strip() if version else ""


def verify(path: Path, expected: str) -> None:
    """Raises CopyFailed when the file is not what was written."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    if digest.hexdigest() != expected:
        raise CopyFailed(
            f"{path} is damaged: its checksum is not the one that was noted. Remove it, and use another copy"
        )


def folder_bytes(folder: Path) -> int:
    """What the files below a folder take on the disk."""
    total = 0
    for path in folder.rglob("*"):
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue  # temporary tables come and go
        total += status.st_blocks * 512
    return total


def mib(size: int) -> str:
    """A size as people read it."""
    return f"{size / (1 << 20):.0f} MiB"


def _pack(command: list[str], target: Path) -> tuple[int, str]:
    """Run it, pack what it prints into `target`; its size and SHA-256. Raises CopyFailed and OSError."""
    new = target.with_name(target.name + ".new")
    with tempfile.TemporaryFile() as log:
        copying = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        packing = subprocess.Popen([*PACK], stdin=copying.stdout, stdout=subprocess.PIPE)
        assert copying.stdout is not None and packing.stdout is not None
        copying.stdout.close()
        try:
            size, digest = _write(packing.stdout, new)
            ended = packing.wait(60), copying.wait(60)
        except BaseException:
            copying.kill()
            packing.kill()
            copying.wait()
            packing.wait()
            raise
        log.seek(0)
        said = log.read().decode(errors="replace").strip().splitlines()
    if any(ended):
        raise CopyFailed(f"mariadb-backup ended with {ended[1]}: {said[-1] if said else 'it said nothing'}")
    new.replace(target)
    return size, digest


def _write(stream: IO[bytes], target: Path) -> tuple[int, str]:
    digest, size, deadline = hashlib.sha256(), 0, time.monotonic() + SECONDS
    with target.open("wb") as writing:
        while block := stream.read(_BLOCK):
            writing.write(block)
            digest.update(block)
            size += len(block)
            if time.monotonic() > deadline:
                raise CopyFailed(f"it took longer than {SECONDS / 3600:g} hours")
        writing.flush()
        os.fsync(writing.fileno())
    return size, digest.hexdigest()


def _info(notes: Path) -> str:
    for name in INFO:
        if (notes / name).is_file():
            return (notes / name).read_text(errors="replace")
    raise CopyFailed("mariadb-backup left no notes of what it did")
