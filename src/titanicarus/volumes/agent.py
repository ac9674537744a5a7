"""Looks after the files of this host: its bricks, its mounts, and what there is to say of them.

One thread looks at mounts each second, another tends bricks: glusterd may take a minute to answer.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from titanicarus.control import files
from titanicarus.volumes import renewal, units
from titanicarus.volumes.errors import VolumeError
from titanicarus.volumes.facts import STATUS, Facts, Volume
from titanicarus.volumes.filesystem import FileSystem
from titanicarus.volumes.folders import Folders
from titanicarus.volumes.gluster.system import GlusterFS
from titanicarus.volumes.mount_watch import MountWatch
from titanicarus.volumes.waiting import Waiting

LOOK_SECONDS = 1.0
TEND_SECONDS = 60.0
"""How often glusterd is asked when all is well."""
HURRY_SECONDS = 3.0
"""And when something has just happened."""
LONG_SECONDS = 15.0
"""And when what is waited for has not come for half a minute."""
_JUST = 30.0

Say = Callable[[str], None]


class BrickWatch:
    """Looks after this host's bricks. `begin` starts its thread."""

    def __init__(self, facts: Facts, system: FileSystem, say: Say) -> None:
        self._volumes, self._system, self._say = facts.volumes, system, say
        self._host, self._pool = facts.host, [member.id for member in facts.pool]
        self._waits: dict[str, str] = {}
        self._waiting = {
            volume.name: Waiting(volume.bricks.index(facts.host) if facts.host in volume.bricks else 0)
            for volume in facts.volumes
        }
        self._torn: dict[str, tuple[str, ...]] = {}
        self._changed_at = 0.0

    def begin(self) -> None:
        """Tend in a thread of its own from now on."""
        if self._volumes:
            threading.Thread(target=self._run, name="bricks", daemon=True).start()

    def document(self) -> dict[str, Any]:
        """What is known of this host's bricks, by volume. `waits` is "" when all is as wanted, `torn` are files of
        which no copy can be said to be the right one."""
        return {
            volume.name: {
                **asdict(self._system.health(volume)),
                "waits": self._waits.get(volume.name, "has not been looked at yet"),
                "torn": list(self._torn.get(volume.name, ())),
            }
            for volume in self._volumes
        }

    def tend(self) -> bool:
        """One look at every volume; whether all is well."""
        well = True
        for volume in self._volumes:
            try:
                why = self._system.tend(volume)
                self._look_at_what_waits(volume, complete=not why)
                if not why:
                    why = self._system.reconnect(volume)
                if not why and not self._waiting[volume.name].any and renewal.turn(self._host, self._pool, time.time()):
                    why = self._system.renew(volume, renewal.written())
            except (VolumeError, OSError) as error:
                why = str(error)
            if why != self._waits.get(volume.name):
                self._say(f"volume {volume.name}: {why or 'as wanted'}")
                self._changed_at = time.monotonic()
            self._waits[volume.name] = why
            well = well and not why
        return well

    def _run(self) -> None:
        pause = threading.Event()
        due, well = 0.0, False
        while True:
            lost = well and not all(self._system.health(volume).online for volume in self._volumes)
            if lost or time.monotonic() >= due:
                well = self.tend()
                due = time.monotonic() + self._pause(well=well)
            pause.wait(HURRY_SECONDS)

    def _pause(self, *, well: bool) -> float:
        """Until the next look."""
        if well and not any(waiting.any for waiting in self._waiting.values()):
            return TEND_SECONDS
        return HURRY_SECONDS if time.monotonic() - self._changed_at < _JUST else LONG_SECONDS

    def _look_at_what_waits(self, volume: Volume, *, complete: bool) -> None:
        """When none of the files that wait is healed any more: they may wait for a folder which nobody knows to be
        missing, so every folder is walked through. If that was in vain, they may wait for a person."""
        waiting, now = self._waiting[volume.name], time.monotonic()
        waiting.see(self._system.waiting(volume), now, complete=complete)
        if not waiting.any:
            self._torn.pop(volume.name, None)
        stuck = waiting.stuck(now)
        if not stuck:
            return
        walked = waiting.walked
        self._system.heal_all(volume)
        waiting.ordered(now)
        words = f"of {stuck} files that wait to be copied none has been healed for long: every folder is walked through"
        self._say(f"volume {volume.name}: {words}")
        if walked:
            self._look_for_torn_files(volume)

    def _look_for_torn_files(self, volume: Volume) -> None:
        """Costs a look at each file that waits: of thousands it takes minutes."""
        torn = self._system.in_split_brain(volume)
        if torn != self._torn.get(volume.name, ()):
            self._say(f"volume {volume.name}: no copy can be said to be the right one of {', '.join(torn) or 'none'}")
        self._torn[volume.name] = torn


class Agent:
    """Everything of one host. `look` is called once a second."""

    def __init__(self, facts: Facts, say: Say, system: FileSystem | None = None, status: Path = STATUS) -> None:
        self._facts, self._say, self._status = facts, say, status
        self._bricks = BrickWatch(facts, system or GlusterFS(facts), say)
        self._mounts = [MountWatch(facts.host, mount, say) for mount in facts.mounts]
        self._folders = Folders(facts.mounts, facts.folders, say)

    def begin(self) -> None:
        """End clients of files that are not this host's any more, then begin. Raises VolumeError."""
        for name in sorted(units.there() - {mount.name for mount in self._facts.mounts}):
            self._say(f"{name} is not mounted here any more")
            units.stop(name)
        self._bricks.begin()
        self._folders.begin()

    def look(self) -> str:
        """Look at mounts, write the status down; gives a sentence for `systemctl status`."""
        for watch in self._mounts:
            watch.look()
        document = self.document()
        if not files.write(self._status, json.dumps(document), 0o644, durable=False):
            os.utime(self._status)  # the same words, said again: its age says that somebody still says them
        words = [f"{name} {mount['why']}" for name, mount in document["mounts"].items()]
        words += [f"brick of {name}: {brick['waits'] or brick['why']}" for name, brick in document["bricks"].items()]
        return "; ".join(words)

    def document(self) -> dict[str, Any]:
        """What `saguire files status` shows of this host."""
        return {
            "host": self._facts.host,
            "mounts": {watch.mount.name: watch.document() for watch in self._mounts},
            "bricks": self._bricks.document(),
        }
