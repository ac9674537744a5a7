"""GlusterFS as the file system of this host: see `titanicarus.volumes.filesystem`."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Sequence, Set
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

from titanicarus.volumes import connections
from titanicarus.volumes.errors import VolumeError
from titanicarus.volumes.facts import Facts, Mount, Volume
from titanicarus.volumes.filesystem import Health
from titanicarus.volumes.gluster import files, handles
from titanicarus.volumes.gluster.cli import Brick, Gluster, Known
from titanicarus.volumes.gluster.decide import Decision, Look, Step, decide
from titanicarus.volumes.gluster.options import wanted
from titanicarus.volumes.processes import older, pids

UNIT = "titanicarus-glusterd.service"
RESTART_SECONDS = 60.0
"""How long a glusterd that was restarted is left alone, whatever it says."""
ENDED_SECONDS = 2.0
"""How long a process that was told to end is waited for."""
APART_SECONDS = 20.0
"""How long the healing daemon may do without a brick that is served: it looks for it every three seconds."""
SOONEST_SECONDS, MOST_RARELY_SECONDS = 120.0, 86_400.0
"""Pauses between beginning the healing daemon anew because of a brick, while that does not help."""
FULL_BYTES = 64 << 20


def client(mount: Mount) -> list[str]:
    """The program that mounts and serves a mount."""
    return [
        "/usr/sbin/glusterfs",
        "--no-daemon",
        "--process-name=fuse",
        *(f"--volfile-server={server}" for server in mount.servers),
        f"--volfile-id=/{mount.name}",
        "--log-level=WARNING",
        "--log-file=-",
        "--fuse-mountopts=nodev,nosuid",
        str(mount.path),
    ]


def restart_glusterd() -> None:
    """Raises VolumeError. The bricks go on meanwhile."""
    argv = ["systemctl", "restart", UNIT]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=RESTART_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise VolumeError(f"{UNIT} could not be restarted within {RESTART_SECONDS:g} s") from error
    if done.returncode != 0:
        raise VolumeError(f"{UNIT} could not be restarted: {done.stderr.strip()}")


class GlusterFS:
    """This host's bricks. `restart` restarts glusterd, which then finds peers that are new to it."""

    def __init__(
        self,
        facts: Facts,
        gluster: Gluster | None = None,
        restart: Callable[[], None] = restart_glusterd,
        memory: Path = files.MEMORY,
    ) -> None:
        self._facts = facts
        self._gluster = gluster or Gluster()
        self._restart = restart
        self._memory = memory
        self._restarted = -RESTART_SECONDS
        self._folders: dict[str, Path] = {}
        self._were_full: set[str] = set()
        self._lacking: dict[str, dict[str, float]] = {}
        self._again_at: dict[str, float] = {}
        self._pause: dict[str, float] = {}

    def client(self, mount: Mount) -> Sequence[str]:
        """See FileSystem."""
        return client(mount)

    def health(self, volume: Volume) -> Health:
        """See FileSystem. Of the brick that the last `tend` has found."""
        folder = self._folders.get(volume.name)
        if folder is None:
            return Health(False, None, None, "this host's brick is not known yet")
        online = files.served(folder)
        waiting, free = files.waiting(folder), files.free(folder)
        pending = None if waiting is None else len(waiting)
        if not online:
            return Health(False, pending, free, f"the brick {folder} is not served")
        if free is not None and free < FULL_BYTES:
            self._were_full.add(volume.name)
            return Health(True, pending, free, f"the disk of {folder} is full: {free >> 20} MiB are left")
        if pending:
            return Health(True, pending, free, f"{pending} files wait to be copied to other bricks")
        return Health(True, pending, free, "served")

    def tend(self, volume: Volume) -> str:
        """See FileSystem."""
        look = self._look(volume)
        decision = decide(look)
        if decision.step:
            return self._act(volume, look, decision)
        return decision.why or self._mend(volume)

    def _mend(self, volume: Volume) -> str:
        """What a disk without a free block has left unfinished, once there is room again."""
        folder = self._folders.get(volume.name)
        if volume.name not in self._were_full or folder is None or (files.free(folder) or 0) < FULL_BYTES:
            return ""
        mended, young = handles.mend(folder)
        if young:
            return f"has room again: {young} files may not have the name by which they can be healed"
        self._were_full.discard(volume.name)
        return f"has room again: {mended} files have got the name by which they can be healed" if mended else ""

    def waiting(self, volume: Volume) -> Set[str]:
        """See FileSystem."""
        folder = self._folders.get(volume.name)
        return (files.waiting(folder) if folder else None) or frozenset()

    def in_split_brain(self, volume: Volume) -> tuple[str, ...]:
        """See FileSystem."""
        return self._gluster.in_split_brain(volume.name)

    def heal_all(self, volume: Volume) -> None:
        """See FileSystem."""
        self._gluster.heal_all(volume.name)

    def renew(self, volume: Volume, written: float) -> str:
        """See FileSystem."""
        if older("glusterd", than=written):
            self._restarted = monotonic()
            self._restart()
            return "glusterd has begun anew, with the new certificate"
        folder = self._folders.get(volume.name)
        old = older("glusterfs", f"shd/{volume.name}", than=written)
        if folder is not None:
            old += older(files.BRICK, str(folder), than=written)
        if not old:
            return ""
        self._begin_anew(volume, old)
        return "the brick has begun anew, with the new certificate"

    def reconnect(self, volume: Volume) -> str:
        """See FileSystem."""
        now, before = monotonic(), self._lacking.get(volume.name, {})
        lacking = {
            host
            for pid in pids("glusterfs", f"shd/{volume.name}")
            for host in connections.lacking(pid, volume.bricks)
            if connections.answers(host)
        }
        since = {host: before.get(host, now) for host in lacking}
        long = sorted(host for host, at in since.items() if now - at >= APART_SECONDS)
        self._lacking[volume.name] = since
        if not since:
            self._pause.pop(volume.name, None)
        if not long or now < self._again_at.get(volume.name, 0.0):
            return ""
        pause = self._pause.get(volume.name, SOONEST_SECONDS)
        self._again_at[volume.name], self._pause[volume.name] = now + pause, min(4 * pause, MOST_RARELY_SECONDS)
        self._lacking[volume.name] = {}
        self._begin_anew(volume, pids("glusterfs", f"shd/{volume.name}"))
        return f"the healing daemon has begun anew, to reach {', '.join(long)}"

    def _begin_anew(self, volume: Volume, processes: Sequence[int]) -> None:
        """At once: clients look for a brick again after three seconds, and then it had better be there."""
        for pid in processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        deadline = monotonic() + ENDED_SECONDS
        while any(Path(f"/proc/{pid}/fd").exists() for pid in processes) and monotonic() < deadline:
            sleep(0.02)
        self._gluster.start(volume.name)

    def _look(self, volume: Volume) -> Look:
        names = {member.uuid: member.id for member in self._facts.pool}
        found = self._gluster.connected()
        peers = {names[identity]: connected for identity, connected in found.items() if identity in names}
        known = self._gluster.volume(volume.name)
        own = self._own(known)
        folder = own.path if own else files.first_folder(volume.name)
        mark = files.mark(folder)
        online: dict[str, bool] = {}
        differing: dict[str, str] = {}
        if known and known.started:
            online = {names[one]: on for one, on in self._gluster.online(volume.name).items() if one in names}
            if own and online.get(own.host):
                online[own.host] = files.served(own.path)  # glusterd may not have noticed yet
        if known:
            differing = {name: value for name, value in wanted(volume).items() if known.options.get(name) != value}
            if own:
                self._folders[volume.name] = folder
            if mark == known.id:
                files.remember(volume.name, known.id, self._memory)
        remembered = files.remembered(self._memory).get(volume.name)
        # glusterds mark folders first and may then refuse to make the volume, as when they have not all met yet.
        if known is None and mark and not remembered and files.take_mark_back(folder):
            mark = None
        return Look(
            me=self._facts.host,
            members=tuple(member.id for member in self._facts.pool),
            bricks=volume.bricks,
            filers=tuple(member.id for member in self._facts.pool if not member.arbiter),
            peers=peers,
            known=known,
            online=online,
            mark=mark,
            remembered=remembered,
            options=differing,
        )

    def _own(self, known: Known | None) -> Brick | None:
        return next((brick for brick in known.bricks if brick.host == self._facts.host), None) if known else None

    def _act(self, volume: Volume, look: Look, decision: Decision) -> str:
        name = volume.name
        match decision.step:
            case Step.RESTART:
                if monotonic() - self._restarted < RESTART_SECONDS:
                    return decision.why
                self._restarted = monotonic()
                self._restart()
            case Step.CREATE:
                folder = files.first_folder(name)
                self._gluster.create(name, [f"{host}:{folder}" for host in volume.bricks], 1)
                # Before it starts, so that nobody ever reaches it without a certificate.
                self._gluster.set(name, wanted(volume))
                self._gluster.start(name)
            case Step.SET:
                self._gluster.set(name, look.options)
            case Step.START:
                if look.options and look.known and not look.known.started:
                    self._gluster.set(name, look.options)
                self._gluster.start(name)
            case Step.REPLACE:
                old = self._own(look.known)
                if old is not None:
                    new = Brick(old.host, old.uuid, files.next_folder(old.path))
                    self._gluster.replace(name, old, new)
        return decision.why
