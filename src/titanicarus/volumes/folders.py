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
        left, said, pause = self._wanted, set[str](), threading.Event()
        while True:
            if mount.path in units.mounted():
                left, troubles = self._make(mount, left)
                for trouble in troubles:
                    if trouble not in said:
                        said.add(trouble)
                        self._say(f"{mount.path}: a site's folder could not be made: {trouble}")
                if not left:
                    return
            pause.wait(AGAIN_SECONDS)

    def _make(self, mount: Mount, wanted: Sequence[Folder]) -> tuple[list[Folder], list[str]]:
        """Those that could not be made, and why. One that cannot be keeps no other from being made."""
        gid, left, troubles = reader_gid(), [], []
        try:
            with opened(mount.path) as volume:
                for one in wanted:
                    try:
                        if make(volume, one, gid):
                            self._say(f"{mount.path} has a folder for what is uploaded to {one.site}")
                    except (OSError, VolumeError) as error:
                        left.append(one)
                        troubles.append(str(error))
        except (OSError, VolumeError) as error:
            return list(wanted), [str(error)]
        return left, troubles


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

    It is root's until it is handed over, so of a host that dies in between the next one takes it up. Of what has been
    handed over only the door is kept shut: nobody but the site and the web server comes in. Raises OSError, and
    VolumeError when it belongs to somebody else.
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
    about = own.lstat()
    if about.st_uid == folder.uid:
        if (about.st_gid, about.st_mode & 0o7777) != (gid, FOLDER_MODE):  # a client set the mode of all that it has
            os.chown(own, folder.uid, gid, follow_symlinks=False)
            own.chmod(FOLDER_MODE)
        return False
    if about.st_uid != 0:
        raise VolumeError(
            f"{folder.shown}/{FILES} belongs to the user id {about.st_uid}, and {folder.site} is {folder.uid}: give it "
            f"to that id, with all that is in it, or say `uid: {about.st_uid}` at the site"
        )
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
