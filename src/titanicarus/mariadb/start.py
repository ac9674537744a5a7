"""What comes before mariadbd: `python -m titanicarus.mariadb.start SHARD`, called by its unit as root.

`--reload` lets a running instance use the host's newest certificate.
"""

from __future__ import annotations

import argparse
import grp
import os
import pwd
import secrets
import sys
import threading
import time
from pathlib import Path

from titanicarus.mariadb import recovery, swap
from titanicarus.mariadb.carried import shard
from titanicarus.mariadb.errors import ServerError
from titanicarus.mariadb.instance import run_folder, socket_of
from titanicarus.mariadb.recovery import Notes, Recovery

PKI = Path("/etc/titanicarus/pki")
FILES = ("root.crt", "host.crt", "host.key")
NO_DATA = 78  # EX_CONFIG of sysexits.h: the unit does not try again
_ROLES = {Recovery.CUT: "SLAVE", Recovery.KEEP: "MASTER"}
_POLL_SECONDS = 0.05
_RECEIVED = ("master.info", "relay-log.info", "multi-master.info", "relay.*")


def copy_certificate(target: Path, source: Path = PKI, user: str = "mysql", group: str = "mysql") -> bool:
    """The host's certificate and key where the instance can read them. Whether anything was changed."""
    uid, gid = pwd.getpwnam(user).pw_uid, grp.getgrnam(group).gr_gid
    changed = False
    for name in FILES:
        data = (source / name).read_bytes()
        place = target / name
        if place.exists() and place.read_bytes() == data:
            continue
        fresh = target / f".{name}.new"
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with os.fdopen(descriptor, "wb") as stream:
            os.fchown(stream.fileno(), uid, gid)
            stream.write(data)
        fresh.replace(place)
        changed = True
    return changed


def forget_received(data: Path) -> None:
    """Take away what the instance noted of its source and received from it.

    None of it is read again: the keeper makes the connection anew, by the position in the tables. It is not synced
    (ADR 0064), so a power cut can leave it half written, and mariadbd refuses to follow anybody beside such a note
    (error 1201).
    """
    for pattern in _RECEIVED:
        for path in data.glob(pattern):
            path.unlink()


def choose_recovery(where: Notes, wait: float = recovery.WAIT_SECONDS) -> Recovery:
    """Wait for the keeper's word, where it matters, for at most `wait` seconds."""
    until = time.monotonic() + wait
    while (chosen := recovery.decide(where)) is None and time.monotonic() < until:
        threading.Event().wait(_POLL_SECONDS)
    return chosen or Recovery.KEEP


def prepare(name: str) -> None:
    """Everything for one start of the instance. Raises ServerError."""
    me = shard(name)
    where = swap.folders(name)
    swap.finish(where)
    if not where.data.is_dir():
        raise ServerError(
            f"{where.data} is not there: `salt-call state.apply` or `salt-call shard.rebuild {name}` make it"
        )
    forget_received(where.data)
    run = run_folder(name)
    copy_certificate(run)
    kept = recovery.notes(name)
    chosen = choose_recovery(kept)
    if chosen is Recovery.CUT:
        recovery.try_cut(kept)
    words = {"START_ID": f"{me.host}#{secrets.token_hex(5)}", "ROLE": _ROLES[chosen]}
    (run / "environment").write_text("".join(f"{key}={value}\n" for key, value in words.items()))


def reload(name: str) -> None:
    """New certificates for the running instance. Raises ServerError."""
    from titanicarus.mariadb.connection import Connection  # noqa: PLC0415 -- a start has no use for the client

    if copy_certificate(run_folder(name)):
        with Connection(name, socket_of(name), 5.0) as connection:
            connection.do("FLUSH NO_WRITE_TO_BINLOG SSL")


def main() -> int:
    parser = argparse.ArgumentParser(prog="titanicarus.mariadb.start")
    parser.add_argument("--reload", action="store_true")
    parser.add_argument("shard")
    options = parser.parse_args()
    try:
        (reload if options.reload else prepare)(options.shard)
    except (ServerError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1 if options.reload else NO_DATA
    return 0


if __name__ == "__main__":
    sys.exit(main())
