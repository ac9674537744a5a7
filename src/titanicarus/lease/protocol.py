"""The lease protocol: what one host does about one item, given what it has heard so far and what the time is.

No input acts by itself: replies, promises and told positions are noted, and `step` says what to do now. Times are
seconds of this host's own CLOCK_BOOTTIME; those of two hosts are never compared. Each rule of `docs/leases.md` is one
small method, which the simulation's variants replace.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf

from titanicarus.lease.messages import (
    Action,
    Ask,
    Database,
    Fence,
    Open,
    Promote,
    Read,
    SetWaits,
    Shut,
    Wishes,
    Write,
)
from titanicarus.lease.record import Position, Record, Stage, commits_behind, opened
from titanicarus.lease.timing import Timing


@dataclass(slots=True)
class _Round:
    """One round of asking for promises."""

    number: int = 0
    sent: float = -inf
    granted: set[str] = field(default_factory=set)


class Lease:
    """The state machine. `places` gives the island of each host that carries the item, this one included.

    `epoch_seen` is the highest epoch that this host has stored; `name` is unique to this start of the keeper.
    """

    def __init__(self, me: str, item: str, places: Mapping[str, str], timing: Timing, now: float, name: str,
                 epoch_seen: int = 0) -> None:  # fmt: skip
        self.me, self.item, self.places, self.timing, self.name = me, item, dict(places), timing, name
        self.born = now
        self.known: Record | None = None
        self.epoch_seen = epoch_seen
        self.still_since = now
        self.heard_at = -inf
        self.valid_until = -inf
        self.confirmed = False
        self.gate_until = -inf
        self.promised_until = self._promised_at_birth(now)
        self.why = "has not read the item yet"
        self.overridden = False
        self.overriding = False
        self._unsure: tuple[tuple[Write, float], ...] = ()
        self._request: tuple[Read | Write, float] | None = None
        self._requests = 0
        self._sent_at = -inf
        self._round = _Round()
        self._alive: dict[str, float] = {}
        self._told: dict[str, tuple[Position, str, float]] = {}
        self._waits_since: float | None = None
        self._try_again_at = -inf
        self._shut_since: float | None = None
        self._moving: tuple[str, float] | None = None

    # -- what is heard ------------------------------------------------------------------------------------------------

    def on_read(self, now: float, request: int, record: Record) -> None:
        """The witness answered a read."""
        if self._answers(request):
            self._learn(now, record)

    def on_written(self, now: float, request: int) -> None:
        """The witness made the write."""
        if self._request and self._answers(request, keep=True):
            write, sent = self._request
            self._request = None
            if isinstance(write, Write):
                self._learn(now, write.record)
                self._confirm(sent)

    def on_conflict(self, now: float, request: int, record: Record) -> None:
        """The witness refused the write: the item is as given."""
        if self._answers(request):
            self._learn(now, record)

    def on_no_answer(self, now: float, request: int) -> None:
        """The witness could not be asked, or did not answer. Whether a write was made is not known."""
        if self._request and self._answers(request, keep=True):
            asked, sent = self._request
            self._request = None
            if isinstance(asked, Write):
                self._note_unknown(asked, sent)

    def on_promise(self, now: float, sender: str, number: int) -> None:
        """A keeper promised, in the round of that number, not to take the item for a lease time."""
        if number != self._round.number or not self._is_mine():
            return
        self._round.granted.add(sender)
        if self._all_promised(self._round.granted) and self._may_extend(now):
            self.valid_until = max(self.valid_until, self._round.sent + self.timing.hold)

    def on_asked(self, now: float, ask: Ask) -> bool:
        """Another keeper asks for a promise. True when it is given."""
        if (
            self.overriding
            or ask.epoch < self.epoch_seen
            or (self._is_mine() and self.known and self.known.epoch >= ask.epoch)
        ):
            return False
        self._bind(now)
        return True

    def on_told(self, now: float, host: str, position: Position, start_id: str) -> None:
        """A replica says how far it is."""
        self._told[host] = (position, start_id, now)

    def on_heartbeat(self, now: float, host: str) -> None:
        """A host's heartbeat in the witness has changed."""
        self._alive[host] = now

    # -- what to do ---------------------------------------------------------------------------------------------------

    def step(self, now: float, database: Database | None, wishes: Wishes) -> list[Action]:
        """What to do now. Orders to the database and the gate are repeated until they are seen to be done."""
        self._time_out(now)
        self.overridden = wishes.override
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

    def is_open(self, now: float) -> bool:
        """Whether the gate was ordered to be open at this instant."""
        return now < self.gate_until

    # -- the owner ----------------------------------------------------------------------------------------------------

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
        if self._request:
            return actions
        target = self._hand_to(now, database, wishes, ready)
        if target:
            actions += self._hand_over(now, database, target)
        elif self._lets_go(now, database, ready):
            self.why += "; lets others try"
            if now - self._sent_at >= self.timing.watch:
                actions.append(self._read(now))
        else:
            actions += self._renew(now, database, ready)
        return actions

    def _open(self, now: float, database: Database) -> list[Action]:
        record = self._record()
        if now >= self.valid_until or not self._may_still_own():
            self.why = "owns the item, but cannot prove it: the gate is shut"
            return []
        self.gate_until = max(self.gate_until, self.valid_until)
        self.why = f"is open in epoch {record.epoch}, " + (
            f"with {record.standby} as the standby" if record.standby else "without a standby"
        )
        actions: list[Action] = [Open(record.epoch, database.start_id, self.valid_until)]
        if record.standby is None and database.waits and self._waits_since is None and self._may_go_alone():
            actions.append(SetWaits(False))
        return actions

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
        wanted = record
        if ready and database:
            wanted = replace(record, position=max(record.position, database.position.commits))
            if record.stage is not Stage.OPEN:
                if not self._free_to_open(now):
                    return actions + self._write_if(now, record, self._is_due(now))
                base = database.position.commits
                history = opened(record, database.position)
                wanted = replace(
                    record, stage=Stage.OPEN, history=history, position=base, standby=None, standby_start_id=None
                )
            elif self.is_open(now):
                wanted, more = self._name_standby(now, wanted, database)
                actions += more
                wanted = replace(wanted, eligible=self._choose_eligible(now, wanted))
        urgent = self.confirmed and replace(wanted, position=0) != replace(record, position=0)
        actions += self._write_if(now, wanted, urgent or self._is_due(now))
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
        """The other hosts of this island and one of each other island, by their heartbeats; who is not known dead stays."""
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

    def _is_dead(self, now: float, host: str) -> bool:
        return now - max(self._alive.get(host, -inf), self.born) >= self.timing.prune

    def _ask(self, now: float) -> list[Action]:
        """Failsafe: while the witness does not confirm, ask everybody who could take the item not to."""
        if not self._unsure or not self.is_open(now) or now - self._round.sent < self.timing.renew:
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
        target = wishes.move_to
        if (
            target
            and target != self.me
            and ready
            and database
            and now >= self._try_again_at
            and self._follows(now, target, database)
        ):
            return target
        return None

    def _follows(self, now: float, target: str, database: Database) -> bool:
        """Whether a copy is near enough for a move that takes a moment."""
        if target not in self._told:
            return False
        position, _start, at = self._told[target]
        behind = commits_behind(self._record(), position)
        near = database.position.commits - position.commits <= self.timing.max_lag
        return behind is not None and near and now - at < 3 * self.timing.tell

    def _hand_over(self, now: float, database: Database | None, target: str) -> list[Action]:
        record = self._record()
        to_standby = target == record.standby
        if self._moving is None:
            self._moving = (target, now)
            self.gate_until, self.valid_until = -inf, -inf
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
            if at < since or commits_behind(replace(record, position=position), told) != 0:
                return self._write_if(now, record, self._is_due(now))
        handed = replace(
            record,
            owner=target,
            epoch=record.epoch + 1,
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

    # -- everybody else -----------------------------------------------------------------------------------------------

    def _stand_by(self, now: float, database: Database | None, wishes: Wishes) -> list[Action]:
        if self._request:
            return []
        if self.known:
            refusal = self._refuses_to_take(now, database, wishes)
            if refusal is None:
                self.why = f"takes the item: {self.known.owner} was silent for {now - self.still_since:.1f} s"
                return [self._take(now)]
            self.why = refusal
        return [self._read(now)] if now - self._sent_at >= self.timing.watch else []

    def _refuses_to_take(self, now: float, database: Database | None, wishes: Wishes) -> str | None:
        """Why this host does not take the item; None when it should."""
        record = self._record()
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

    def _turn(self, record: Record, database: Database) -> float:
        """How long the nonce must have stood still until it is this host's turn, in seconds."""
        if self._is_standby(record, database):
            return self.timing.wait
        mine = (database.position.commits, self.me)
        told = {host: self._told[host][0] for host in record.eligible if host != self.me and host in self._told}
        usable = {host: position for host, position in told.items() if commits_behind(record, position) is not None}
        fresher = sum((position.commits, host) > mine for host, position in usable.items())
        return self.timing.wait + self.timing.others + self.timing.rank * fresher

    def _take(self, now: float) -> Write:
        record = self._record()
        return self._write(now, replace(record, owner=self.me, epoch=record.epoch + 1, stage=Stage.TAKEN))

    # -- the last resort ----------------------------------------------------------------------------------------------

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
            actions.append(Open(epoch, database.start_id, self.gate_until))
            if database.waits:
                actions.append(SetWaits(False))
        if not self._request and now - self._sent_at >= self.timing.watch:
            actions.append(self._take(now))
        return actions

    def _witness_answers(self, now: float) -> bool:
        return now - self.heard_at < self.timing.lease

    # -- the rules ----------------------------------------------------------------------------------------------------

    def _promised_at_birth(self, now: float) -> float:
        """Rule 3: promises are not stored, so a keeper that starts behaves as if it had just promised."""
        return now + self.timing.wait

    def _bind(self, now: float) -> None:
        """Rule 3: a promise runs from its receipt."""
        self.promised_until = max(self.promised_until, now + self.timing.lease)

    def _free_to_open(self, now: float) -> bool:
        """Rule 3: who wins while his promise runs waits for its end. Who was handed the item need not: its owner has shut."""
        return now >= self.promised_until or self._record().stage is not Stage.TAKEN

    def _all_promised(self, granted: set[str]) -> bool:
        """Rule 3: every other host that could take the item."""
        return self._must_promise() <= granted

    def _must_promise(self) -> frozenset[str]:
        """Rule 5: those of the item as it was last seen, and of each write of which nobody knows whether it was made."""
        hosts = {host for write in self._may_land() for host in write.record.eligible}
        return frozenset(hosts | set(self._record().eligible)) - {self.me}

    def _may_still_own(self) -> bool:
        """Rules 4, 5 and 10: a write of mine is confirmed, and none by which I gave the item away may still be made."""
        return self.confirmed and all(write.record.owner == self.me for write in self._may_land())

    def _may_land(self) -> list[Write]:
        """My writes that may be in the witness, or get there later, without my knowing."""
        writes = [write for write, _sent in self._unsure]
        if self._request and isinstance(self._request[0], Write):
            writes.append(self._request[0])
        return writes

    def _may_extend(self, now: float) -> bool:
        """Rule 4: promises keep an open owner open; they open nobody."""
        return self._may_still_own() and now < self.valid_until

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
        behind = commits_behind(record, position)
        if behind is None:
            return False, "its copy is not a beginning of the shard's history, and must be rebuilt"
        if record.owner == self.me and record.stage is Stage.HANDED and not self._may_keep(now, record, behind):
            return (
                False,
                "was handed the item, but its database has started again since: whoever had it may take it back",
            )
        return self._within(behind)

    def _may_keep(self, now: float, record: Record, behind: int) -> bool:
        """Rule 10: what was handed over has every commit, or waits until whoever handed it over had time to take it back."""
        complete = record.standby is None and behind == 0
        return complete or now - self.still_since >= self.timing.wait + self.timing.others + self.timing.rank

    def _within(self, behind: int) -> tuple[bool, str]:
        if behind > self.timing.max_lag:
            return False, f"its copy lacks {behind} commits, more than max_lag ({self.timing.max_lag})"
        return True, f"its copy lacks {behind} commits" if behind else "its copy is complete as far as the item says"

    def _has_own_epoch(self, record: Record, position: Position) -> tuple[bool, str]:
        """An owner whose database started again goes on with its own copy, unless that is not what it was."""
        if (position.epoch, position.owner) == (record.epoch, record.owner):
            return True, "prepares its database again"
        behind = commits_behind(record, position)
        if behind is not None and position.commits >= record.history[-1].base:
            return True, "prepares its database again"
        return False, "its copy is older than its own epoch, and must be rebuilt"

    def _may_name(self, database: Database) -> bool:
        """Rule 7: named only after it has acknowledged where the primary was when commits began to wait for it."""
        return database.waits and database.replica is not None and database.replica.caught_up

    def _may_go_alone(self) -> bool:
        """Rules 5 and 7: only when a confirmed write says that there is no standby, and none that says otherwise may land."""
        return self.confirmed and not self._may_land()

    def _accepts(self, record: Record) -> bool:
        """An epoch lower than one that was seen is a witness gone wrong, and is not believed."""
        return record.epoch >= self.epoch_seen

    # -- requests -----------------------------------------------------------------------------------------------------

    def _read(self, now: float) -> Read:
        self._requests += 1
        read = Read(self._requests)
        self._request, self._sent_at = (read, now), now
        return read

    def _write(self, now: float, wanted: Record) -> Write:
        self._requests += 1
        record = self._record()
        write = Write(self._requests, replace(wanted, nonce=f"{self.name}-{self._requests}"), record.nonce)
        self._request, self._sent_at = (write, now), now
        return write

    def _answers(self, request: int, keep: bool = False) -> bool:
        if self._request is None or self._request[0].request != request:
            return False
        if not keep:
            self._request = None
        return True

    def _time_out(self, now: float) -> None:
        if self._request is None:
            return
        request, sent = self._request
        if now - sent >= self.timing.request:
            self._request = None
            if isinstance(request, Write):
                self._note_unknown(request, sent)

    def _note_unknown(self, write: Write, sent: float) -> None:
        self._unsure = (*self._unsure, (write, sent))

    def _learn(self, now: float, record: Record) -> None:
        """The witness says that the item is this."""
        if not self._accepts(record):
            self.why = f"the witness has epoch {record.epoch} after epoch {self.epoch_seen}: not believed"
            return
        self.heard_at = now
        was_mine = self._is_mine()
        landed = next((sent for write, sent in self._unsure if write.record.nonce == record.nonce), None)
        self._unsure = tuple((write, sent) for write, sent in self._unsure if self._may_still_land(write, record))
        if self.known is None or self.known.nonce != record.nonce:
            self.still_since = now
        self.known = record
        self.epoch_seen = max(self.epoch_seen, record.epoch)
        if self._is_mine():
            if not was_mine:
                self._forget_ownership()
            if landed is not None:
                self._confirm(landed)
        elif was_mine:
            self.confirmed, self.valid_until = False, -inf

    def _may_still_land(self, write: Write, record: Record) -> bool:
        return write.expect == record.nonce

    def _confirm(self, sent: float) -> None:
        """A write of mine is in the witness; it was sent at that time."""
        if self._is_mine():
            self.confirmed, self.overriding = True, False
            self.valid_until = max(self.valid_until, sent + self.timing.hold)

    def _forget_ownership(self) -> None:
        self.confirmed, self.valid_until, self.gate_until = False, -inf, -inf
        self._shut_since, self._waits_since, self._moving, self.overriding = None, None, None, False

    def _is_mine(self) -> bool:
        return self.known is not None and self.known.owner == self.me

    def _owner(self) -> str:
        return self.known.owner if self.known else "nobody known"

    def _record(self) -> Record:
        if self.known is None:
            raise RuntimeError("no item has been read yet")
        return self.known
