"""Runs on every control host, by a timer: certificates get a successor long before they end, without anybody.

    python -m titanicarus.control.renew HOST [--root FOLDER]

All certificates of a release are of one window (titanicarus.pki.window_at), and the next window begins when they have a
third of their life left. Then each control host compiles the revision that it serves once more, by its own clock, if
the clocks of other hosts agree. As certificates are derived (docs/adr/0010), all of them come to the same release,
which the operator's next push finds there as well. Then the two masters that come first to an island's help apply it
there.

A host that had not applied what was served before is left alone: what an operator pushed and did not apply is the
operator's to apply. What was done, and what could not be done, is in the ledger (docs/healing.md).
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from titanicarus.control import files, layout
from titanicarus.control.apply import Behind, Outcome, answers, job, result_of, salt_job, waves
from titanicarus.control.deploy import PROTOCOL, active_facts, release_name
from titanicarus.control.errors import ControlError
from titanicarus.fleet import load
from titanicarus.heal import facts as guard_facts
from titanicarus.heal import holds
from titanicarus.heal.ledger import FOLDER, Ledger
from titanicarus.pki import Window, window_at

CLOCK_SECONDS = 3600.0
"""How far clocks may differ. It is about weeks here; what is to be found is a clock that is months off."""
STAGE_SECONDS = 300.0
ASK_SECONDS = 60.0
APPLY_SECONDS = 900.0
SOONEST_SECONDS, LATEST_SECONDS = 900.0, 86_400.0
"""When a host that could not be renewed is asked again: after so long, doubled each time, up to the other."""
LOCK = Path("/run/titanicarus/renewal.lock")
PATIENT_TRIES = 2
"""From which try on a master also asks hosts where an apply that it did not ask for has not ended well."""
FIRST_TWO = 2


class NotRenewed(Exception):
    """Nothing was changed; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """A release that this host made by itself. `before` are the revisions of each host in the releases that it follows;
    `asked` are hosts that this master has told to apply it. `tries` counts, and `next_try` (Unix time) is when the
    hosts that are left are asked again."""

    release: str
    before: Mapping[str, Sequence[str]] = field(default_factory=dict)
    asked: Sequence[str] = ()
    tries: int = 0
    next_try: float = 0.0


@dataclass(frozen=True, slots=True)
class Standing:
    """What a host says of itself: the `revision` that it applied last, and its `clock` (Unix time)."""

    revision: str
    clock: float


def due(facts: Mapping[str, Any], now: datetime) -> Window | None:
    """The window that certificates of a release should be of by now, if they are of an earlier one."""
    if "certificate_days" not in facts:  # of an older version: only a push knows
        return None
    window = window_at(now, facts["certificate_days"])
    return window if window.index > facts["window"] else None


def doubt(now: float, clocks: Iterable[float], *, alone: bool) -> str:
    """Why this host's clock is not to be believed; "" if it is. `clocks` are other hosts'; `alone`: there are none."""
    differences = [abs(now - clock) for clock in clocks]
    near = sum(difference <= CLOCK_SECONDS for difference in differences)
    if not differences and not alone:
        return "no other host could be asked for the time"
    if differences and 2 * near <= len(differences):
        worst = timedelta(seconds=round(sorted(differences)[len(differences) // 2]))
        return f"the clocks of {len(differences) - near} of {len(differences)} other hosts are about {worst} off"
    return ""


def to_apply(
    renewal: Renewal, wanted: Mapping[str, str], found: Mapping[str, Standing], held: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """Which of the hosts in `wanted` (host to revision) are to be asked now; and of those that are not there yet and
    are not asked, why. `held` says what holds a host."""
    ask, left, between = [], {}, []
    for host, revision in wanted.items():
        said = found.get(host)
        if said is None:
            left[host] = "gives no answer"
        elif said.revision == revision:
            continue
        elif not said.revision:
            between.append(host)
        elif said.revision not in renewal.before.get(host, ()):
            left[host] = "had not applied what was pushed: `saguire apply` brings it the new certificates as well"
        elif host in held:
            left[host] = held[host]
        else:
            ask.append(host)
    if not between:
        return ask, left
    # An apply goes on there, or ended badly. Until that is over nobody else is asked: it may be the other of a pair.
    left |= dict.fromkeys(ask, f"waits for {', '.join(between)}")
    mine = [host for host in between if host in renewal.asked or renewal.tries >= PATIENT_TRIES]
    left |= {host: "an apply of it goes on, or has failed" for host in between if host not in mine}
    return [host for host in mine if host not in held], left | {host: held[host] for host in mine if host in held}


def later(renewal: Renewal, now: float) -> Renewal:
    """The same, to be gone on with when it is time."""
    wait = min(SOONEST_SECONDS * 2**renewal.tries, LATEST_SECONDS)
    return replace(renewal, tries=renewal.tries + 1, next_try=now + wait)


class Host:
    """This control host: its disk, its release and its Salt master."""

    def __init__(self, me: str, root: Path) -> None:
        """`me` is its id. Raises NoFacts."""
        self.me, self._root = me, root
        self.deploy = layout.Deploy(layout.below(root, layout.DEPLOY))
        self.facts = guard_facts.read(self.me, root)
        self._ledger = Ledger(self.me, layout.below(root, FOLDER))
        self._incident = ""

    # What is known

    @property
    def listening(self) -> list[str]:
        """The hosts whose minions listen to this master, this one among them."""
        return [host for host in self.facts.hosts if self.facts.turn(host) is not None]

    @property
    def own(self) -> list[str]:
        """The hosts that this master sees to: an island's own masters come first."""
        return [host for host in self.listening if (self.facts.turn(host) or 0) < FIRST_TWO]

    def held(self, now: float) -> dict[str, str]:
        """What holds hosts: a pause, or maintenance."""
        known = holds.read(layout.below(self._root, holds.FILE))
        found = {host: holds.over(known, (holds.FLEET, self.facts.hosts[host].island, host), now) for host in self.own}
        return {host: hold.sentence(now) for host, hold in found.items() if hold is not None}

    def standing(self, hosts: Sequence[str]) -> dict[str, Standing]:
        """What each of these hosts says of itself; those that say nothing are not in it."""
        found = {}
        for host, said in answers(salt_job(hosts, "platform.standing"), time.monotonic() + ASK_SECONDS):
            try:
                found[host] = Standing(str(said["revision"]), float(said["clock"]))
            except (TypeError, KeyError, ValueError):
                continue  # its minion is of an older version, or was busy
        return found

    # What is done

    def compile(self, window: Window) -> Renewal:
        """Have the served revision compiled for a window, and serve that. Raises NotRenewed."""
        facts = active_facts(self.deploy)
        name = release_name(facts["revision"], facts["trust"], window.index)
        header = {
            "protocol": PROTOCOL,
            "release": name,
            "revision": facts["revision"],
            "trust": facts["trust"],
            "trust_bytes": 0,
            "now": window.start.isoformat(),
            "judge": False,
        }
        self._deploy("stage", data=json.dumps(header).encode() + b"\n")
        earlier = self.remembered()  # who missed a window has the revision of the one before
        missed = earlier.before if earlier else {}
        renewal = Renewal(name, {host: [*missed.get(host, ()), one] for host, one in facts["hosts"].items()})
        # Before the switch: a power cut after it would leave a new release that nobody applies.
        self.keep(renewal)
        switched = datetime.fromisoformat(json.loads(self.deploy.active.read_bytes())["at"])
        at = switched + timedelta(seconds=1)  # who missed the last push stays behind those that did not
        self._deploy("activate", "--release", name, "--at", at.isoformat(), "--after", facts["release"])
        return renewal

    def _deploy(self, *words: str, data: bytes = b"") -> None:
        """By the code of the release that is served, as a push does it; leaving no bytecode in it."""
        source = layout.Release(self.deploy.current).tree / "src"
        argv = [sys.executable, "-m", "titanicarus.control.deploy", *words, "--root", str(self._root)]
        environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            argv, env=environment, input=data, capture_output=True, timeout=STAGE_SECONDS, check=False
        )
        if done.returncode != 0:
            said = (done.stdout + done.stderr).decode(errors="replace").strip()
            raise NotRenewed(f"`deploy {words[0]}` ended with {done.returncode}: {said[-600:]}")

    def apply(self, renewal: Renewal, hosts: Sequence[str]) -> tuple[Renewal, dict[str, str]]:
        """Apply the renewed release to these hosts, no two of a pair at once, while it is the one that is served. Gives
        back who has been asked by now, and what failed: host to reason."""
        release = self.deploy.release(renewal.release)
        expected = self.revisions(renewal)
        failed = dict.fromkeys(hosts, "was not asked: another host comes first")
        for wave in waves(load(release.tree), hosts):
            if self.remembered() is None:
                return renewal, dict.fromkeys(failed, "something else was pushed meanwhile")
            failed |= dict.fromkeys(wave, "gave no answer")
            renewal = replace(renewal, asked=sorted({*renewal.asked, *wave}))
            self.keep(renewal)
            argv = job({host: expected[host] for host in wave}, dict.fromkeys(wave, Behind()), full=False, test=False)
            for host, said in answers(argv, time.monotonic() + APPLY_SECONDS):
                result = result_of(host, said)
                if result.outcome in (Outcome.APPLIED, Outcome.UNCHANGED):
                    failed.pop(host, None)
                else:
                    failed[host] = "; ".join([str(result.outcome), *(f"{name}: {why}" for name, why in result.failed)])
            if any(host in failed for host in wave):
                break  # what is wrong with one host of a pair is not done to the other
        return renewal, failed

    def revisions(self, renewal: Renewal) -> dict[str, str]:
        """What the hosts that this master sees to are to have."""
        hosts: Mapping[str, str] = json.loads(self.deploy.release(renewal.release).facts.read_bytes())["hosts"]
        return {host: revision for host, revision in hosts.items() if host in self.own}

    # What is remembered

    def remembered(self) -> Renewal | None:
        """The renewal that goes on; None when what is served now was pushed."""
        try:
            found = Renewal(**json.loads(self._memory.read_bytes()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            return None  # damaged: `saguire apply` does what is left
        return found if found.release == active_facts(self.deploy).get("release") else None

    def keep(self, renewal: Renewal | None) -> None:
        """Remember it; None: it is done."""
        if renewal is None:
            self._memory.unlink(missing_ok=True)
        else:
            files.write(self._memory, json.dumps(asdict(renewal)), 0o600)

    @property
    def _memory(self) -> Path:
        return self.deploy.path / "renewal.json"

    @property
    def telling(self) -> bool:
        """Whether an incident was opened, which then has to have an end."""
        return bool(self._incident)

    def seldom(self) -> bool:
        """Whether what keeps certificates from being renewed was not told within a day."""
        mark = self.deploy.path / "renewal.told"
        if mark.exists() and time.time() - mark.stat().st_mtime < LATEST_SECONDS:
            return False
        mark.touch()
        return True

    def tell(self, now: float, step: str, sentence: str, **more: Any) -> None:
        """Into the ledger, and to whoever reads the log."""
        print(sentence, flush=True)
        self._incident = self._incident or time.strftime("%Y%m%d-%H%M%S-", time.gmtime(now)) + "cert"
        island = self.facts.hosts[self.me].island
        entry = {"at": round(time.time(), 3), "master": self.me, "incident": f"{self._incident}-{self.me}"}
        self._ledger.add({**entry, "subject": f"certificates of {island}", "step": step, "sentence": sentence, **more})


def renew(host: Host, now: float) -> int:
    """One look, and what follows from it; the exit code. Raises what keeps it from being done, once that is told."""
    window = due(active_facts(host.deploy), datetime.fromtimestamp(now, UTC))
    renewal = host.remembered()
    if window is None and (renewal is None or now < renewal.next_try):
        return 0
    began = time.monotonic()
    try:
        return _renew(host, now, window, renewal, began)
    except Exception as error:
        if host.telling or host.seldom():
            seconds = round(time.monotonic() - began, 1)
            host.tell(now, "closed", f"not renewed: {error}", result="escalated", seconds=seconds)
        raise


def _renew(host: Host, now: float, window: Window | None, renewal: Renewal | None, began: float) -> int:
    found = host.standing(host.listening)
    if window is not None:
        others = [said.clock for name, said in found.items() if name != host.me]
        why = doubt(now, others, alone=host.listening == [host.me])
        if why:
            raise NotRenewed(f"certificates are due by this host's clock, and {why}: set the clocks right")
        renewal = host.compile(window)
        start = window.start.date()
        host.tell(now, "found", f"certificates had less than a third of their life left: those of {start} were made")
        host.tell(now, "renewed", f"{renewal.release} is served; it differs in certificates only")
    assert renewal is not None
    ask, left = to_apply(renewal, host.revisions(renewal), found, host.held(now))
    if ask:
        host.tell(now, "applying", f"{', '.join(ask)}: told to apply them")
        renewal, failed = host.apply(renewal, ask)
        left |= failed
    host.keep(later(renewal, now) if left else None)
    if window is not None or ask:
        failing = "; ".join(f"{name}: {why}" for name, why in left.items())
        sentence = f"not everywhere yet, and tried again: {failing}" if left else "all hosts have new certificates"
        seconds = round(time.monotonic() - began, 1)
        result = "escalated" if set(left) & set(ask) else "left" if left else "healed"
        host.tell(now, "closed", sentence, result=result, seconds=seconds)
    return 1 if set(left) & set(ask) else 0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="renew", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("host", help="this host's id")
    parser.add_argument("--root", type=Path, default=Path("/"), help="the host's file system, for tests")
    options = parser.parse_args(arguments)
    try:
        host = Host(options.host, options.root)
        place = layout.below(options.root, LOCK)
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return renew(host, time.time())
    except (NotRenewed, guard_facts.NoFacts, holds.BadHolds, ControlError, OSError, subprocess.TimeoutExpired) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
