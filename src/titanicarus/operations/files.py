"""The files of a fleet: what each host that keeps or mounts them says. Goes to the hosts, never over a Salt master."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from titanicarus.control import layout
from titanicarus.fleet import Fleet
from titanicarus.fleet.volumes import Volume, volume_of
from titanicarus.operations.errors import OperationFailed
from titanicarus.transport import CommandFailed, Transport, Unreachable, run
from titanicarus.volumes import words
from titanicarus.volumes.facts import STATUS

VOLUMES = (layout.PYTHON, "-m", "titanicarus.volumes")
# In three lines: what the service found out, when it said so, and what time it is there. No Python: this is asked of
# many hosts, and again and again.
LOOK = ("sh", "-c", 'test ! -e "$1" || { cat "$1" && echo && stat -c %.3Y "$1" && date +%s.%N; }', "look", str(STATUS))
ASK_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Part:
    """What one host says of its brick or mount. `well` is False where nothing is known; `why` is a sentence."""

    host: str
    what: str
    well: bool
    why: str
    pending: int | None = None
    free_mib: int | None = None

    @property
    def serves(self) -> bool:
        """Whether it does its part, though others may be away."""
        return self.well or words.serves(self.why)


@dataclass(frozen=True, slots=True)
class VolumeView:
    """A volume in its island: first its bricks, then its mounts."""

    name: str
    parts: tuple[Part, ...]

    @property
    def pending(self) -> int:
        """Files that wait to be copied, by what the bricks know."""
        return max((part.pending or 0 for part in self.parts), default=0)

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        return {"volume": self.name, "pending": self.pending, "parts": [asdict(part) for part in self.parts]}


def look_at_files(transport: Transport, fleet: Fleet) -> tuple[VolumeView, ...]:
    """Every volume of the fleet. A host that gives no answer is shown as such."""
    volumes = [volume for name in sorted(fleet.islands) if (volume := volume_of(fleet, name))]
    names = sorted({host.id for volume in volumes for host in volume.clients})
    with ThreadPoolExecutor(max_workers=max(1, len(names))) as pool:
        answers = dict(zip(names, pool.map(lambda host: _ask(transport, host), names), strict=True))
    return tuple(_view(volume, answers) for volume in volumes)


def refill_brick(transport: Transport, fleet: Fleet, host: str) -> str:
    """The disk of the host's brick was lost: let it be filled from the others. Raises UnknownHost, OperationFailed."""
    volume = volume_of(fleet, fleet.host(host).island)
    if volume is None or fleet.host(host) not in volume.bricks:
        raise OperationFailed(f"{host} keeps no files: filers and arbiters do")
    try:
        done = run(transport, host, [*VOLUMES, "refill", volume.name], timeout=ASK_SECONDS)
    except CommandFailed as error:
        raise OperationFailed(f"{host}: {error.stderr.strip() or error}") from error
    return f"{host}: {done.stdout.decode().strip()}"


def _ask(transport: Transport, host: str) -> dict[str, Any] | str:
    """What it wrote down, or why that is not known."""
    try:
        return said(run(transport, host, LOOK, timeout=ASK_SECONDS).stdout.decode())
    except Unreachable as error:
        return error.reason
    except CommandFailed as error:
        return error.stderr.strip() or str(error)
    except ValueError as error:
        return f"its answer cannot be read: {error}"


def said(answer: str) -> dict[str, Any] | str:
    """The document in the answer to LOOK, or why it does not count. Raises ValueError."""
    if not answer:
        return "titanicarus-files has said nothing since the host started"
    document, *times = answer.splitlines()
    written, now = map(float, times)
    if now - written > words.STALE_SECONDS:
        return f"titanicarus-files has said nothing for {now - written:.0f} s"
    found: dict[str, Any] = json.loads(document)
    return found


def _view(volume: Volume, answers: dict[str, dict[str, Any] | str]) -> VolumeView:
    bricks = [_brick(volume, host.id, answers[host.id]) for host in volume.bricks]
    mounts = [_mount(volume, host.id, answers[host.id]) for host in volume.mounting]
    return VolumeView(volume.name, (*bricks, *mounts))


def _brick(volume: Volume, host: str, answer: dict[str, Any] | str) -> Part:
    if isinstance(answer, str):
        return Part(host, "brick", False, answer)
    brick = answer["bricks"].get(volume.name)
    if brick is None:
        return Part(host, "brick", False, "does not know of it: `saguire apply` tells it")
    well, why = words.brick(brick)
    free = brick["free"]
    return Part(host, "brick", well, why, brick["pending"], None if free is None else free >> 20)


def _mount(volume: Volume, host: str, answer: dict[str, Any] | str) -> Part:
    if isinstance(answer, str):
        return Part(host, "mount", False, answer)
    mount = answer["mounts"].get(volume.name)
    if mount is None:
        return Part(host, "mount", False, "does not know of it: `saguire apply` tells it")
    return Part(host, "mount", *words.mount(mount))
