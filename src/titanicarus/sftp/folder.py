"""The folder that a person or a site is shut into: root's own, as sshd demands, with the home or the files in it."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from pathlib import Path

PEOPLE = "people"
HOME = "home"
FILES = "files"
"""What is a site's own in its folder."""
_PASS_ONLY = 0o711
"""Of the folder with everybody's: who others are is nobody's business."""
_ROOTS = 0o755
_OWN = 0o700


class NotHere(Exception):
    """This person's files cannot be served by this host; the message says why, for the journal."""


def prepare(
    person: pwd.struct_passwd,
    volume: Path,
    shard: str,
    least_id: int,
    is_mounted: Callable[[Path], bool] = os.path.ismount,
) -> Path:
    """Make what is missing of a person's folder on the shard's files; gives the folder. Needs root.

    People have ids from `least_id` on.

    Raises NotHere for somebody who is at home in another shard or is no person, when the files are not mounted (nothing
    is ever written where they would be), and when the home belongs to somebody else.
    """
    if person.pw_uid < least_id:
        raise NotHere(f"{person.pw_name} is a user of the system and has no files here")
    home_folder = f"/home/{shard}/{person.pw_name}"
    if person.pw_dir != home_folder:
        raise NotHere(f"{person.pw_name} is at home in {person.pw_dir}, and the files of {shard} are served here")
    if not is_mounted(volume):
        raise NotHere(f"{volume} is not mounted: `saguire files status` says why")
    everybody = volume / PEOPLE
    own = everybody / person.pw_name
    for folder, mode in ((everybody, _PASS_ONLY), (own, _ROOTS)):
        folder.mkdir(exist_ok=True)
        about = folder.stat()
        if (about.st_uid, about.st_mode & 0o7777) != (0, mode):
            os.chown(folder, 0, 0)
            folder.chmod(mode)
    _give(own / HOME, person)
    return own


def check_site(folder: Path, volume: Path, is_mounted: Callable[[Path], bool] = os.path.ismount) -> None:
    """Whether a site's folder can be shown: the agent of files makes it. Raises NotHere."""
    if not is_mounted(volume):
        raise NotHere(f"{volume} is not mounted: `saguire files status` says why")
    if not (folder / FILES).is_dir():
        raise NotHere(f"{folder / FILES} has not been made yet: `journalctl -u titanicarus-files` says why")


def _give(home: Path, person: pwd.struct_passwd) -> None:
    """A new folder is root's until it is handed over, so a host that dies in between leaves one that the next takes up;
    one that the person has stays as it is."""
    try:
        home.mkdir(mode=_OWN)
    except FileExistsError:
        owner = home.lstat().st_uid
        if owner not in {0, person.pw_uid}:
            raise NotHere(f"{home} belongs to the user id {owner}, and {person.pw_name} is {person.pw_uid}") from None
        if owner == person.pw_uid:
            return
    os.chown(home, person.pw_uid, person.pw_gid, follow_symlinks=False)
