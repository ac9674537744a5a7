"""What every host that carries a shard says of it, as one picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from titanicarus.keeper.wishes import Wish, parse_wish

STALE_SECONDS = 3.0
"""A keeper writes what it says at least once a second."""
FAR_SECONDS = 60.0
"""How far behind a copy may be: it is of less use to take over with, and its backups are older than they look."""
WITNESS_SECONDS = 4.5
"""An owner asks the witness every 1.5 s; three missed answers are worth a word."""


@dataclass(frozen=True, slots=True)
class CopyView:
    """One host's copy of a shard.

    silence
        Why nothing is known of it now; None when its keeper answers. Then everything else is as in its status document
        (docs/leases.md): `epoch`, `owner`, `stage` and `standby` are of the item as this host last read it,
        `witness_age` seconds ago.
    commits
        How many commits of the shard it has received; None while its database is down.
    lag
        Seconds, None while unknown.
    """

    host: str
    island: str
    silence: str | None = None
    open: bool = False
    open_for: float = 0.0
    epoch: int = 0
    owner: str | None = None
    stage: str | None = None
    standby: str | None = None
    witness_age: float | None = None
    commits: int | None = None
    following: str | None = None
    in_sync: bool = False
    replicates: bool = False
    lag: float | None = None
    failed: bool = False
    rebuilding: bool = False
    trouble: str | None = None
    why: str = ""
    wish: Wish = field(default_factory=Wish)

    def state(self, writer: CopyView | None) -> str:
        """How it does, in a few words; how far it is behind, for one that follows."""
        if self.silence is not None:
            return "no answer"
        if self.open:
            return "writes"
        if self.commits is None:
            return "database down"
        if self.failed:
            return "database fails"
        if self.rebuilding:
            return "is made anew"
        behind = self.behind(writer)
        words = f"{self.lag:g} s" if self.lag is not None else "lag unknown"
        words += f", {behind} commits" if behind else ""
        return words if self.replicates else f"follows nobody ({words})"

    def ill(self) -> str:
        """What is wrong with it, as its own host can tell; "" when it writes, follows closely, or is made anew."""
        if self.silence is not None:
            return self.silence
        if self.commits is None or self.failed:
            return self.state(None)
        if self.rebuilding:
            return ""
        if not self.open and not self.replicates:
            return f"its copy follows nobody; {self.why}"
        if not self.open and (self.lag or 0.0) > FAR_SECONDS:
            return f"its copy is {self.lag:.0f} s behind"
        return ""  # what else its keeper complains of (the witness) is the same on every host, and ends by itself

    def behind(self, writer: CopyView | None) -> int | None:
        """Commits that the writer has and this copy does not; None when that cannot be said."""
        if writer is None or writer.commits is None or self.commits is None:
            return None
        return max(0, writer.commits - self.commits)


def told(host: str, island: str, shard: str, answer: Mapping[str, Any]) -> CopyView:
    """From what `titanicarus.keeper.at_hand look` printed on that host."""
    document, age = answer.get("document"), answer.get("age")
    wish = parse_wish(answer.get("wishes", {}).get(shard, {}))
    if not isinstance(document, Mapping) or age is None:
        return CopyView(host, island, str(answer.get("problem") or "its keeper says nothing"), wish=wish)
    if age > STALE_SECONDS:
        return CopyView(host, island, f"its keeper has said nothing for {age:.0f} s", wish=wish)
    facts = document.get("shards", {}).get(shard)
    if not isinstance(facts, Mapping):
        return CopyView(host, island, f"its keeper does not know the shard {shard} yet: `saguire apply`", wish=wish)
    position = facts.get("position")
    trouble = [str(text) for text in (facts.get("trouble"), answer.get("problem")) if text]
    return CopyView(
        host,
        island,
        open=bool(facts["open"]),
        open_for=float(facts.get("open_for") or 0.0),
        epoch=int(facts.get("epoch") or 0),
        owner=facts.get("owner"),
        stage=facts.get("stage"),
        standby=facts.get("standby"),
        witness_age=facts.get("witness_age"),
        commits=None if position is None else int(position["commits"]),
        following=facts.get("following"),
        in_sync=bool(facts.get("in_sync")),
        replicates=bool(facts.get("replicates")),
        lag=facts.get("lag"),
        failed=bool(facts.get("failed")),
        rebuilding=bool(facts.get("rebuilding")),
        trouble="; ".join(trouble) or None,
        why=str(facts.get("why") or ""),
        wish=wish,
    )


def silent(host: str, island: str, reason: str) -> CopyView:
    """Of a host that could not be asked."""
    return CopyView(host, island, reason)


@dataclass(frozen=True, slots=True)
class ShardView:
    """A shard; `copies` in the order of the hosts' ids."""

    name: str
    copies: tuple[CopyView, ...]

    @property
    def answering(self) -> tuple[CopyView, ...]:
        """Those whose keeper answers."""
        return tuple(copy for copy in self.copies if copy.silence is None)

    @property
    def writer(self) -> CopyView | None:
        """Who is open; of several, the one with the highest epoch."""
        return max((copy for copy in self.answering if copy.open), key=lambda copy: copy.epoch, default=None)

    @property
    def newest(self) -> CopyView | None:
        """Who knows most about the item: the highest epoch, read last."""
        knowing = [copy for copy in self.answering if copy.owner]
        return max(knowing, key=lambda copy: (copy.epoch, copy.owner == copy.host, -_age(copy)), default=None)

    @property
    def epoch(self) -> int:
        """The highest epoch that anybody knows of; 0 when nobody knows any."""
        return self.newest.epoch if self.newest else 0

    @property
    def owner(self) -> str | None:
        """Who has the lease, as far as anybody knows."""
        return self.newest.owner if self.newest else None

    @property
    def holder(self) -> str | None:
        """The owner's island."""
        owner = self.copy(self.owner)
        return owner.island if owner else None

    @property
    def standby(self) -> str | None:
        """Who has every acknowledged commit."""
        return self.newest.standby if self.newest else None

    @property
    def in_sync(self) -> bool:
        """Whether the writer says that its standby is connected and acknowledges."""
        return bool(self.standby and self.writer and self.writer.in_sync and self.writer.standby == self.standby)

    @property
    def replicas(self) -> tuple[CopyView, ...]:
        """Everybody but the owner."""
        return tuple(copy for copy in self.copies if copy.host != self.owner)

    def copy(self, host: str | None) -> CopyView | None:
        """The copy on that host, if it carries the shard."""
        return next((copy for copy in self.copies if copy.host == host), None)

    def standby_words(self) -> str:
        """The standby and whether it keeps up."""
        if not self.standby:
            return "none"
        return f"{self.standby} (in sync)" if self.in_sync else f"{self.standby} (not in sync)"

    def lease_words(self) -> str:
        """How long ago the lease was confirmed, and how long the gate stays open without another answer."""
        owner = self.copy(self.owner)
        if owner is None or owner.silence is not None:
            return "-"
        left = f"{owner.open_for:.1f} s left" if owner.open else "shut"
        return f"{left}, witness {_seconds(owner.witness_age)} ago"

    def remarks(self) -> list[str]:
        """A sentence for each thing that is not as it should be, the gravest first."""
        return list(self._remarks())

    def _remarks(self) -> Iterator[str]:
        if not self.answering:
            yield "no host that carries it gives an answer: nothing is known"
        writers = [copy.host for copy in self.answering if copy.open]
        if len(writers) > 1:
            yield f"{' and '.join(writers)} say both that they are open: was an override given? Look at it now"
        elif not writers and self.answering:
            yield f"nobody may write: {self._why_nobody()}"
        writer = self.writer
        if writer:
            if writer.owner != writer.host:
                yield f"{writer.host} {writer.why}"
            elif not self.in_sync and any(self._could_stand_by(copy) for copy in self.copies):
                yield f"{writer.host} goes on alone: " + (
                    f"{self.standby} does not keep up" if self.standby else "no standby has every commit"
                )
            if (writer.witness_age or 0.0) > WITNESS_SECONDS:
                yield f"the witness has not answered {writer.host} for {_seconds(writer.witness_age)}: {writer.why}"
        for copy in self.copies:
            yield from (f"{copy.host}: {text}" for text in self._of_copy(copy))

    def _why_nobody(self) -> str:
        owner = self.copy(self.owner)
        if owner is None or owner.silence is not None:
            speaker = max(self.answering, key=lambda copy: copy.epoch)
            return f"{speaker.host} {speaker.why}"
        return f"{owner.host} {owner.why}"

    def _could_stand_by(self, copy: CopyView) -> bool:
        return copy.island == self.holder and copy.host != self.owner

    def _of_copy(self, copy: CopyView) -> Iterator[str]:
        if copy.silence is not None:
            yield copy.silence
        elif copy.commits is None or copy.failed:
            yield copy.state(self.writer)
        elif copy.rebuilding:
            yield "its copy is made anew"
        elif not copy.open and not copy.replicates and self.writer:
            yield f"its copy follows nobody; {copy.why}"
        if copy.trouble:
            yield copy.trouble
        yield from copy.wish.sentences(copy.epoch, open=copy.open)

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        return {
            "name": self.name,
            "holder": self.holder,
            "primary": self.writer.host if self.writer else None,
            "owner": self.owner,
            "epoch": self.epoch,
            "standby": self.standby,
            "in_sync": self.in_sync,
            "open_for": self.writer.open_for if self.writer else 0.0,
            "witness_age": self.writer.witness_age if self.writer else None,
            "remarks": self.remarks(),
            "copies": [asdict(copy) | {"behind": copy.behind(self.writer)} for copy in self.copies],
        }


def _age(copy: CopyView) -> float:
    return 1e9 if copy.witness_age is None else copy.witness_age


def _seconds(age: float | None) -> str:
    return "never" if age is None else f"{age:.1f} s"
