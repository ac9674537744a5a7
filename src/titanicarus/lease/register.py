"""What one host knows of an item, from its own requests to the witness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf

from titanicarus.lease.messages import Read, Write
from titanicarus.lease.record import Record, never_opened
from titanicarus.lease.timing import Timing


class Register:
    """The item as it was last seen, and those writes of which nobody knows whether they were made.

    One request at a time; a reply to an older one is ignored, because whatever it says is not known to be so any more.
    """

    def __init__(
        self,
        me: str,
        item: str,
        places: Mapping[str, str],
        *,
        timing: Timing,
        now: float,
        name: str,
        epoch_seen: int = 0,
    ) -> None:
        self.me, self.item, self.places, self.timing, self.name = me, item, dict(places), timing, name
        self.born = now
        self.known: Record | None = None
        self.epoch_seen = epoch_seen
        self.still_since = now
        self.heard_at = -inf
        self.valid_until = -inf
        self.confirmed = False
        self.gate_until = -inf
        self.why = "has not read the item yet"
        self._unsure: tuple[Write, ...] = ()
        self._refused: Record | None = None
        """The item as it is, when it is not believed; `_replaces` is the same when it is to be put right."""
        self._refused_since = now
        self._replaces: Record | None = None
        self._request: tuple[Read | Write, float] | None = None
        self._requests = 0
        self._sent_at = -inf

    def on_read(self, now: float, request: int, record: Record) -> None:
        """The witness answered a read."""
        if self._answers(request):
            self._learn(now, record)

    def on_written(self, now: float, request: int) -> None:
        """The witness made the write."""
        if self._request and self._answers(request, keep=True):
            write, sent = self._request
            self._request = None
            if isinstance(write, Write) and self._learn(now, write.record):
                self._confirm(sent)

    def on_conflict(self, now: float, request: int, record: Record) -> None:
        """The witness refused the write: the item is as given."""
        asked = self._request[0] if self._request else None
        if self._answers(request):
            if self._learn(now, record) or self._replaces:
                self._sent_at = -inf
            elif isinstance(asked, Write):
                self._note_unknown(asked)

    def on_no_answer(self, request: int) -> None:
        """The witness could not be asked, or did not answer. Whether a write was made is not known."""
        if self._request and self._answers(request, keep=True):
            asked, _sent = self._request
            self._request = None
            if isinstance(asked, Write):
                self._note_unknown(asked)

    def on_hint(self, epoch: int) -> None:
        """Somebody has heard of a newer epoch: the item is read at the next step, and no lower one believed."""
        if self.known is not None and epoch > self.known.epoch:
            self._sent_at = -inf
        if epoch > self.epoch_seen:
            self.epoch_seen = epoch
            if self.known is not None and never_opened(self.known):
                self.known = None
                self._forget_ownership()

    def _may_watch(self, now: float) -> bool:
        """Whether it is time to read an item of somebody else's. On a beat of this keeper's own, which all of its items
        have in common: they are read in one request (docs/leases.md)."""
        since = now - self._sent_at
        return since >= self.timing.watch or (now - self.born) % self.timing.watch < since

    def _read(self, now: float) -> Read:
        self._requests += 1
        read = Read(self._requests)
        self._request, self._sent_at = (read, now), now
        return read

    def _write(self, now: float, wanted: Record) -> Write:
        self._requests += 1
        expect = (self._replaces or self._record()).nonce
        write = Write(self._requests, replace(wanted, nonce=f"{self.name}-{self._requests}"), expect)
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
                self._note_unknown(request)

    def _note_unknown(self, write: Write) -> None:
        """Of writes with the same list one is enough: lists are what matters, and a witness may be away for days."""
        others = (other for other in self._unsure if other.record.eligible != write.record.eligible)
        self._unsure = (*others, write)

    def _accepts(self, record: Record) -> bool:
        """An epoch lower than one that was seen is a witness gone wrong, and is not believed. So is one born again."""
        known = self.known
        again = known is not None and known.epoch == record.epoch and never_opened(record) and not never_opened(known)
        return record.epoch >= self.epoch_seen and not again

    def _refuse(self, now: float, record: Record) -> None:
        """Whoever is open when the item turns out to be born again is its last owner, and puts back what it was."""
        self.why = f"the witness has epoch {record.epoch} after epoch {self.epoch_seen}: not believed"
        if never_opened(record):
            self.why += "; the item was deleted and born again (docs/leases.md)"
            self.heard_at = now  # it answers: an override waits until the item has been raised
        if self._refused is None or self._refused.nonce != record.nonce:
            self._refused_since = now
        self._refused = record
        last = self.known is not None and self.known.epoch == self.epoch_seen and now < self.gate_until
        self._replaces = record if never_opened(record) and self._is_mine() and (last or self._replaces) else None

    def _learn(self, now: float, record: Record) -> bool:
        """The witness says that the item is this. False when that is not believed.

        An open owner learns so only from the answer to a write of its own: then none of its older ones can land.
        """
        if not self._accepts(record):
            self._refuse(now, record)
            return False
        self._refused = self._replaces = None
        self.heard_at = now
        was_mine = self._is_mine()
        self._unsure = ()
        if self.known is None or self.known.nonce != record.nonce:
            self.still_since = now
        self.known = record
        self.epoch_seen = max(self.epoch_seen, record.epoch)
        if self._is_mine() != was_mine:
            self._forget_ownership(keep_gate=was_mine)
        return True

    def _confirm(self, sent: float) -> None:
        """A write of mine is in the witness; it was sent at that time."""
        if self._is_mine():
            self.confirmed = True
            self.valid_until = max(self.valid_until, sent + self.timing.hold)

    def _forget_ownership(self, keep_gate: bool = False) -> None:
        self.confirmed, self.valid_until = False, -inf
        if not keep_gate:
            self.gate_until = -inf

    @property
    def awaits_write(self) -> Record | None:
        """What is being written, while the outcome is awaited."""
        return self._request[0].record if self._request and isinstance(self._request[0], Write) else None

    def _may_land(self) -> list[Write]:
        """My writes that may be in the witness, or get there later, without my knowing."""
        writes = list(self._unsure)
        if self._request and isinstance(self._request[0], Write):
            writes.append(self._request[0])
        return writes

    def _is_mine(self) -> bool:
        return self.known is not None and self.known.owner == self.me

    def _owner(self) -> str:
        return self.known.owner if self.known else "nobody known"

    def _record(self) -> Record:
        if self.known is None:
            raise RuntimeError("no item has been read yet")
        return self.known
