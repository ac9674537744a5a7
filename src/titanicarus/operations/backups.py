"""Copies of databases, from the operator's side: one now, what there is, and a database as it was at a moment."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import IO, Any

from titanicarus.backup.plan import Archive, CannotRestore, Restore, plan_restore, told
from titanicarus.backup.store import Base, Generation
from titanicarus.fleet import Declaration, Fleet, Tenant
from titanicarus.fleet.backups import archivists
from titanicarus.fleet.shards import Shard, shard_of, shards
from titanicarus.mariadb.side import side_name
from titanicarus.operations.errors import OperationFailed
from titanicarus.operations.shards import look_at_shards
from titanicarus.transport import CommandFailed, Transport, Unreachable, run

PROGRAM = ("/opt/salt/bin/python", "-m", "titanicarus.backup")
LIST_SECONDS = 60.0
LONG_SECONDS = 4 * 3600.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a shard, by host; `silent` maps a host to why it could not be asked."""

    shard: str
    archives: tuple[Archive, ...]
    silent: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        return {"shard": self.shard, "archives": [asdict(one) for one in self.archives], "silent": dict(self.silent)}


@dataclass(frozen=True, slots=True)
class Restored:
    """Where a database was put beside the one that there is, and from what."""

    database: str
    side: str
    writer: str
    tables: int
    users: tuple[str, ...]
    last: str
    sentence: str


def list_copies(transport: Transport, fleet: Fleet, only: str | None = None) -> tuple[Kept, ...]:
    """What is kept of each shard, or of one. Raises OperationFailed."""
    views = look_at_shards(transport, fleet, only)
    writers = {view.name: view.writer.host if view.writer else None for view in views}
    wanted = [shard for shard in shards(fleet) if shard.name in writers]
    with ThreadPoolExecutor(max_workers=max(1, len(wanted))) as pool:
        return tuple(pool.map(lambda shard: _kept(transport, shard, writers[shard.name]), wanted))


def take_copy(transport: Transport, fleet: Fleet, shard: str, say: Say) -> tuple[str, Base]:
    """A base copy now, on the first host that may take one, replicas first. Raises OperationFailed with each reason."""
    (view,) = look_at_shards(transport, fleet, shard)
    known = next(one for one in shards(fleet) if one.name == shard)
    primary = view.writer.host if view.writer else None
    reasons = []
    for host in sorted((host.id for host in archivists(known)), key=lambda host: (host == primary, host)):
        try:
            return host, Base(**json.loads(_tell(transport, host, ["base", shard], None, say)))
        except (Unreachable, OperationFailed) as error:
            reasons.append(str(error))
    raise OperationFailed("\n".join(reasons))


def restore_databases(
    transport: Transport, declaration: Declaration, name: str, only: str | None, *, moment: float, say: Say
) -> tuple[Restored, ...]:
    """A tenant's databases (or one of them) as they were just before `moment`, each beside what there is now.

    Raises OperationFailed: what was loaded until then stays, and is said.
    """
    tenant, shard = _tenant(declaration, name)
    databases = _databases(tenant, only)
    (kept,) = list_copies(transport, declaration.fleet, shard.name)
    try:
        plan = plan_restore(shard.name, kept.archives, moment, time.time())
    except CannotRestore as error:
        silent = [f"{host} was not asked: {reason}" for host, reason in kept.silent.items()]
        raise OperationFailed("\n".join([str(error), *silent])) from error
    say(f"{plan.host} has a copy of {shard.name} of {told(plan.base.ended)}, and {len(plan.logs)} logs since")
    order = json.dumps({"plan": asdict(plan), "databases": databases}).encode()
    dumps = json.loads(_tell(transport, plan.host, ["restore"], order, say))
    try:
        return tuple(_load(transport, declaration.fleet, plan, dump, say) for dump in dumps)
    finally:
        _forget(transport, plan, str(dumps[0]["path"]), say)


def _forget(transport: Transport, plan: Restore, path: str, say: Say) -> None:
    """Take the dumps away. That they are still there is no reason to call a restore failed."""
    try:
        run(transport, plan.host, [*PROGRAM, "forget", plan.shard, path], timeout=LIST_SECONDS)
    except (Unreachable, CommandFailed) as error:
        say(f"{plan.host} still has the dumps beside {path}: {error}")


def _load(transport: Transport, fleet: Fleet, plan: Restore, dump: Mapping[str, Any], say: Say) -> Restored:
    """Bring one dump to whoever writes now."""
    (view,) = look_at_shards(transport, fleet, plan.shard)
    if view.writer is None:
        raise OperationFailed(
            f"nobody writes {plan.shard} now: `saguire db status {plan.shard}` says why; try again then"
        )
    writer, database = view.writer.host, str(dump["database"])
    side = side_name(database, plan.time)
    say(f"{side} is loaded on {writer}")
    reading = transport.command(plan.host, ["cat", str(dump["path"])])
    with subprocess.Popen(reading, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as source:
        answer = _tell(transport, writer, ["load", plan.shard, database, side], source.stdout, say)
    done = json.loads(answer)
    users = tuple(done["users"])
    readers = f"{', '.join(users)} may read it" if users else "nobody but root may read it"
    return Restored(
        database,
        side,
        writer,
        int(done["tables"]),
        users,
        str(dump["last"]),
        f"{database} as it was just before {told(plan.time)} (up to {dump['last'] or 'its copy'}) is {side}, with "
        f"{done['tables']} tables; {readers}. Drop it when it is not needed any more",
    )


def _kept(transport: Transport, shard: Shard, writer: str | None) -> Kept:
    archives, silent = [], {}
    for host in archivists(shard):
        try:
            done = run(transport, host.id, [*PROGRAM, "list", shard.name], timeout=LIST_SECONDS)
            found = json.loads(done.stdout)[shard.name]
        except Unreachable as error:
            silent[host.id] = error.reason
            continue
        except CommandFailed as error:
            silent[host.id] = (error.stderr.strip().splitlines() or ["it printed nothing"])[-1]
            continue
        generations = tuple(_generation(one) for one in found)
        archives.append(Archive(host.id, host.island, generations, primary=host.id == writer))
    return Kept(shard.name, tuple(archives), silent)


def _generation(document: Mapping[str, Any]) -> Generation:
    bases = tuple(Base(**base) for base in document["bases"])
    return Generation(**{**document, "bases": bases, "logs": tuple(document["logs"])})


def _tenant(declaration: Declaration, name: str) -> tuple[Tenant, Shard]:
    tenant = next((one for one in declaration.tenants if one.name == name), None)
    if tenant is None:
        known = ", ".join(one.name for one in declaration.tenants if one.databases)
        raise OperationFailed(f"there is no tenant {name}; those with databases are {known or 'none'}")
    shard = shard_of(declaration.fleet, tenant.home)
    if shard is None or not tenant.databases:
        raise OperationFailed(f"tenant {name} has no databases")
    return tenant, shard


def _databases(tenant: Tenant, only: str | None) -> list[str]:
    """A database that the tenant's file names no more may be meant too: what it was is still in the copies."""
    return [only] if only else sorted(tenant.databases)


def _tell(transport: Transport, host: str, words: list[str], source: bytes | IO[bytes] | None, say: Say) -> str:
    """Run the program there and give back what it prints; what it says on the way is passed on at once.

    Raises OperationFailed with its last words, and Unreachable.
    """
    stdin = source if source is not None and not isinstance(source, bytes) else subprocess.PIPE
    process = subprocess.Popen(
        transport.command(host, [*PROGRAM, *words]), stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stderr is not None
    said: list[str] = []

    def listen(stream: IO[bytes]) -> None:
        for line in stream:
            said.append(line.decode(errors="replace").rstrip())
            say(f"{host}: {said[-1]}")

    listener = threading.Thread(target=listen, args=(process.stderr,), daemon=True)
    listener.start()
    watchdog = threading.Timer(LONG_SECONDS, process.kill)
    watchdog.start()
    try:
        if process.stdin is not None:
            process.stdin.write(source if isinstance(source, bytes) else b"")
            process.stdin.close()
        answer = process.stdout.read().decode()
        ended = process.wait()
        listener.join(5.0)
    finally:
        watchdog.cancel()
        process.kill()
    if ended:
        last = said[-1] if said else "it said nothing"
        broken = (
            f"`{words[0]}` was cut off by signal {-ended}, with the host perhaps; before that: " if ended < 0 else ""
        )
        raise OperationFailed(f"{host}: {broken}{last}")
    return answer
