"""One shard on this host: lets the protocol decide, and has done what it says. Only the loop's thread comes in here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from titanicarus.keeper.copy import ShardCopy
from titanicarus.keeper.facts import LeaseFacts, ShardFacts
from titanicarus.keeper.following import REBUILD_AFTER, follows, source, unfit
from titanicarus.keeper.gate import Gate, GateError
from titanicarus.keeper.rebuilding import Rebuilding
from titanicarus.keeper.view import Mate
from titanicarus.keeper.wishes import Wish
from titanicarus.keeper.witness_desk import WitnessDesk
from titanicarus.lease.messages import Action, Ask, Database, Fence, Open, Promote, Read, SetWaits, Shut, Write
from titanicarus.lease.protocol import Lease
from titanicarus.lease.record import Position, commits_behind

FOLLOW_SECONDS = 1.0
"""Between two looks at whether the right host is followed."""

PAUSED_SECONDS = 1.5
"""A loop that did not come round for so long was stopped, and what it knows of the database is as old as that."""

Say = Callable[[str], None]


class Shard:
    """The keeper's half of one shard. Times are seconds of CLOCK_BOOTTIME."""

    def __init__(
        self,
        facts: LeaseFacts,
        shard: ShardFacts,
        lease: Lease,
        copy: ShardCopy,
        *,
        gate: Gate,
        witness: WitnessDesk,
        rebuilding: Rebuilding,
        ask: Callable[[str, Ask], None],
        say: Say,
    ) -> None:
        self.facts, self.shard, self.lease, self.copy = facts, shard, lease, copy
        self._gate, self._witness, self._rebuilding, self._ask, self._say = gate, witness, rebuilding, ask, say
        self._told: dict[str, tuple[Position, str]] = {}
        self._database: Database | None = None
        self._said = ""
        self._followed_at = 0.0
        self._unfit_since: float | None = None
        self._trouble = ""
        self._stepped_at = lease.born

    # -- what is heard ------------------------------------------------------------------------------------------------

    def heard(self, now: float, host: str, document: dict[str, Any]) -> None:
        """Another keeper says how far its copy is."""
        if host in self.shard.places:
            self.lease.on_hint(int(document.get("epoch") or 0))
        position, start_id = document.get("position"), document.get("start_id")
        if position is None or not start_id or host not in self.shard.places:
            return
        place = Position(int(position["epoch"]), str(position["owner"]), int(position["commits"]))
        self._told[host] = (place, str(start_id))
        self.lease.on_told(now, host, place, str(start_id))

    # -- the loop's body ----------------------------------------------------------------------------------------------

    def step(self, now: float, wish: Wish) -> None:
        """Decide, and have it done."""
        if now - self._stepped_at >= PAUSED_SECONDS:
            self.copy.give_time(now)
        self._stepped_at = now
        if not self.copy.known(now):
            return
        self._database = self.copy.view(now, self._mate())
        wishes = wish.for_protocol(self.lease.known, self.facts.host)
        actions = self.lease.step(now, self._database, wishes)
        for action in actions:
            self._do(action)
        if not any(isinstance(action, Open | Shut | Fence) for action in actions):
            self._trouble = ""
        self._let_recover()
        if now - self._followed_at >= FOLLOW_SECONDS:
            self._followed_at = now
            self._follow(now)
        if _kind(self.lease.why) != self._said:
            self._said = _kind(self.lease.why)
            self._say(self.lease.why)

    def _do(self, action: Action) -> None:
        match action:
            case Read(request):
                self._witness.read(request)
            case Write(request, record, expect):
                self._witness.write(request, record, expect)
            case Ask(to):
                self._ask(to, action)
            case Promote(epoch, start_id):
                self.copy.promote(epoch, start_id)
            case Open():
                self._open(action)
            case Shut():
                self._shut()
            case Fence():
                self._shut()
                self.copy.kill()
            case SetWaits(waits):
                self.copy.set_waits(waits)

    def _open(self, order: Open) -> None:
        database = self._database
        if database is None or database.start_id != order.start_id or database.ready_for != order.epoch:
            return
        if not self.copy.is_writable(order.epoch, self.facts.host):
            self.copy.make_writable(order.epoch, self.facts.host)
            return
        try:
            self._gate.open(order.until)
            self._trouble = ""
        except GateError as error:
            self._complain(str(error))

    def _shut(self) -> None:
        try:
            self._gate.shut()
        except GateError as error:
            self._complain(str(error))
            # The protocol goes on as if it were shut: what is still let through must find nobody who writes.
            if self._gate.open_for > 0:
                self.copy.kill()

    def _let_recover(self) -> None:
        """A database that was open and died need not keep what its standby, which has taken over, never had."""
        epoch = self.lease.may_forget()
        if epoch is not None and self._database is None:
            self.copy.say_cut(epoch)

    def _complain(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self._say(trouble)

    # -- the copy follows ---------------------------------------------------------------------------------------------

    def _follow(self, now: float) -> None:
        record, look = self.lease.known, self.copy.look
        if record is None or look is None or self._database is None or self._database.ready_for is not None:
            self._unfit_since = None
            if look is not None and look.source and self.copy.is_writable(self.lease.epoch_seen, self.facts.host):
                self.copy.forget_source()
            return
        follow = source(record, self.facts.host, self.shard.places)
        if follow is None or self._rebuilding.runs():
            self._unfit_since = None
            return
        why = unfit(record, look, commits_behind(record, self._database.position))
        if why is None:
            self._unfit_since = None
            if not follows(look, follow):
                self.copy.follow(follow, self.shard.replication_port)
            return
        self._unfit_since = now if self._unfit_since is None else self._unfit_since
        if now - self._unfit_since >= REBUILD_AFTER:
            if self._rebuilding.start(follow.host):
                self._say(f"is made anew from {follow.host}: {why}")
            self._unfit_since = None
        elif look.source is None or look.source != follow.host:
            self.copy.follow(follow, self.shard.replication_port)

    def _mate(self) -> Mate | None:
        """What the other host of this island said of its copy."""
        for copy in self.shard.copies:
            if copy.island == self.facts.island and copy.host != self.facts.host and copy.host in self._told:
                return Mate(copy.host, *self._told[copy.host])
        return None

    # -- what is told -------------------------------------------------------------------------------------------------

    def document(self, now: float) -> dict[str, Any]:
        """This shard's part of the status document (docs/leases.md)."""
        record, look, database = self.lease.known, self.copy.look, self._database
        open_for = self._gate.open_for
        replica = database.replica if database else None
        return {
            "open": open_for > 0,
            "open_for": round(open_for, 3),
            "epoch": record.epoch if record else self.lease.epoch_seen,
            "owner": record.owner if record else None,
            "stage": str(record.stage) if record else None,
            "standby": record.standby if record else None,
            "eligible": list(record.eligible) if record else [],
            "witness_age": round(now - self.lease.heard_at, 1) if record else None,
            "position": None
            if database is None
            else {
                "epoch": database.position.epoch,
                "owner": database.position.owner,
                "commits": database.position.commits,
            },
            "start_id": database.start_id if database else None,
            "failed": database.failed if database else None,
            "following": look.source if look else None,
            "in_sync": bool(record and record.standby and replica and replica.host == record.standby),
            "replicates": bool(look and look.source and look.io_running and look.sql_running),
            "lag": look.lag_seconds if look else None,
            "rebuilding": self._rebuilding.runs(),
            "trouble": self._trouble or self._witness.trouble or None,
            "why": self.lease.why,
        }


def _kind(sentence: str) -> str:
    """A sentence without its numbers of seconds: the log has a line for each new thought, not for each tick."""
    words = sentence.split(" ")
    return " ".join(word for word, after in zip(words, [*words[1:], ""], strict=True) if after not in ("s", "s."))
