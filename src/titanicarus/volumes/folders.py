"""Folders of sites that take uploads, made on a volume once it is mounted, by each host that serves these sites."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from titanicarus.sftp.folder import FILES
from titanicarus.sites import folder as site_folder
from titanicarus.sites.disk import reader_gid
from titanicarus.sites.model import FOLDER_MODE, placeholder_page
from titanicarus.volumes import units
from titanicarus.volumes.errors import VolumeError
from titanicarus.volumes.facts import Folder, Mount

AGAIN_SECONDS = 10.0
_PASS_ONLY = 0o711
_SHOWN = 0o755

Say = Callable[[str], None]


class Folders:
    """Makes what is missing, in a thread of its own: a mount may hang. It ends when all are there."""

    def __init__(self, mounts: Sequence[Mount], wanted: Sequence[Folder], say: Say) -> None:
        self._mounts, self._wanted, self._say = mounts, wanted, say

    def begin(self) -> None:
        """Once: what has been made stays."""
        if self._wanted:
            for mount in self._mounts:
                threading.Thread(target=self._run, args=(mount,), name=f"folders of {mount.name}", daemon=True).start()

    def _run(self, mount: Mount) -> None:
        gid, said, pause = reader_gid(), "", threading.Event()
        while True:
            try:
                if mount.path in units.mounted():
                    with opened(mount.path) as volume:
                        made = [one.site for one in self._wanted if make(volume, one, gid)]
                    if made:
                        self._say(f"{mount.path} has a folder for what is uploaded to {', '.join(made)}")
                    return
            except (OSError, VolumeError) as error:
                if str(error) != said:
                    said = str(error)
                    self._say(f"{mount.path}: a site's folder could not be made: {said}")
            pause.wait(AGAIN_SECONDS)


@contextmanager
def opened(mount: Path) -> Iterator[Path]:
    """A path by which only this very mount is reached, also when it ends meanwhile: nothing is ever written below."""
    descriptor = os.open(mount, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_dev == mount.parent.stat().st_dev:
            raise VolumeError(f"nothing is mounted at {mount}")
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def make(volume: Path, folder: Folder, gid: int) -> bool:
    """Make what is missing of a site's folder, for its user and the group `gid`; whether its own was missing.

    It is root's until it is handed over, so of a host that dies in between the next one takes it up. What has been
    handed over is never touched. Raises OSError, and VolumeError when it belongs to somebody else.
    """
    above = volume
    for part in folder.shown.split("/"):
        above /= part
        _roots(above, _SHOWN if above == volume / folder.shown else _PASS_ONLY)
    own = above / FILES
    try:
        own.mkdir(mode=0o700)
        new = True
    except FileExistsError:
        new = False
    owner = own.lstat().st_uid
    if owner == folder.uid:
        return False
    if owner != 0:
        raise VolumeError(f"{folder.shown}/{FILES} belongs to the user id {owner}, and {folder.site} is {folder.uid}")
    if new and folder.index:
        site_folder.write(str(own), folder.index, placeholder_page(folder.site), (folder.uid, gid))
    own.chmod(FOLDER_MODE)
    os.chown(own, folder.uid, gid, follow_symlinks=False)
    return True


def _roots(path: Path, mode: int) -> None:
    """Nobody but root can put anything else where this folder is."""
    path.mkdir(exist_ok=True)
    about = path.stat()
    if (about.st_uid, about.st_mode & 0o7777) != (0, mode):
        os.chown(path, 0, 0)
        path.chmod(mode)
