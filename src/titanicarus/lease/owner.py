"""What the owner of an item does: open and stay open, name a standby, choose who may follow, hand over."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

from titanicarus.lease.messages import Action, Ask, Database, Fence, Open, Promote, SetWaits, Shut, Wishes
from titanicarus.lease.record import Record, Stage, opened
from titanicarus.lease.rules import Rules


@dataclass(slots=True)
class _Round:
    """One round of asking for promises."""

    number: int = 0
    sent: float = -inf
    granted: set[str] = field(default_factory=set)


class Owner(Rules):
    """The half of the protocol that runs on the host that owns the item."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.overriding = False
        self._round = _Round()
        self._waits_since: float | None = None
        self._try_again_at = -inf
        self._moving: tuple[str, float] | None = None

    def _forget_ownership(self, keep_gate: bool = False) -> None:
        super()._forget_ownership(keep_gate)
        self._shut_since, self._waits_since, self._moving, self.overriding = None, None, None, False

    def _confirm(self, sent: float) -> None:
        super()._confirm(sent)
        self.overriding = self.overriding and not self._is_mine()

    def on_promise(self, now: float, sender: str, number: int) -> None:
        """A keeper promised, in the round of that number, not to take the item for a lease time."""
        if number != self._round.number or not self._is_mine():
            return
        self._round.granted.add(sender)
        if self._all_promised(self._round.granted) and self._may_extend(now):
            self.valid_until = max(self.valid_until, self._round.sent + self.timing.hold)

    def is_open(self, now: float) -> bool:
        """Whether the gate was ordered to be open at this instant."""
        return now < self.gate_until

    def _own(self, now: float, database: Database | None, wishes: Wishes) -> list[Action]:
        record = self._record()
        ready = database is not None and not database.failed and database.ready_for == record.epoch
        actions: list[Action] = []
        if self._moving is not None:
            self.why = f"hands the item to {self._moving[0]}: the gate is shut"
        elif database is None or database.failed:
            self.why = "owns the item; the database " + ("is down" if database is None else "fails")
        elif not ready:
            actions += self._promote(now, database)
        elif record.stage is Stage.OPEN:
            actions += self._open(now, database)
        self._shut_since = None if self.is_open(now) else (now if self._shut_since is None else self._shut_since)
        lets_go = self._lets_go(now, database, ready)
        if lets_go:
            self.why += "; lets others try"
        if self._request:
            return actions
        target = self._hand_to(now, database, wishes, ready)
        if target:
            return self._hand_over(now, database, target)  # and nothing is opened in the step that shuts
        if lets_go:
            if self._may_watch(now):
                actions.append(self._read(now))
        else:
            actions += self._renew(now, database, ready)
        return actions

    def _open(self, now: float, database: Database) -> list[Action]:
        record = self._record()
        if now >= self.valid_until or not self.confirmed:
            self.why = "owns the item, but cannot prove it: the gate is shut"
            return []
        self.gate_until = max(self.gate_until, self.valid_until)
        self.why = f"is open in epoch {record.epoch}, " + (
            f"with {record.standby} as the standby" if record.standby else "without a standby"
        )
        alone = database.waits and self._waits_since is None and self._may_go_alone(record)
        # Commits that may go on alone are let go first: opening may write, and would wait for ever behind them.
        return [*([SetWaits(False)] if alone else []), Open(record.epoch, database.start_id, self.valid_until)]

    def _promote(self, now: float, database: Database) -> list[Action]:
        record = self._record()
        allowed, why = self._may_promote(now, record, database)
        self.why = f"owns the item; {why}"
        if not allowed or not self.confirmed:
            return []
        if not self._free_to_open(now):
            self.why = "owns the item; waits for the end of a promise to the owner before"
            return []
        return [Promote(record.epoch, database.start_id)]

    def _renew(self, now: float, database: Database | None, ready: bool) -> list[Action]:
        record = self._record()
        actions: list[Action] = []
        wanted, position = record, record.position
        if ready and database:
            position = max(position, database.position.commits)
            if record.stage is not Stage.OPEN:
                if not self._free_to_open(now):
                    return actions + self._write_if(now, record, self._is_due(now))
                base = database.position.commits
                history = opened(record, database.position, complete=self._is_standby(record, database))
                wanted, position = (
                    replace(record, stage=Stage.OPEN, history=history, standby=None, standby_start_id=None),
                    base,
                )
            elif self.is_open(now):
                wanted, more = self._name_standby(now, wanted, database)
                actions += more
                eligible = self._choose_eligible(now, wanted)
                wanted = wanted if eligible == wanted.eligible else replace(wanted, eligible=eligible)
        # A position alone is not worth a write before its time.
        urgent = self.confirmed and wanted is not record and wanted != record
        if urgent or self._is_due(now):
            actions.append(self._write(now, replace(wanted, position=position)))
        return actions + self._ask(now)

    def _is_due(self, now: float) -> bool:
        return now - self._sent_at >= self.timing.renew or (not self.confirmed and not self._unsure)

    def _write_if(self, now: float, wanted: Record, due: bool) -> list[Action]:
        return [self._write(now, wanted)] if due else []

    def _name_standby(self, now: float, record: Record, database: Database) -> tuple[Record, list[Action]]:
        replica = database.replica
        if record.standby:
            named = (record.standby, record.standby_start_id)
            there = replica is not None and (replica.host, replica.start_id) == named
            if there and database.blocked_for < self.timing.patience:
                return record, []
            self._try_again_at = now + self.timing.retry
            return replace(record, standby=None, standby_start_id=None), []
        if replica is None or now < self._try_again_at or database.blocked_for >= self.timing.catch_up:
            if self._waits_since is not None:
                self._waits_since, self._try_again_at = None, now + self.timing.retry
            return record, []
        if not database.waits or self._waits_since is None:
            self._waits_since = now
            return record, [SetWaits(True)]
        if self._may_name(database):
            self._waits_since = None
            eligible = record.eligible if replica.host in record.eligible else (*record.eligible, replica.host)
            return replace(record, standby=replica.host, standby_start_id=replica.start_id, eligible=eligible), []
        if now - self._waits_since >= self.timing.catch_up:
            self._waits_since, self._try_again_at = None, now + self.timing.retry
        return record, []

    def _choose_eligible(self, now: float, record: Record) -> tuple[str, ...]:
        """The other hosts of this island and one of each other island; who is not known dead stays."""
        keep = [
            host
            for host in record.eligible
            if host != self.me and (host == record.standby or not self._is_dead(now, host))
        ]
        home = self.places[self.me]
        covered = {self.places[host] for host in keep if host in self.places and self.places[host] != home}
        for host in sorted(self._alive):
            place = self.places.get(host)
            if host == self.me or host in keep or place is None or self._is_dead(now, host):
                continue
            if place == home or place not in covered:
                keep.append(host)
                covered.add(place)
        return tuple(keep)

    def _ask(self, now: float) -> list[Action]:
        """Failsafe: while the witness does not confirm, ask everybody who could take the item not to."""
        if not self._unsure or not self._may_ask(now) or now - self._round.sent < self.timing.renew:
            return []
        record = self._record()
        self._round = _Round(self._round.number + 1, now)
        self.on_promise(now, self.me, self._round.number)
        hosts = sorted(self._must_promise())
        self.why = f"is open in epoch {record.epoch}: the witness does not answer, asks {', '.join(hosts)}"
        return [Ask(host, self._round.number, self.item, record.epoch, record.nonce) for host in hosts]

    # -- handing over -------------------------------------------------------------------------------------------------

    def _hand_to(self, now: float, database: Database | None, wishes: Wishes, ready: bool) -> str | None:
        """To whom the item should go, if this host should not keep it."""
        record = self._record()
        if record.stage is not Stage.OPEN or not self.confirmed:
            return None
        if self._moving is not None:
            target, since = self._moving
            if now - since < self.timing.patience:
                return target
            self._moving, self._try_again_at = None, now + self.timing.retry
            return None
        if record.standby and (not ready or wishes.drained):
            return record.standby
        wish = wishes.move_to
        may_move = ready and database is not None and now >= self._try_again_at
        if wish and wish != self.me and may_move and database and self._follows(now, wish, database):
            return wish
        return None

    def _follows(self, now: float, target: str, database: Database) -> bool:
        """Whether a copy is near enough for a move that takes a moment."""
        if target not in self._told:
            return False
        position, _start, at = self._told[target]
        behind = self._behind(self._record(), position)
        near = database.position.commits - position.commits <= self.timing.max_lag
        return behind is not None and near and now - at < 3 * self.timing.tell

    def _hand_over(self, now: float, database: Database | None, target: str) -> list[Action]:
        record = self._record()
        to_standby = target == record.standby
        if self._moving is None:
            self._moving = (target, now)
            self.gate_until = -inf
            self.why = f"hands the item to {target}: the gate is shut"
            return [Fence()] if to_standby else [Shut()]
        position = record.position
        if not to_standby:
            if database is None:
                self._moving = None
                return []
            position = database.position.commits
            told, _start, at = self._told[target]
            since = self._moving[1]
            if (
                at < since
                or not self._is_final(database)
                or self._behind(replace(record, position=position), told) != 0
            ):
                return self._write_if(now, record, self._is_due(now))
        self._give_up()
        handed = replace(
            record,
            owner=target,
            epoch=self._next_epoch(record),
            stage=Stage.HANDED,
            eligible=tuple(dict.fromkeys((*record.eligible, target, self.me))),
            position=position,
            standby=record.standby if to_standby else None,
            standby_start_id=record.standby_start_id if to_standby else None,
        )
        return [self._write(now, handed)]

    def _lets_go(self, now: float, database: Database | None, ready: bool) -> bool:
        """An owner that cannot open does not keep the item from those that can."""
        if ready or self._shut_since is None:
            return False
        if database and not database.failed and not self._may_promote(now, self._record(), database)[0]:
            return self.confirmed
        return now - self._shut_since >= self.timing.idle
