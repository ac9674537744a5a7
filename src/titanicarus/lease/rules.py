"""The rules of `docs/leases.md`, each as one small question. The simulation's variants replace one each."""

from __future__ import annotations

from math import inf
from typing import Any

from titanicarus.lease.messages import Database
from titanicarus.lease.record import Position, Record, Stage, commits_behind, inherited, never_opened
from titanicarus.lease.register import Register

_NOT_OF_IT = "its copy is not a beginning of the shard's history, and must be rebuilt"
_OF_NOBODY = "the item was born again, and nobody can tell which copy goes on: the operator overrides"


class Rules(Register):
    """What a host may do about an item. Nothing here changes anything but the promise that binds it."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.promised_until = self._promised_at_birth(self.born)
        self.overridden = False
        self._shut_since: float | None = None
        self._alive: dict[str, float] = {}
        self._told: dict[str, tuple[Position, str, float]] = {}

    def _promised_at_birth(self, now: float) -> float:
        """Rule 3: promises are not stored, so a keeper that starts behaves as if it had just promised."""
        return now + self.timing.wait

    def _bind(self, now: float) -> None:
        """Rule 3: a promise runs from its receipt."""
        self.promised_until = max(self.promised_until, now + self.timing.lease)

    def _free_to_open(self, now: float) -> bool:
        """Rule 3: who wins while his promise runs waits for its end. Not who was handed the item: its owner shut."""
        return now >= self.promised_until or self._record().stage is not Stage.TAKEN

    def _all_promised(self, granted: set[str]) -> bool:
        """Rule 3: every other host that could take the item."""
        return self._must_promise() <= granted

    def _must_promise(self) -> frozenset[str]:
        """Rule 5: those of the item as last seen, and of each write of which nobody knows whether it was made."""
        hosts = {host for write in self._may_land() for host in write.record.eligible}
        if self._refused:
            hosts |= {self._refused.owner, *self._refused.eligible}
        return frozenset(hosts | set(self._record().eligible)) - {self.me}

    def _give_up(self) -> None:
        """Rule 10: from before it gives the item away, an owner opens only by a write that is confirmed after that."""
        self.gate_until, self.valid_until = -inf, -inf

    def _is_final(self, database: Database) -> bool:
        """Rule 10: its position was asked after the gate was shut, so no client is told of a later commit."""
        return self._shut_since is not None and database.looked_at >= self._shut_since

    def _may_ask(self, now: float) -> bool:
        """Rule 4: only an open owner asks."""
        return now < self.gate_until

    def _may_extend(self, now: float) -> bool:
        """Rule 4: promises keep an open owner open; they open nobody."""
        return self.confirmed and now < self.valid_until

    def _stood_still(self, now: float) -> bool:
        """Rule 2: I have myself watched the nonce stand still."""
        return now - self.still_since >= self.timing.wait

    def _is_eligible(self, record: Record) -> bool:
        """Rule 2: I stand in the very item that I replace."""
        return self.me in record.eligible

    def _is_standby(self, record: Record, database: Database) -> bool:
        """Rule 7: the standby is a run of mariadbd, not a host."""
        return record.standby == self.me and record.standby_start_id == database.start_id

    def _may_promote(self, now: float, record: Record, database: Database) -> tuple[bool, str]:
        """The data-loss rule: whether this copy may become the shard, or go on as it."""
        position = database.position
        if record.owner == self.me and record.stage is Stage.OPEN:
            return self._has_own_epoch(record, position)
        if self._is_standby(record, database):
            return True, "has every acknowledged commit, as its standby"
        if self.overridden:
            return True, "the operator overrides the data-loss rule"
        behind = self._behind(record, position)
        if behind is None:
            return False, _NOT_OF_IT if record.history else _OF_NOBODY
        if record.owner == self.me and record.stage is Stage.HANDED and not self._may_keep(now, record, behind):
            return (
                False,
                "was handed the item, but its database has started again since: whoever had it may take it back",
            )
        return self._within(behind)

    def _may_keep(self, now: float, record: Record, behind: int) -> bool:
        """Rule 10: it has every commit, or has left whoever handed it over the time to take it back."""
        complete = record.standby is None and behind == 0
        return complete or now - self.still_since >= self.timing.wait + self.timing.others + self.timing.rank

    def _behind(self, record: Record, position: Position) -> int | None:
        """How many commits a copy lacks; None when it is no beginning of the shard's history."""
        return commits_behind(record, position)

    def _next_epoch(self, record: Record) -> int:
        """Every change of owner raises it."""
        return record.epoch + 1

    def _may_revive(self, now: float, record: Record) -> bool:
        """Whether this host may raise the epoch of an item that was born again: no owner has put it back meanwhile."""
        bound = now < max(self.gate_until, self.promised_until)
        still = now - self._refused_since >= self.timing.wait + self.timing.others
        return never_opened(record) and self.me in (record.owner, *record.eligible) and still and not bound

    def _within(self, behind: int) -> tuple[bool, str]:
        if behind > self.timing.max_lag:
            return False, f"its copy lacks {behind} commits, more than max_lag ({self.timing.max_lag})"
        return True, f"its copy lacks {behind} commits" if behind else "its copy is complete as far as the item says"

    def _has_own_epoch(self, record: Record, position: Position) -> tuple[bool, str]:
        """An owner whose database started again goes on with its own copy, unless that is not what it was."""
        if (position.epoch, position.owner) == (record.epoch, record.owner):
            return True, "prepares its database again"
        if self._behind(record, position) == 0:
            return True, "prepares its database again"
        return False, "its copy is older than its own epoch, and must be rebuilt"

    def may_forget(self) -> int | None:
        """The epoch that was open here and whose tail a database that died may forget: its standby has opened since."""
        return inherited(self.known, self.me) if self.known else None

    def _may_name(self, database: Database) -> bool:
        """Rule 7: named only after it has acknowledged where the primary was when commits began to wait for it."""
        return database.waits and database.replica is not None and database.replica.caught_up

    def _may_go_alone(self, record: Record) -> bool:
        """Rules 5 and 7: only if a confirmed write says that there is no standby, and none that names one may land."""
        return record.standby is None and self.confirmed and not self._may_land()

    def _turn(self, record: Record, database: Database) -> float:
        """How long the nonce must have stood still until it is this host's turn, in seconds."""
        if self._is_standby(record, database):
            return self.timing.wait
        mine = (database.position.commits, self.me)
        told = {host: self._told[host][0] for host in record.eligible if host != self.me and host in self._told}
        usable = {host: position for host, position in told.items() if self._behind(record, position) is not None}
        fresher = sum((position.commits, host) > mine for host, position in usable.items())
        return self.timing.wait + self.timing.others + self.timing.rank * fresher

    def _is_dead(self, now: float, host: str) -> bool:
        return now - max(self._alive.get(host, -inf), self.born) >= self.timing.prune
