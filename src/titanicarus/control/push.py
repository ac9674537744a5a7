"""The operator's side of a push: one revision to every control host, checked by all before any serves it.

What travels to `deploy stage` on standard input: one line of JSON (the header), then `trust_bytes` bytes of the trust
document, then a git pack, each of the two empty when the host has it already.
"""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from titanicarus import pki
from titanicarus.control import layout, masters
from titanicarus.control.deploy import PROTOCOL, REFUSED, SEND_ALL, release_name
from titanicarus.control.errors import ActivationFailed, NoMaster, Refused, Unjudged
from titanicarus.control.masters import Serving
from titanicarus.control.secrets import Secrets
from titanicarus.control.snapshot import Snapshot, take
from titanicarus.control.trust import Trust, digest_of
from titanicarus.fleet import Declaration, load
from titanicarus.transport import CommandFailed, Transport, Unreachable, run

STAGE_SECONDS = 300.0
ACTIVATE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Pushed:
    """How a push ended. `activated` hosts serve the release since now, `already` did before; `unreachable` (host ->
    reason) get it with the next push. `seconds` has the wall time of each step."""

    release: str
    activated: tuple[str, ...]
    already: tuple[str, ...]
    unreachable: Mapping[str, str]
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return bool(self.activated)


@dataclass(frozen=True, slots=True)
class _Parcel:
    """What one push carries."""

    release: str
    snapshot: Snapshot
    trust: bytes = field(repr=False)
    now: datetime

    def header(self, *, judge: bool, trust_bytes: int) -> bytes:
        document = {
            "protocol": PROTOCOL,
            "release": self.release,
            "revision": self.snapshot.revision,
            "trust": digest_of(self.trust),
            "trust_bytes": trust_bytes,
            "now": self.now.isoformat(),
            "judge": judge,
        }
        return json.dumps(document).encode() + b"\n"


def push(
    root: Path,
    transport: Transport,
    secrets: Secrets,
    state: Path,
    *,
    fleet_file: Path | None = None,
    declaration: Declaration | None = None,
    now: datetime | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Pushed:
    """Bring the checkout at `root` to every reachable control host, or change nothing anywhere.

    `state` is the lab's state folder (the snapshot's git directory and a lock lie there), `declaration` what
    `load(root, fleet_file)` gave when the caller has it already.
    Raises InvalidInput (the tree is refused here), Refused (a control host refuses it), NoMaster (no control host can
    be reached), Unjudged (the one that judged new code was lost), ActivationFailed (a host could not switch; all
    were switched back).
    """
    clock = _Clock()
    declared = declaration or load(root, fleet_file)
    with _one_at_a_time(state):
        parcel = _wrap(declared, take(root, state / "snapshots.git", fleet_file), secrets, now or datetime.now(UTC))
        clock.lap("snapshot")
        found, away = masters.serving(transport, masters.control_hosts(declared))
        if not found:
            raise NoMaster(away)
        already = tuple(host for host, one in found.items() if one.release == parcel.release and one.at)
        clock.lap("look")
        behind = {host: one for host, one in found.items() if host not in already}
        if not behind:
            return Pushed(parcel.release, (), already, away, clock.laps)
        progress(f"checking {parcel.release} on {len(behind)} control hosts")
        staged, lost = _stage_all(transport, parcel, behind)
        clock.lap("stage")
        progress(f"switching {len(staged)} control hosts to {parcel.release}")
        activated, lost_later = _activate_all(transport, parcel, {host: behind[host] for host in staged})
        clock.lap("activate")
    return Pushed(parcel.release, activated, already, {**away, **lost, **lost_later}, clock.laps)


def _wrap(declared: Declaration, snapshot: Snapshot, secrets: Secrets, now: datetime) -> _Parcel:
    trust = Trust.of(secrets).to_json()
    window = pki.window_at(now, declared.policy.certificate_days)
    return _Parcel(release_name(snapshot.revision, digest_of(trust), window.index), snapshot, trust, now)


def _stage_all(
    transport: Transport, parcel: _Parcel, behind: Mapping[str, Serving]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Have every host check and compile the release, and one judge its code. One refusal is everybody's."""
    packs = cache(parcel.snapshot.pack)
    judge = min(behind)

    def stage(host: str) -> dict[str, Any]:
        base = behind[host].revision
        answer = _stage(transport, host, parcel, packs(base), trust=base is None, judge=host == judge)
        if answer is None:
            answer = _stage(transport, host, parcel, packs(None), trust=True, judge=host == judge)
        if answer is None:
            return {"refused": [f"{host} asks for the whole revision again and again; see its {layout.DEPLOY}"]}
        return answer

    answers, lost = masters.everywhere(behind, stage)
    reasons: dict[str, tuple[str, ...]] = {}
    for host, answer in answers.items():
        for reason in answer.get("refused", ()):
            reasons[reason] = (*reasons.get(reason, ()), host)
    if reasons:
        raise Refused(reasons)
    if not answers:
        raise NoMaster(lost)
    # A host that has yet to apply this version's library may answer without saying so, when it has the release already.
    if not any(answer.get("judged", host == judge) for host, answer in answers.items()):
        raise Unjudged(judge, lost[judge])
    _same_everywhere({host: answer["hosts"] for host, answer in answers.items() if "hosts" in answer})
    return tuple(answers), lost


def _same_everywhere(compiled: Mapping[str, Mapping[str, str]]) -> None:
    """Hosts that compile the same tree to different pillars would undo each other's applies for ever."""
    distinct = {json.dumps(hosts, sort_keys=True): host for host, hosts in compiled.items()}
    if len(distinct) > 1:
        one, other, *_ = sorted(distinct.values())
        reason = f"{one} and {other} compiled different pillars from the same tree; do they run the same image?"
        raise Refused({reason: (one, other)})


def _stage(
    transport: Transport, host: str, parcel: _Parcel, pack: bytes, *, trust: bool, judge: bool
) -> dict[str, Any] | None:
    """One host's answer, or None when it lacks something that was not sent."""
    document = parcel.trust if trust else b""
    argv = [layout.PYTHON, "-m", "titanicarus.control.deploy", "stage"]
    data = parcel.header(judge=judge, trust_bytes=len(document)) + document + pack
    done = run(transport, host, argv, input=data, timeout=STAGE_SECONDS, check=False)
    if done.returncode == SEND_ALL:
        return None
    if done.returncode not in {0, REFUSED}:
        raise CommandFailed(host, argv, done.returncode, done.stderr.decode(errors="replace"))
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _activate_all(
    transport: Transport, parcel: _Parcel, staged: Mapping[str, Serving]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Switch all hosts; when one cannot, switch the others back to what they served."""

    def activate(host: str) -> str | None:
        try:
            _activate(transport, host, parcel.release, parcel.now.isoformat())
        except CommandFailed as error:
            return str(error)
        return None

    answers, lost = masters.everywhere(staged, activate)
    failed = {host: reason for host, reason in answers.items() if reason}
    if not failed:
        return tuple(answers), lost
    reasons = list(failed.values())
    for host, before in staged.items():
        try:
            if before.release and before.at and host not in lost:
                _activate(transport, host, before.release, before.at)
        except (CommandFailed, Unreachable) as error:
            reasons.append(f"and back: {error}")
    raise ActivationFailed("; ".join(reasons))


def _activate(transport: Transport, host: str, release: str, at: str) -> None:
    """By the release's own code, which may know more to do than what is installed on the host; not changing the release
    by leaving bytecode in it."""
    source = layout.Deploy(layout.DEPLOY).release(release).tree / "src"
    argv = ["env", f"PYTHONPATH={source}", "PYTHONDONTWRITEBYTECODE=1", layout.PYTHON]
    argv += ["-m", "titanicarus.control.deploy", "activate", "--release", release, "--at", at]
    run(transport, host, argv, timeout=ACTIVATE_SECONDS)


class _Clock:
    """Wall seconds of consecutive steps."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name] = round(now - self._last, 3)
        self._last = now


@contextmanager
def _one_at_a_time(state: Path) -> Iterator[None]:
    state.mkdir(parents=True, exist_ok=True)
    with (state / "push.lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
