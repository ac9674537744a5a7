"""The pool of an island's glusterds, written down instead of introduced to each other.

Everybody's identity is derived from its name, so each glusterd finds on its own disk, before it starts, who it is and
who the others are. No host has to be up first, and a blank machine that takes a dead one's place is known already: the
others give it the volumes when it connects.
"""

from __future__ import annotations

from pathlib import Path

from titanicarus.control import files
from titanicarus.volumes.errors import VolumeError
from titanicarus.volumes.facts import Facts, Member

WORKING = Path("/var/lib/glusterd")
OPERATING_VERSION = 110000
"""What GlusterFS 11 writes down when it starts anew; it raises it by itself."""
_BEFRIENDED = 3  # GD_FRIEND_STATE_BEFRIENDED of glusterd-sm.h


def prepare(facts: Facts, working: Path = WORKING) -> list[str]:
    """Write down who this host is and who the others are; gives what changed. glusterd must not run.

    Raises VolumeError when the folder belongs to a glusterd that is somebody else.
    """
    own = facts.own
    if own is None:
        raise VolumeError(f"{facts.host} keeps no files: glusterd has nothing to do here")
    changed = _identity(own, working)
    for member in facts.pool:
        if member != own and files.write(working / "peers" / member.uuid, _peer(member), 0o600):
            changed.append(f"{member.id} is a peer")
    wanted = {member.uuid for member in facts.pool}
    for path in sorted((working / "peers").glob("*")):
        if path.name not in wanted and not path.name.startswith(".") and not _has_bricks(path, working):
            path.unlink()
            changed.append(f"{path.name} is no peer any more")
    return changed


def _identity(own: Member, working: Path) -> list[str]:
    path = working / "glusterd.info"
    present = dict(_lines(path)) if path.exists() else {}
    if present.get("UUID") == own.uuid:
        return []
    if any((working / "vols").glob("*/info")):
        raise VolumeError(
            f"{path} says {present.get('UUID', 'nothing')}, {own.id} is {own.uuid}, and there are volumes in {working}:"
            " they are another pool's. Move the folder aside if they are not needed, then start titanicarus-glusterd"
        )
    files.write(path, f"UUID={own.uuid}\noperating-version={OPERATING_VERSION}\n", 0o600)
    return [f"this host is {own.uuid}"]


def _peer(member: Member) -> str:
    return f"uuid={member.uuid}\nstate={_BEFRIENDED}\nhostname1={member.id}\n"


def _has_bricks(peer: Path, working: Path) -> bool:
    """Whether a volume has a brick on that host: then it stays a peer until the brick has gone elsewhere."""
    names = {value for key, value in _lines(peer) if key.startswith("hostname")}
    bricks = (path for path in (working / "vols").glob("*/bricks/*"))
    return any(value in names for path in bricks for key, value in _lines(path) if key == "hostname")


def _lines(path: Path) -> list[tuple[str, str]]:
    split = (line.partition("=") for line in path.read_text(encoding="utf-8").splitlines())
    return [(key.strip(), value.strip()) for key, _, value in split]
