"""The `gluster` command of this host: what glusterd knows, and orders to it. Each call costs a tenth of a second."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from titanicarus.volumes.errors import Silent, VolumeError

SECONDS = 60.0
_MISSING = 30806  # of `volume info`: "Volume does not exist"

Run = Callable[[Sequence[str], float], str]


@dataclass(frozen=True, slots=True)
class Brick:
    """One brick as glusterd has it: the host's name and identity, and the folder there."""

    host: str
    uuid: str
    path: Path

    def __str__(self) -> str:
        return f"{self.host}:{self.path}"


@dataclass(frozen=True, slots=True)
class Known:
    """A volume as glusterd has it. `options` are those that were set."""

    id: str
    started: bool
    bricks: tuple[Brick, ...]
    options: Mapping[str, str] = field(default_factory=dict)


class Gluster:
    """Asks and orders. Every method raises Silent without an answer, and VolumeError with glusterd's own words."""

    def __init__(self, run: Run | None = None) -> None:
        self._run = run or _run

    def connected(self) -> dict[str, bool]:
        """Identity of each other host of the pool, and whether it is connected and one of us."""
        root = self._ask("peer", "status")
        return {
            _text(peer, "uuid"): _text(peer, "connected") == "1" and _text(peer, "stateStr") == "Peer in Cluster"
            for peer in root.iterfind("peerStatus/peer")
        }

    def volume(self, name: str) -> Known | None:
        """None when the pool has no volume of that name."""
        root = self._ask("volume", "info", name, accept=_MISSING)
        found = root.find("volInfo/volumes/volume")
        if found is None:
            return None
        bricks = []
        for brick in found.iterfind("bricks/brick"):
            host, _, path = _text(brick, "name").partition(":")
            bricks.append(Brick(host, _text(brick, "hostUuid"), Path(path)))
        options = {_text(option, "name"): _text(option, "value") for option in found.iterfind("options/option")}
        return Known(_text(found, "id"), _text(found, "statusStr") == "Started", tuple(bricks), options)

    def online(self, name: str) -> dict[str, bool]:
        """Identity of each connected host with a brick of a started volume, and whether the brick is served."""
        root = self._ask("volume", "status", name)
        nodes = (node for node in root.iterfind("volStatus/volumes/volume/node") if _text(node, "path").startswith("/"))
        return {_text(node, "peerid"): _text(node, "status") == "1" for node in nodes}

    def in_split_brain(self, name: str) -> tuple[str, ...]:
        """Files of which no copy can be said to be the right one; sorted. Looks at each that waits to be healed."""
        root = self._ask("volume", "heal", name, "info", "split-brain")
        files = {file.text or "" for file in root.iterfind("healInfo/bricks/brick/file")}
        return tuple(sorted(files))

    def heal_all(self, name: str) -> None:
        """Let healing daemons begin to walk through every folder."""
        argv = ["gluster", "--mode=script", "volume", "heal", name, "full"]
        said = self._run(argv, SECONDS)
        if "has been successful" not in said:  # it speaks no XML here
            raise VolumeError(f"`{' '.join(argv)}`: {' '.join(said.split())[:300]}")

    def create(self, name: str, bricks: Sequence[str], arbiters: int) -> None:
        """Make a volume of `host:folder` bricks, each with all files, the last `arbiters` of them without content."""
        kind = ["replica", str(len(bricks)), "arbiter", str(arbiters), "transport", "tcp"]
        # Without `force` glusterd refuses folders on the disk of the system, which a small host has only.
        self._ask("volume", "create", name, *kind, *bricks, "force")

    def set(self, name: str, options: Mapping[str, str]) -> None:
        """Set options of a volume, all in one go."""
        self._ask("volume", "set", name, *(word for option in sorted(options.items()) for word in option))

    def start(self, name: str) -> None:
        """Start a volume, or the bricks of it that should be served and are not."""
        self._ask("volume", "start", name, "force")

    def replace(self, name: str, old: Brick, new: Brick) -> None:
        """Let an empty folder be a brick in the place of another one; all files are then copied to it."""
        self._ask("volume", "replace-brick", name, str(old), str(new), "commit", "force")

    def _ask(self, *words: str, accept: int = 0) -> ET.Element:
        argv = ["gluster", "--mode=script", "--xml", *words]
        said = self._run(argv, SECONDS)
        try:
            root = ET.fromstring(said)  # noqa: S314
            code, number = int(_text(root, "opRet")), int(_text(root, "opErrno"))
        except (ET.ParseError, ValueError) as error:
            raise Silent(f"`{' '.join(argv)}`: glusterd gave no answer: {said.strip()[:300] or error}") from error
        if code != 0 and (number != accept or not accept):
            raise VolumeError(f"`{' '.join(argv[:1] + list(words))}`: {_text(root, 'opErrstr') or f'error {number}'}")
        return root


def _text(element: ET.Element, name: str) -> str:
    return (element.findtext(name) or "").strip()


def _run(argv: Sequence[str], seconds: float) -> str:
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=seconds, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise Silent(f"`{' '.join(argv)}` gave no answer within {seconds:g} s") from error
    except OSError as error:
        raise VolumeError(f"`{argv[0]}` cannot be run: {error}; install glusterfs-server") from error
    return done.stdout or done.stderr
