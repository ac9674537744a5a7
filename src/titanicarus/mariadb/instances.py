"""All instances of a host as one set: what is there, what is missing, and how it is put right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from titanicarus.mariadb import accounts, bootstrap, start, swap, turn, units
from titanicarus.mariadb.carried import Carried
from titanicarus.mariadb.connection import Connection
from titanicarus.mariadb.errors import Down, ServerError
from titanicarus.mariadb.instance import DATA, pid, run_folder, socket_of
from titanicarus.mariadb.server import Server

_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One instance. `accounts` is what would have to change of who may replicate from it, None while it is down."""

    data: bool
    active: bool
    accounts: accounts.Changes | None
    certificate: bool


def observe(wanted: Sequence[Carried], base: Path = DATA) -> dict[str, Seen]:
    """What is there of each wanted shard. Raises ServerError when systemd or an instance answers nonsense."""
    return {one.name: _observe(one, base) for one in wanted}


def surplus(wanted: Iterable[Carried], base: Path = DATA) -> list[str]:
    """Shards that have data here and are not wanted any more."""
    names = {one.name for one in wanted}
    if not base.is_dir():
        return []
    folders = (path for path in base.iterdir() if path.is_dir() and (path / "ibdata1").exists())
    return sorted(path.name for path in folders if path.name not in names and not path.name.startswith("."))


def plan(seen: Mapping[str, Seen], gone: Iterable[str]) -> dict[str, list[str]]:
    """Shard to what has to be done with it, in order; shards that are as wanted are left out."""
    steps: dict[str, list[str]] = {}
    for name, one in seen.items():
        todo = []
        if not one.data:
            todo.append("made empty")
        if not one.active:
            todo.append("started")
        if one.accounts is None:
            todo.append("accounts set")
        elif one.accounts:
            todo.append(f"accounts set: {', '.join([*one.accounts.make, *one.accounts.drop])}")
        if not one.certificate and one.active:
            todo.append("certificate renewed")
        if todo:
            steps[name] = todo
    return steps | {name: ["stopped", "data set aside"] for name in gone}


def apply(
    wanted: Sequence[Carried], seen: Mapping[str, Seen], gone: Sequence[str], redo_mib: int, base: Path = DATA
) -> list[str]:
    """Do it. Gives a sentence for each shard that could not be done; the others are done all the same.

    Raises ServerError when empty instances cannot be made.
    """
    failed: list[str] = []
    with ExitStack() as turns:
        mine = []
        for one in wanted:
            try:
                turns.enter_context(turn.turn(one.name))
                mine.append(one)
            except turn.Taken as error:
                failed.append(str(error))
        bootstrap.make([one.name for one in mine if not seen[one.name].data], base, redo_mib)
        for one in mine:
            if not seen[one.name].active:
                failed += _attempt(one.name, partial(units.start, one.name))
        for one in mine:
            failed += _attempt(one.name, partial(_settle, one, seen[one.name]))
    for name in gone:
        failed += _attempt(name, partial(_retire, name, base))
    return failed


def _observe(one: Carried, base: Path) -> Seen:
    where = swap.folders(one.name, base)
    swap.finish(where)
    changes = None
    try:
        with Connection(one.name, socket_of(one.name), _TIMEOUT) as connection:
            changes = accounts.look(connection, one.hosts)
    except Down:
        changes = None
    return Seen(where.data.exists(), units.active(one.name), changes, _current(one.name))


def _current(shard: str) -> bool:
    """Whether the running instance uses the host's newest certificate."""
    run = run_folder(shard)
    return all(
        (run / name).exists() and (run / name).read_bytes() == (start.PKI / name).read_bytes() for name in start.FILES
    )


def _settle(one: Carried, before: Seen) -> None:
    units.wait_until_up(one.name)
    with Connection(one.name, socket_of(one.name), _TIMEOUT) as connection:
        if changes := accounts.look(connection, one.hosts):
            accounts.change(connection, changes)
    if before.active and not before.certificate:
        start.reload(one.name)


def _retire(shard: str, base: Path) -> None:
    """Stop an instance that is not wanted any more. One that is open for writes is somebody's primary: it stays."""
    if pid(shard) is not None:
        server = Server(shard)
        try:
            if not server.look().read_only:
                raise ServerError(f"shard {shard} is open for writes here: move it elsewhere first (saguire db move)")
        finally:
            server.close()
    units.remove(shard)
    bootstrap.set_aside(shard, base)


def _attempt(shard: str, step: Callable[[], None]) -> list[str]:
    """Why the step failed, if it did."""
    try:
        step()
    except ServerError as error:
        words = str(error)
        return [words if shard in words else f"shard {shard}: {words}"]
    return []
