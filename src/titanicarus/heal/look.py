"""The second look, on the host itself: asks systemd, sees who is at work, and claims the unit for whoever asks."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path

from titanicarus.control import layout
from titanicarus.drain.standing import host_is_drained
from titanicarus.heal import claims, here, holds
from titanicarus.heal.claims import Claim, Taken
from titanicarus.heal.decide import FRESH_SECONDS
from titanicarus.heal.here import Here
from titanicarus.heal.sight import Sight, State, past

LOCKS = Path("/proc/locks")
APPLY = Path("/run/titanicarus-apply.lock")
PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "ActiveEnterTimestampMonotonic",
    "InactiveEnterTimestampMonotonic",
    "NRestarts",
)
SECONDS = 10.0
_DATABASE = "titanicarus-mariadb@"
_RUNNING = {"active", "reloading", "refreshing"}

Show = Callable[[str], dict[str, str]]


def show(unit: str) -> dict[str, str]:
    """What systemd says of a unit. Raises OSError or subprocess.SubprocessError: unknown is not stopped."""
    argv = ["systemctl", "--no-pager", "show", "--property", ",".join(PROPERTIES), unit]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=SECONDS, check=True, stdin=subprocess.DEVNULL)
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which master looks, for which incident, and because of which report: one of the boot `report_boot`, made when the
    host had been up for `report_up` seconds. Without a boot it is no report's look, but a person's."""

    by: str
    incident: str
    claim: bool = True
    report_boot: str = ""
    report_up: float = 0.0

    def may_claim(self, boot: str, up: float) -> bool:
        """Only for a report that this host can have made: nobody else knows the id of its boot, so strangers cannot
        keep masters busy with a unit of this host."""
        age = up - self.report_up
        return self.claim and (not self.report_boot or (self.report_boot == boot and -1.0 <= age <= FRESH_SECONDS))


def look(place: Here, host: str, unit: str, asked: Asked, ask: Show = show) -> Sight:
    """Look, and claim the unit for `claims.LOOK_SECONDS` unless another master has it.

    Raises OSError, BadHolds and ValueError when files of this host cannot be read.
    """
    boot, up, now = here.boot(), here.up(), time.time()
    wanted = Claim(unit, asked.by, asked.incident, boot, round(up + claims.LOOK_SECONDS, 1))
    mine, standing = claimed(place, wanted, up) if asked.may_claim(boot, up) else (True, None)
    found = state_of(unit, ask)
    running = place.invocations()
    return Sight(
        host=host,
        unit=unit,
        boot=boot,
        up=round(up, 1),
        state=found.state,
        running_for=found.running_for,
        stopped_for=found.stopped_for,
        restarts=found.restarts,
        enabled=bool(place.enabled([unit])),
        booting=place.booting(running),
        drained=host_is_drained(place.root),
        busy=busy(place, unit, running),
        revision=applied(place),
        holds=holds.read(place.below(holds.FILE)),
        acts=past(claims.acts(place.below(claims.ACTS)), now),
        claimed=mine,
        claim=standing,
    )


def claimed(place: Here, claim: Claim, up: float) -> tuple[bool, Claim]:
    """Whether the unit is the asker's now, and the claim that stands."""
    try:
        claims.take(claim, up, place.below(claims.CLAIMS))
    except Taken as taken:
        return False, taken.claim
    return True, claim


@dataclass(frozen=True, slots=True)
class Found:
    """A unit as systemd has it; titanicarus.heal.sight.Sight says what each is."""

    state: State
    running_for: float = 0.0
    stopped_for: float = 0.0
    restarts: int = 0


def state_of(unit: str, ask: Show = show) -> Found:
    """The unit as it is now."""
    try:
        said = ask(unit)
    except (OSError, subprocess.SubprocessError):
        return Found(State.UNKNOWN)
    return found_in(said, time.clock_gettime(time.CLOCK_MONOTONIC))


def found_in(said: dict[str, str], now: float) -> Found:
    """From what `systemctl show` says; `now` by systemd's clock (CLOCK_MONOTONIC)."""

    def since(key: str) -> float:
        return round(max(0.0, now - int(said.get(key) or 0) / 1_000_000), 1)

    active, restarts = said.get("ActiveState", ""), int(said.get("NRestarts") or 0)
    if "LoadState" not in said:
        return Found(State.UNKNOWN)
    if active in _RUNNING:
        return Found(State.RUNNING, running_for=since("ActiveEnterTimestampMonotonic"), restarts=restarts)
    if said.get("SubState", "").startswith("auto-restart"):
        return Found(State.TRYING, restarts=restarts)
    if active in ("activating", "deactivating"):
        return Found(State.STARTING, restarts=restarts)
    if active in ("inactive", "failed"):
        # One that has not run since the boot has no such moment: it has been stopped for as long as there is one.
        return Found(State.STOPPED, stopped_for=since("InactiveEnterTimestampMonotonic"), restarts=restarts)
    return Found(State.UNKNOWN)


def busy(place: Here, unit: str, running: Container[str]) -> str | None:
    """Why this unit may be stopped on purpose just now, as a sentence; None when nobody is at work on it."""
    if locked(place.below(APPLY)):
        return "the host's states are being applied just now, and that puts units right by itself"
    if unit.startswith(_DATABASE):
        shard = unit.removeprefix(_DATABASE).removesuffix(".service")
        turn = place.below(Path(f"/run/titanicarus/mariadb-{shard}.lock"))
        if f"titanicarus-rebuild@{shard}.service" in running or locked(turn):
            return f"the copy of {shard} is being made or changed just now"
    return None


def locked(path: Path, listing: Path = LOCKS) -> bool:
    """Whether a process holds a lock (flock) on a file. Looking takes no lock, so it keeps nobody out."""
    try:
        about = path.stat()
    except FileNotFoundError:
        return False
    mark = f"{os.major(about.st_dev):02x}:{os.minor(about.st_dev):02x}:{about.st_ino}"
    return any(words[1] == "FLOCK" and words[5] == mark for words in map(str.split, listing.read_text().splitlines()))


def applied(place: Here) -> str:
    """The revision that was applied here last with success, "" if that is not known."""
    try:
        return str(json.loads(place.below(layout.APPLIED).read_bytes()).get("revision") or "")
    except (FileNotFoundError, ValueError, AttributeError):
        return ""
