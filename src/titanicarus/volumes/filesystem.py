"""What the platform asks of a mirrored file system. GlusterFS answers it in `gluster`; another one could.

A file system is asked on each host for that host's own part. Nothing here waits for other hosts: what cannot be done
yet is done at a later call.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Protocol

from titanicarus.volumes.facts import Mount, Volume


@dataclass(frozen=True, slots=True)
class Health:
    """This host's part of a volume. `online`: it is served; `pending` is how many files the other copies lack of it, as
    far as it knows; `free` is in bytes, None when that could not be found out; `why` is a sentence."""

    online: bool
    pending: int | None
    free: int | None
    why: str


class FileSystem(Protocol):
    """A mirrored file system on this host."""

    def client(self, mount: Mount) -> Sequence[str]:
        """The program, with its arguments, that mounts and serves the mount for as long as it runs."""
        ...

    def health(self, volume: Volume) -> Health:
        """A cheap look at this host's part, which asks no daemon and no other host."""
        ...

    def tend(self, volume: Volume) -> str:
        """Bring this host's part one step nearer to what is wanted; may take a minute. Gives what was done or is
        waited for, and "" when all is as wanted. Raises VolumeError."""
        ...

    def waiting(self, volume: Volume) -> Set[str]:
        """Names, of whatever kind, of the files that `health` counts; none when they cannot be read. Asks nobody."""
        ...

    def in_split_brain(self, volume: Volume) -> tuple[str, ...]:
        """Files of which no copy can be said to be the right one. Costs a look at every file that waits. Raises
        VolumeError."""
        ...

    def heal_all(self, volume: Volume) -> None:
        """Begin to compare every file with its other copies, also those that are not known to wait. Raises
        VolumeError."""
        ...

    def renew(self, volume: Volume, written: float) -> str:
        """End and begin anew what serves the volume here since before `written` (Unix time), when this host's
        certificate came. To be called when nothing waits and all is served. Gives what was done, "" if there was
        nothing to do. Raises VolumeError."""
        ...

    def reconnect(self, volume: Volume) -> str:
        """Begin what heals the volume here anew if it has done for long without a host's part that is there. To be
        called when all is served. Gives what was done, "" if there was nothing to do. Raises
        VolumeError and OSError."""
        ...
