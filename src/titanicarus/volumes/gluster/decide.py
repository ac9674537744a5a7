"""What a host should do about a volume, from what it sees: a pure function with a sentence for everything.

    nobody knows the volume ── the first filer makes it, when all are there and none remembers one
    known, not started ─────── the leader starts it
    my folder is blank ─────── it is filled from the others, unless this host remembers that it was not
    my brick is not served ─── it is started
    options differ ─────────── the leader sets them

The leader is the first connected member; it acts only with most of the pool, so there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from titanicarus.volumes.gluster.cli import Known
from titanicarus.volumes.words import WITHOUT


class Step(StrEnum):
    """Something to order."""

    RESTART = "restart glusterd"
    CREATE = "create"
    SET = "set"
    START = "start"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Look:
    """What host `me` sees of a volume. Hosts are ids.

    `members` is the pool in its order, `bricks` who should have one, `filers` those of them that have content. `peers`
    are the others that glusterd knows, and whether they are connected. `online` says whose bricks are served. `mark` is
    the volume that the folder of this host's brick belongs to, None when it is blank or not there; `remembered` the
    volume that this host is known to have had a brick of. `options` is what differs from what is wanted.
    """

    me: str
    members: tuple[str, ...]
    bricks: tuple[str, ...]
    filers: tuple[str, ...]
    peers: Mapping[str, bool]
    known: Known | None = None
    online: Mapping[str, bool] = field(default_factory=dict)
    mark: str | None = None
    remembered: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def connected(self) -> tuple[str, ...]:
        """Members that can be reached, this one too, in the order of the pool."""
        return tuple(member for member in self.members if member == self.me or self.peers.get(member))


@dataclass(frozen=True, slots=True)
class Decision:
    """At most one step; `why` is empty when all is as wanted."""

    step: Step | None = None
    why: str = ""


def decide(look: Look) -> Decision:
    """The next step of this host."""
    strangers = [member for member in look.members if member != look.me and member not in look.peers]
    if strangers:
        return Decision(Step.RESTART, f"glusterd does not know {_listed(strangers)} yet")
    if look.known is None:
        return _birth(look)
    have = sorted(brick.host for brick in look.known.bricks)
    if set(have) != set(look.bricks):
        return Decision(why=f"has bricks on {_listed(have)} and should have them on {_listed(look.bricks)}")
    leads = look.connected[0] == look.me and 2 * len(look.connected) > len(look.members)
    if not look.known.started:
        return Decision(Step.START, "is started") if leads else Decision(why="waits to be started")
    return _own_brick(look, look.known) or _options(look, leads=leads) or _absences(look)


def _birth(look: Look) -> Decision:
    away = [member for member in look.members if member not in look.connected]
    if look.remembered:
        why = f"nobody knows the volume, and {look.me} once had a brick of {look.remembered}: no new one is made"
    elif away:
        why = f"is made when {_listed(away)} can be reached"
    elif look.mark:
        why = f"nobody knows the volume, and the folder here belongs to {look.mark}: no new one is made"
    elif look.me != look.filers[0]:
        why = f"is made by {look.filers[0]}"
    else:
        return Decision(Step.CREATE, f"made of bricks on {_listed(look.bricks)}")
    return Decision(why=why)


def _own_brick(look: Look, known: Known) -> Decision | None:
    """What this host's brick needs; None: nothing."""
    if look.me not in look.bricks:
        return None
    if look.mark is None:
        return _blank(look, known)
    if look.mark != known.id:
        return Decision(why=f"the folder of the brick belongs to another volume, {look.mark}: move it aside")
    return None if look.online.get(look.me) else Decision(Step.START, "the brick is started")


def _blank(look: Look, known: Known) -> Decision:
    if look.remembered == known.id:
        return Decision(
            why="the folder of the brick is empty and was not: is its disk mounted? If it is lost for good, "
            f"`saguire files refill {look.me}` fills it from the other hosts"
        )
    sources = [host for host in look.filers if host != look.me and look.online.get(host)]
    others = [host for host in look.bricks if host != look.me and look.online.get(host)]
    if not sources or len(others) < len(look.bricks) - 1:
        return Decision(why="the blank brick is filled when the bricks of all other hosts are served")
    return Decision(Step.REPLACE, f"the blank brick is filled from {_listed(sources)}")


def _options(look: Look, *, leads: bool) -> Decision | None:
    if not look.options:
        return None
    why = f"set: {', '.join(f'{name} {value}' for name, value in sorted(look.options.items()))}"
    return Decision(Step.SET, why) if leads else Decision(why="waits for its options")


def _absences(look: Look) -> Decision:
    away = [member for member in look.members if member not in look.connected]
    down = [host for host in look.bricks if host in look.connected and look.online.get(host) is False]
    return Decision(why=f"{WITHOUT}{_listed([*away, *down])}") if away or down else Decision()


def _listed(words: tuple[str, ...] | list[str]) -> str:
    return ", ".join(words)
