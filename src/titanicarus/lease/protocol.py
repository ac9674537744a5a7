"""The lease protocol: what one host does about one item, given what it has heard so far and what the time is.

No input acts by itself: replies, promises and told positions are noted, and `step` says what to do now. Times are
seconds of this host's own CLOCK_BOOTTIME; those of two hosts are never compared.
"""

from __future__ import annotations

from dataclasses import replace

from titanicarus.lease.messages import Action, Ask, Database, Fence, Open, Promote, SetWaits, Wishes, Write
from titanicarus.lease.owner import Owner
from titanicarus.lease.record import Position, Record, Stage


class Lease(Owner):
    """The state machine of one item on one host.

    `places` gives the island of each host that carries the item, this one included; `name` is unique to this start of
    the keeper; `epoch_seen` is the highest epoch that this host has stored.
    """

    def on_asked(self, now: float, ask: Ask) -> bool:
        """Another keeper asks for a promise. True when it is given."""
        if (
            self.overriding
            or ask.epoch < self.epoch_seen
            or (self._is_mine() and self.known and self.known.epoch >= ask.epoch)
        ):
            return False
        self._bind(now)
        self.on_hint(ask.epoch)
        return True

    def on_told(self, now: float, host: str, position: Position, start_id: str) -> None:
        """A replica says how far it is."""
        self._told[host] = (position, start_id, now)

    def on_heartbeat(self, now: float, host: str) -> None:
        """A host's heartbeat in the witness has changed."""
        self._alive[host] = now

    def step(self, now: float, database: Database | None, wishes: Wishes) -> list[Action]:
        """What to do now, in this order. Orders to the database and the gate are repeated until they are seen done."""
        self._time_out(now)
        self.overridden = wishes.override
        if self._refused and not self._request and not wishes.paused and self._may_revive(now, self._refused):
            return [self._revive(now, self._refused)]
        if self._is_mine():
            return self._own(now, database, wishes)
        actions: list[Action] = []
        if wishes.override and self.known and not self._witness_answers(now):
            return self._override_alone(now, database)
        if self.gate_until > now or (database and database.ready_for is not None):
            if self.known is None and database and not self.overriding:
                self.why = "may be the owner: the witness has not said yet; the gate shuts by itself"
            else:
                self._forget_ownership()
                actions.append(Fence())
                self.why = f"{self._owner()} owns the item: the database here is fenced"
        return actions + self._stand_by(now, database, wishes)

    def _stand_by(self, now: float, database: Database | None, wishes: Wishes) -> list[Action]:
        if self._request:
            return []
        if self.known:
            refusal = self._refuses_to_take(now, database, wishes)
            if refusal is None:
                self.why = f"takes the item: {self.known.owner} was silent for {now - self.still_since:.1f} s"
                return [self._take(now)]
            self.why = refusal
        return [self._read(now)] if self._may_watch(now) else []

    def _refuses_to_take(self, now: float, database: Database | None, wishes: Wishes) -> str | None:  # noqa: PLR0911 - a list of reasons
        """Why this host does not take the item; None when it should."""
        record = self._record()
        if self._refused:
            return self.why
        if not self._stood_still(now):
            return f"stands by for {record.owner}, which renews"
        if wishes.paused or wishes.drained:
            return "stands by: does not take, because the operator said so"
        if database is None or database.failed:
            return "stands by: has no usable database"
        if now < self.promised_until:
            return f"stands by: promised not to take for another {self.promised_until - now:.1f} s"
        if wishes.override:
            return None
        if not self._is_eligible(record):
            return "stands by: is not eligible"
        allowed, why = self._may_promote(now, record, database)
        if not allowed:
            return f"stands by: {why}"
        if now - self.still_since < self._turn(record, database):
            return "stands by: it is not its turn yet"
        return None

    def _take(self, now: float) -> Write:
        record = self._record()
        return self._write(now, replace(record, owner=self.me, epoch=self._next_epoch(record), stage=Stage.TAKEN))

    def _revive(self, now: float, born: Record) -> Write:
        """Go on above every epoch that was seen. Without a history no copy may open it but by the operator's word."""
        self._replaces = born
        eligible = tuple(dict.fromkeys((born.owner, *born.eligible)))
        epoch = self.epoch_seen + 1
        raised = replace(born, owner=self.me, epoch=epoch, stage=Stage.TAKEN, eligible=eligible, history=())
        return self._write(now, raised)

    def _override_alone(self, now: float, database: Database | None) -> list[Action]:
        """The operator says that nobody else is open. It must win the item as soon as the witness answers, or shut."""
        record = self._record()
        epoch = record.epoch + 1
        actions: list[Action] = []
        self.overriding = True
        self.why = f"is open by the operator's word, as epoch {epoch}, until the witness answers"
        if database is None or database.failed:
            self.why = "the operator wants it open, but it has no usable database"
        elif database.ready_for != epoch:
            actions.append(Promote(epoch, database.start_id))
        else:
            self.gate_until = now + self.timing.hold
            if database.waits:
                actions.append(SetWaits(False))
            actions.append(Open(epoch, database.start_id, self.gate_until))
        if not self._request and self._may_watch(now):
            actions.append(self._take(now))
        return actions

    def _witness_answers(self, now: float) -> bool:
        return now - self.heard_at < self.timing.lease
