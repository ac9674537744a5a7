"""Shards: look at them, move them, and the last resort. Goes to the keepers of the hosts, never over a Salt master."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from titanicarus.fleet import Fleet
from titanicarus.fleet.shards import Shard, shards
from titanicarus.operations.errors import OperationFailed
from titanicarus.operations.shard_watch import AT_HAND, Change, watching
from titanicarus.shards import Move, Refused, ShardView, Statement, plan_move, plan_override, silent, told
from titanicarus.transport import CommandFailed, Transport, Unreachable, run

ASK_SECONDS = 15.0
MOVE_SECONDS = 45.0
OVERRIDE_SECONDS = 60.0
"""A keeper that just promised waits for the end of that, and then has to see the item stand still."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move or an override came to. Seconds are of the operator's clock, since the order; None for what was not
    seen. `gap` is how long nobody could write."""

    shard: str
    writer: str
    epoch: int
    shut: float | None = None
    opened: float | None = None
    sentences: tuple[str, ...] = ()

    @property
    def gap(self) -> float | None:
        """Seconds between the one gate that shut and the other that opened; 0 when the latter was heard of first."""
        return None if self.shut is None or self.opened is None else round(max(0.0, self.opened - self.shut), 2)

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        return asdict(self) | {"gap": self.gap}


def look_at_shards(transport: Transport, fleet: Fleet, only: str | None = None) -> tuple[ShardView, ...]:
    """Every shard of the fleet, or one. A host that gives no answer is shown as such. Raises OperationFailed."""
    wanted = [shard for shard in shards(fleet) if only in (None, shard.name)]
    if only is not None and not wanted:
        raise OperationFailed(_unknown(fleet, only))
    answers = _ask({host.id for shard in wanted for host in shard.hosts}, transport)
    return tuple(_view(shard, answers) for shard in wanted)


def move_shard(transport: Transport, fleet: Fleet, shard: str, to: str, say: Say) -> Moved:
    """A planned switch-over to a host, or to the best copy of an island; loses nothing. Does nothing when it is there.

    Raises OperationFailed when it was refused or did not come about; then the order is taken back.
    """
    (view,) = look_at_shards(transport, fleet, shard)
    try:
        move = plan_move(view, to, fleet.islands)
    except Refused as refusal:
        raise OperationFailed(f"{shard} is not moved: {refusal}") from refusal
    if move.owner is None:
        return Moved(shard, move.target, move.epoch, sentences=(f"{move.target} is the writer of {shard} already",))
    say(f"{shard}: {move.owner}, which is open in epoch {move.epoch}, is asked to hand over to {move.target}")
    try:
        moved = _watched(transport, view, move)
    finally:
        _take_back(transport, shard, (move.owner,), say)
    return moved


def state_override(transport: Transport, fleet: Fleet, shard: str, host: str) -> tuple[ShardView, Statement]:
    """How the shard is, and what could be lost by opening it there. Raises OperationFailed when it cannot be done."""
    (view,) = look_at_shards(transport, fleet, shard)
    try:
        return view, plan_override(view, host)
    except Refused as refusal:
        raise OperationFailed(f"{shard} is not opened on {host}: {refusal}") from refusal


def override_shard(transport: Transport, statement: Statement, say: Say) -> Moved:
    """Open the shard there. Watches until it is open, and takes the order back once the lease is won, or it failed.

    While the witness does not answer, the order stands: the shard is open by it alone. Raises OperationFailed.
    """
    shard, host = statement.shard, statement.host
    order = {"override": True, "epoch": statement.epoch, "move_to": None, "paused": False, "drained": False}
    won = False
    alone = False
    why = ""
    try:
        with watching(transport, shard, [host], OVERRIDE_SECONDS) as changes:
            _wish(transport, host, shard, order)
            for change in changes:
                if change is None:
                    continue
                why = change.why
                if change.open:
                    won = change.owner == host and change.epoch > statement.epoch
                    alone = not won
                    opened = change.seconds
                    break
    finally:
        if not alone:
            _take_back(transport, shard, (host,), say)
    if not won and not alone:
        raise OperationFailed(f"{host} did not open {shard} within {OVERRIDE_SECONDS:g} s; it says: {why or 'nothing'}")
    epoch = statement.epoch + 1
    sentence = (
        f"{host} is open, and has the lease in epoch {epoch}"
        if won
        else (f"{host} is open by your word until the witness answers; then it must win epoch {epoch}, or shuts")
    )
    return Moved(shard, host, epoch, opened=opened, sentences=(sentence,))


def wish_everywhere(
    transport: Transport, fleet: Fleet, only: str | None, changes: Mapping[str, Any]
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Ask the same of each keeper that carries the shards. Gives host to the shards that were set, and host to why it
    could not be asked. Raises OperationFailed for an unknown shard, or when nobody could be asked."""
    wanted = [shard for shard in shards(fleet) if only in (None, shard.name)]
    if not wanted:
        raise OperationFailed(_unknown(fleet, only))
    hosts = sorted({host.id for shard in wanted for host in shard.hosts})

    def one(host: str) -> list[str] | str:
        carried = [shard.name for shard in wanted if host in (copy.id for copy in shard.hosts)]
        try:
            for shard in carried:
                _wish(transport, host, shard, changes)
        except (Unreachable, OperationFailed) as error:
            return str(error)
        return carried

    with ThreadPoolExecutor(max_workers=max(1, len(hosts))) as pool:
        found = dict(zip(hosts, pool.map(one, hosts), strict=True))
    done = {host: answer for host, answer in found.items() if isinstance(answer, list)}
    failed = {host: answer for host, answer in found.items() if isinstance(answer, str)}
    if not done:
        raise OperationFailed("\n".join(failed.values()))
    return done, failed


def _watched(transport: Transport, view: ShardView, move: Move) -> Moved:
    assert move.owner is not None
    hosts = [copy.host for copy in view.answering]
    shut: float | None = None
    opened: Change | None = None
    said: dict[str, str] = {}
    with watching(transport, move.shard, hosts, MOVE_SECONDS) as changes:
        _wish(transport, move.owner, move.shard, {"move_to": move.target, "epoch": move.epoch, "override": False})
        for change in changes:
            if change is None:
                if opened:
                    break
                continue
            said[change.host] = change.why
            if change.host == move.owner:
                # One that tried, and opened again, is not shut.
                shut = None if change.open else change.seconds if shut is None else shut
            if change.open and change.epoch > move.epoch:
                opened = change
            # Hosts are heard one by one, so the news of the gate that shut may be behind those of the one that opened.
            if opened and shut is not None:
                break
    if opened:
        return _arrived(move, opened, shut)
    raise OperationFailed(
        f"{move.shard} did not move within {MOVE_SECONDS:g} s; the order was taken back. "
        + "; ".join(f"{host} says: {said.get(host, 'nothing')}" for host in (move.owner, move.target))
    )


def _arrived(move: Move, change: Change, shut: float | None) -> Moved:
    moved = Moved(move.shard, change.host, change.epoch, shut, change.seconds)
    if change.host != move.target:
        raise OperationFailed(
            f"{move.shard} went to {change.host} in epoch {change.epoch} instead of {move.target}: {change.why}"
        )
    sentences = [f"{change.host} is the writer of {move.shard} in epoch {change.epoch}, {change.seconds:.1f} s later"]
    if moved.gap is not None:
        sentences.append(f"nobody could write for {moved.gap:.1f} s")
    return Moved(move.shard, change.host, change.epoch, shut, change.seconds, tuple(sentences))


def _take_back(transport: Transport, shard: str, hosts: Iterable[str], say: Say) -> None:
    """Orders end with their epoch, so one that cannot be taken back does no harm later."""
    for host in hosts:
        try:
            _wish(transport, host, shard, {"move_to": None, "override": False})
        except (Unreachable, OperationFailed) as error:
            say(f"the order on {host} was not taken back, and ends with its epoch: {error}")


def _wish(transport: Transport, host: str, shard: str, changes: Mapping[str, Any]) -> None:
    text = json.dumps(dict(changes)).encode()
    try:
        run(transport, host, [*AT_HAND, "wish", shard], input=text, timeout=ASK_SECONDS)
    except CommandFailed as error:
        raise OperationFailed(f"{host}: {error.stderr.strip() or error}") from error


def _ask(hosts: Iterable[str], transport: Transport) -> dict[str, Any]:
    """What each host says; a sentence for those that say nothing."""

    def one(host: str) -> Any:
        try:
            return json.loads(run(transport, host, [*AT_HAND, "look"], timeout=ASK_SECONDS).stdout)
        except Unreachable as error:
            return error.reason
        except CommandFailed as error:
            lines = error.stderr.strip().splitlines() or ["it printed nothing"]
            return f"its keeper cannot be asked: {lines[-1]}"
        except ValueError as error:
            return f"its answer cannot be read: {error}"

    names = sorted(hosts)
    with ThreadPoolExecutor(max_workers=max(1, len(names))) as pool:
        return dict(zip(names, pool.map(one, names), strict=True))


def _view(shard: Shard, answers: Mapping[str, Any]) -> ShardView:
    copies = []
    for host in shard.hosts:
        answer = answers[host.id]
        if isinstance(answer, str):
            copies.append(silent(host.id, host.island, answer))
        else:
            copies.append(told(host.id, host.island, shard.name, answer))
    return ShardView(shard.name, tuple(copies))


def _unknown(fleet: Fleet, name: str | None) -> str:
    known = ", ".join(shard.name for shard in shards(fleet))
    if not known:
        return "the fleet has no database hosts (role db), so it has no shards"
    return f"there is no shard {name}; the shards are {known}"
