"""Looks after one mount of this host: has it tried, judges what was seen, and repairs it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from titanicarus.volumes import connections, processes, renewal, units
from titanicarus.volumes.errors import VolumeError
from titanicarus.volumes.facts import Mount
from titanicarus.volumes.mounts import Seen, Verdict, judge
from titanicarus.volumes.trial import DOUBT_SECONDS, EVERY_SECONDS, Trial, write_and_read

CLIENT = "glusterfs"
"""The program that serves a mount."""
CLIENT_SECONDS = 30.0
"""How often the client is looked at: its certificate, and the bricks that it is connected to."""
APART_SECONDS = 30.0
"""For how long a client may do without a brick that may be there; each of its island's clients a different while."""
SOONEST, MOST_RARELY = 300.0, 86_400.0
"""Pauses between mounting anew because of a brick, while that does not help: it may be the brick that is broken."""

Say = Callable[[str], None]


@dataclass
class MountWatch:
    """`look` is called every second or so. `say` hears everything that changes."""

    host: str
    mount: Mount
    say: Say
    clock: Callable[[], float] = time.monotonic
    _repaired_at: float | None = None
    _repairs: int = 0
    _total: int = 0
    _said: str = ""
    _since: float = 0.0
    _tried_at: float = 0.0
    _asked_at: float = 0.0
    _lacking: list[str] = field(default_factory=list)
    _again_at: float = 0.0
    _again: float = SOONEST
    _verdict: Verdict = field(default_factory=lambda: Verdict(False, False, "is not looked at yet"))

    def __post_init__(self) -> None:
        self._trial = Trial(lambda: write_and_read(self.mount.path, self.host), self.clock, self.mount.name)

    def look(self) -> None:
        """One look, and a repair if one is due."""
        now = self.clock()
        mounted = self.mount.path in units.mounted()
        if mounted and now - self._tried_at >= (EVERY_SECONDS if self._verdict.well else DOUBT_SECONDS):
            self._tried_at = now
            self._trial.begin()
        self._verdict = judge(now, self._seen(mounted))
        if self._verdict.well:
            self._repaired_at, self._repairs = None, 0
        if self._verdict.why.partition(" for ")[0] != self._said.partition(" for ")[0]:
            self._said, self._since = self._verdict.why, now
            self.say(f"{self.mount.path} {self._verdict.why}")
        if self._verdict.repair:
            self._repair(now, mounted=mounted)
        elif self._verdict.well and now - self._asked_at >= CLIENT_SECONDS:
            self._asked_at = now
            self._look_at_client(now)

    def document(self) -> dict[str, Any]:
        """What is known of it, for `saguire files status`. `since` is how many seconds ago `why` began."""
        return {
            "path": str(self.mount.path),
            "well": self._verdict.well,
            "why": self._verdict.why + (f", not by {', '.join(self._lacking)}" if self._lacking else ""),
            "since": round(self.clock() - self._since, 1),
            "repairs": self._total,
        }

    def _seen(self, mounted: bool) -> Seen:
        trial = self._trial
        return Seen(
            mounted,
            trying_since=trial.trying_since if mounted else None,
            good_at=trial.good_at,
            error=trial.error,
            failing_since=trial.failing_since,
            repaired_at=self._repaired_at,
            repairs=self._repairs,
        )

    def _look_at_client(self, now: float) -> None:
        """Mount anew, when nobody minds, if the client still shows a certificate that has a successor, or if it does
        without a brick that is there. `now` by this watch's clock."""
        path = self.mount.path
        try:
            lacking = self._out_of_touch()
            if lacking and not self._lacking:
                # Not every client of an island at once, when it is a brick that has ended.
                self._again_at = now + APART_SECONDS * (1 + renewal.place(self.host))
            if lacking != self._lacking:
                self.say(f"{path} is served by {'all bricks' if not lacking else 'bricks but ' + ', '.join(lacking)}")
            self._lacking = lacking
            if not lacking:
                self._again = SOONEST
            old = processes.older(CLIENT, str(path), than=renewal.written())
            if not old and not (lacking and now >= self._again_at):
                return
            busy = processes.in_use(path)  # a look at every open file of the host
            if old and renewal.mount_is_due(self.host, time.time(), renewal.latest(), busy=busy):
                self._begin_anew("with the new certificate")
            elif lacking and not busy and now >= self._again_at:
                self._again_at, self._again = now + self._again, min(4 * self._again, MOST_RARELY)
                self._begin_anew(f"to reach {', '.join(lacking)}")
        except (OSError, ValueError, VolumeError) as error:
            self.say(f"{path} could not be looked at: {error}")

    def _out_of_touch(self) -> list[str]:
        """Hosts with a brick that the client does without, though they are there."""
        client = processes.pids(CLIENT, str(self.mount.path))
        lacking = connections.lacking(client[0], self.mount.servers) if client else []
        return [host for host in lacking if connections.answers(host)]

    def _begin_anew(self, why: str) -> None:
        self.say(f"{self.mount.path} is mounted anew, {why}")
        self._repaired_at, self._repairs = self.clock(), 1  # or it is repaired while it begins
        self._trial.forget()
        units.start(self.mount.name)

    def _repair(self, now: float, *, mounted: bool) -> None:
        self._repaired_at, self._repairs = now, self._repairs + 1
        self._trial.forget()
        try:
            if mounted:
                self._total += 1
                self.say(f"{self.mount.path} {self._verdict.why}: it is mounted anew")
                units.again(self.mount.name)
            else:
                units.start(self.mount.name)
        except VolumeError as error:
            self.say(str(error))
