"""The operator's side of an apply: Salt jobs from a master of each island, one result for each host. The CLI prints.

Each island's hosts are asked by a master of their own island where one lives, so that an apply needs no VPN: the first
one makes it. New data alone is asked for by one master for all who listen to it, as each `salt` command costs a second
of processor time before it has asked anybody.
"""

from __future__ import annotations

import fnmatch
import json
import queue
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from titanicarus.control.errors import ControlError, NoMaster
from titanicarus.control.masters import listeners, pick_masters
from titanicarus.control.touched import touched
from titanicarus.fleet.roles import PAIRED
from titanicarus.transport import Transport, Unreachable, run

if TYPE_CHECKING:
    from titanicarus.fleet import Declaration

SALT = "/usr/local/bin/salt"
RECORD = "/var/lib/titanicarus/applied"  # written by the execution module platform
RECORD_SECONDS = 10.0
PING_SECONDS = 10
# After this time Salt asks silent minions whether they still work, and gives up on those that do not answer within the
# masters' gather_job_timeout. Twenty-seven busy minions on two cores are slow to say that they are busy.
ASK_AFTER_SECONDS = 30
# How long a living host that Salt gave up on is waited for. Its minion gives way to everything else on it: while a
# whole fleet boots on two slow cores, minions that were at work have been seen to say nothing for two minutes.
PATIENCE_SECONDS = 240.0
# Whether somebody holds the lock of the execution module platform. `heal.look.locked` finds that out where our library
# is; a host has none before its first apply, and a busy one should not have to start Python to say so.
AT_WORK = """
set -- $(stat -c '%Hd %Ld %i' /run/titanicarus-apply.lock) && [ $# = 3 ] &&
grep -q "FLOCK .* $(printf '%02x:%02x:%d' "$1" "$2" "$3") " /proc/locks
"""
AT_WORK_SECONDS = 5.0
USAGE_ERRORS = frozenset({64})  # EX_USAGE: what salt ends with when it does not understand its arguments


class Outcome(StrEnum):
    """How an apply ended on one host. Only the first two are success; of the last two nothing is known.

    HELD_BACK: not asked, because a host of an earlier wave failed or the time was over.
    """

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    HELD_BACK = "held back"
    NO_ANSWER = "no answer"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Behind:
    """What a host lacks: new states or code, or, when `since` is given, only new data for those that it has.

    since
        The revision that it applied last.
    only
        The components that the new data can touch, None for all.
    """

    since: str | None = None
    only: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class HostResult:
    """`changed` has the ids of states that changed something, the first 40 of `changes`; `failed` pairs of state id and
    comment; `seconds` is the host's own run time."""

    host: str
    outcome: Outcome
    changed: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    states: int = 0
    changes: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Applied:
    """The results by host id, sorted; `masters` are the control hosts that ran jobs, `seconds` the wall time."""

    masters: tuple[str, ...]
    results: Mapping[str, HostResult]
    seconds: float

    @property
    def ok(self) -> bool:
        return all(result.outcome in {Outcome.APPLIED, Outcome.UNCHANGED} for result in self.results.values())

    def having(self, *outcomes: Outcome) -> tuple[HostResult, ...]:
        """The results with one of these outcomes."""
        return tuple(result for result in self.results.values() if result.outcome in outcomes)


class JobNotRun(ControlError):
    """The `salt` command itself failed; no host was asked."""


class NoSuchTarget(ControlError):
    """A target matches no host of the fleet."""


def apply(
    transport: Transport,
    declaration: Declaration,
    target: str | None = None,
    *,
    full: bool = False,
    test: bool = False,
    deadline: float = 900.0,
    patience: float = PATIENCE_SECONDS,
    progress: Callable[[str], None] = lambda _: None,
) -> Applied:
    """Apply the pushed state to the hosts that match `target` (a host id or a pattern like `syd-*`; None: all).

    Hosts that are at their declared state already are left alone unless `full`. When states or code are new (and with
    `full`), the others go in waves, so that the hosts of a pair are never changed at the same time, and when a host of
    a wave fails, later waves are held back. New data, such as one more site, goes to all at once.
    A living host that did not answer is waited for while it applies. If it does not, as its minion had just lost its
    master, it is asked once more when it is back within `patience` seconds. `deadline` in seconds bounds the whole; a
    host that has not answered by then has the outcome NO_ANSWER. Raises NoMaster and NoSuchTarget.
    """
    started = time.monotonic()
    until = started + deadline
    wanted = _matching(declaration, target)
    masters = _Masters(transport, declaration, wanted)
    away = [host for host in wanted if not transport.reachable(host)]
    results = {host: HostResult(host, Outcome.UNREACHABLE) for host in away}
    living = [host for host in wanted if host not in away]
    behind = dict.fromkeys(living, Behind()) if full or test else _behind(transport, living, masters)
    asked = list(behind)
    careful = any(lack.since is None for lack in behind.values())
    results |= {host: HostResult(host, Outcome.UNCHANGED) for host in living if host not in asked}
    results |= {host: HostResult(host, Outcome.HELD_BACK) for host in asked}

    used: set[str] = set()

    def ask(hosts: Sequence[str], *, together: bool = False) -> None:
        jobs = {
            master: job({host: masters.expected.get(host) for host in some}, behind, full=full, test=test)
            for master, some in masters.share(hosts, together=together).items()
        }
        used.update(jobs)
        for host, answer in _answers_to_all(transport, jobs, until):
            if host in hosts:
                results[host] = result_of(host, answer)
                progress(f"{host}: {_brief(results[host])}")

    for wave in waves(declaration, asked) if careful else filter(None, [asked]):
        if any(result.outcome is Outcome.FAILED for result in results.values()) or time.monotonic() > until:
            break
        results |= {host: HostResult(host, Outcome.NO_ANSWER) for host in wave}
        ask(wave, together=not careful)
        silent = [host for host in wave if results[host].outcome is Outcome.NO_ANSWER and transport.reachable(host)]
        while silent and time.monotonic() < until:
            # Salt gave up on them as their minions, which give way to all else, did not even say that they are busy.
            busy = [host for host in silent if _is_at_work(transport, host)]
            idle = [host for host in silent if host not in busy]
            rest = min(patience, until - time.monotonic())
            missing = wait_until_ready(transport, declaration, idle, deadline=rest) if idle else []
            if len(missing) < len(idle):
                # The master that asked may be what was lost.
                masters = _Masters(transport, declaration, wanted)
                ask([host for host in idle if host not in missing])
            silent = busy
            if silent and not idle:
                time.sleep(min(AT_WORK_SECONDS, max(until - time.monotonic(), 0.0)))
    return Applied(tuple(sorted(used)), dict(sorted(results.items())), round(time.monotonic() - started, 2))


def _is_at_work(transport: Transport, host: str) -> bool:
    try:
        return run(transport, host, ["sh", "-c", AT_WORK], timeout=RECORD_SECONDS, check=False).returncode == 0
    except Unreachable:
        return False


class _Masters:
    """Which master asks which hosts: one of the host's own island where one lives. Raises NoMaster."""

    def __init__(self, transport: Transport, declaration: Declaration, hosts: Sequence[str]) -> None:
        self._transport, self._declaration = transport, declaration
        self._island = {host: declaration.fleet.host(host).island for host in hosts}
        self._serving = pick_masters(transport, declaration, self._island.values())
        self.expected: dict[str, str] = {}
        for host, island in self._island.items():
            serving = self._serving[island]
            if serving.hosts is None:
                raise NoMaster({serving.host: "nothing was pushed yet: run push first"})
            if host in serving.hosts:
                self.expected[host] = serving.hosts[host]

    def touched(self, host: str, since: str, components: Sequence[str]) -> tuple[str, ...] | None:
        """Those of a host's components that what is new since a revision can touch; None for all."""
        serving = self._serving[self._island[host]]
        before, after = serving.sections.get(since), serving.sections.get(self.expected.get(host, ""))
        if before is None or after is None:
            return None
        only = touched(before, after, components, serving.reads)
        return None if only is None else tuple(only)

    def share(self, hosts: Sequence[str], *, together: bool = False) -> dict[str, list[str]]:
        """The hosts that each master asks, by master; with `together` one asks all if one is heard by all."""
        shares: dict[str, list[str]] = {}
        for host in hosts:
            shares.setdefault(self._serving[self._island[host]].host, []).append(host)
        for master in shares if together and len(shares) > 1 else ():
            if listeners(self._transport, self._declaration, master).issuperset(hosts):
                return {master: list(hosts)}
        return shares


def wait_until_ready(
    transport: Transport,
    declaration: Declaration,
    hosts: Sequence[str],
    *,
    deadline: float = 120.0,
    progress: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Wait until the minions of `hosts` answer their island's master. Returns those that did not within `deadline`
    seconds."""
    until = time.monotonic() + deadline
    missing = set(hosts)
    pause = 0.5
    while missing and time.monotonic() < until:
        try:
            shares = _Masters(transport, declaration, sorted(missing)).share(sorted(missing))
        except NoMaster:
            time.sleep(0.5)
            continue
        for host, answer in _answers_to_all(transport, {master: _ping(some) for master, some in shares.items()}, until):
            if answer is True:
                missing.discard(host)
        progress(f"{len(hosts) - len(missing)} of {len(hosts)} minions answer {', '.join(sorted(shares))}")
        # Asking is work too, and the minions that are missing are busy starting, or at work.
        time.sleep(pause if missing else 0)
        pause = min(2 * pause, 16.0)
    return sorted(missing)


def waves(declaration: Declaration, hosts: Sequence[str]) -> list[list[str]]:
    """Split the hosts so that no two of a wave have the same paired role on one island; first come, first served."""
    split: list[list[str]] = []
    for host in (declaration.fleet.host(name) for name in hosts):
        duties = {(host.island, role) for role in host.roles if role in PAIRED}
        for wave in split:
            others = [declaration.fleet.host(name) for name in wave]
            if not duties & {(other.island, role) for other in others for role in other.roles}:
                wave.append(host.id)
                break
        else:
            split.append([host.id])
    return split


def _behind(transport: Transport, hosts: Sequence[str], masters: _Masters) -> dict[str, Behind]:
    """The hosts whose own record does not say that they are at their declared state; asking costs no Salt job."""

    def look(host: str) -> Behind | None:
        try:
            record = json.loads(run(transport, host, ["cat", RECORD], timeout=RECORD_SECONDS, check=False).stdout)
            revision = str(record["revision"])
        except (ValueError, KeyError, TypeError, Unreachable):
            return Behind()  # nothing is known of it
        expected = masters.expected.get(host, "")
        if revision == expected:
            return None
        if revision.partition("-")[0] != expected.partition("-")[0]:
            return Behind()
        return Behind(revision, masters.touched(host, revision, record.get("components", ())))

    with ThreadPoolExecutor(max_workers=8) as pool:
        found = zip(hosts, pool.map(look, hosts), strict=True)
        return {host: behind for host, behind in found if behind is not None}


def _matching(declaration: Declaration, target: str | None) -> list[str]:
    known = [host.id for host in declaration.fleet.hosts]
    wanted = known if target is None else fnmatch.filter(known, target)
    if not wanted:
        raise NoSuchTarget(f"no host of the fleet matches {target!r}; the hosts are {', '.join(known)}")
    return wanted


def job(expected: Mapping[str, str | None], behind: Mapping[str, Behind], *, full: bool, test: bool) -> list[str]:
    """What asks hosts to apply. `expected` has the hosts to ask, and the revision that each is to reach (None: the
    master knows of none)."""
    revisions = {host: revision for host, revision in expected.items() if revision is not None}
    only = {
        host: {"since": behind[host].since, "components": behind[host].only}
        for host in expected
        if behind[host].only is not None
    }
    # Only hosts that have this version's module are told something that older ones do not understand.
    more = [f"only={json.dumps(only)}"] if only else []
    words = [f"expected={json.dumps(revisions)}", f"full={full}", f"test={test}", *more]
    return salt_job(list(expected), "platform.apply", *words)


def salt_job(hosts: Sequence[str], *words: str) -> list[str]:
    """What runs, on a control host, a function of these hosts' minions; `answers` reads what it prints."""
    # Each answer is printed when it comes, not when a buffer is full.
    head = ["env", "PYTHONUNBUFFERED=1", SALT, "--out=json", "-t", str(ASK_AFTER_SECONDS)]
    return [*head, "-L", ",".join(hosts), *words]


def _ping(hosts: Sequence[str]) -> list[str]:
    """Salt itself would wait gather_job_timeout, 30 s, for a minion that was not there yet when it was asked."""
    ping = [SALT, "--out=json", "--hide-timeout", "-t", "3", "-L", ",".join(hosts), "test.ping"]
    return ["nice", "timeout", str(PING_SECONDS), *ping]


def _answers_to_all(transport: Transport, jobs: Mapping[str, Sequence[str]], until: float) -> Iterator[tuple[str, Any]]:
    """The answers to several jobs at once, as they come; `jobs` has a command for each master.

    Raises JobNotRun, and Unreachable for a master that is not there any more, after the others have ended.
    """
    arrived: queue.SimpleQueue[tuple[str, Any] | None] = queue.SimpleQueue()

    def collect(master: str, argv: Sequence[str]) -> None:
        try:
            for answer in answers(transport.command(master, argv), until):
                arrived.put(answer)
        finally:
            arrived.put(None)

    with ThreadPoolExecutor(max_workers=max(len(jobs), 1)) as pool:
        running = [pool.submit(collect, master, argv) for master, argv in jobs.items()]
        left = len(running)
        while left:
            answer = arrived.get()
            if answer is None:
                left -= 1
            else:
                yield answer
    for future in running:
        future.result()


def answers(command: Sequence[str], until: float) -> Iterator[tuple[str, Any]]:
    """Run `salt` and yield each host's answer as it comes; stop at `until` (monotonic seconds).

    Raises JobNotRun when `salt` refused before it asked anybody.
    """
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said)
        yield from _answers_of(process, until)
        if process.returncode in USAGE_ERRORS:
            said.seek(0)
            raise JobNotRun(f"salt would not run: {said.read().decode(errors='replace').strip()}")


def _answers_of(process: subprocess.Popen[bytes], until: float) -> Iterator[tuple[str, Any]]:
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_read_lines, args=(process, lines), daemon=True).start()
    text = ""
    try:
        while (line := lines.get(timeout=max(until - time.monotonic(), 0.001))) is not None:
            text += line
            if line.startswith("}"):
                yield from _documents(text)
                text = ""
        process.wait()
    except queue.Empty:
        return
    finally:
        process.kill()
        process.wait()


def _read_lines(process: subprocess.Popen[bytes], lines: queue.SimpleQueue[str | None]) -> None:
    for line in process.stdout or ():
        lines.put(line.decode(errors="replace"))
    lines.put(None)


def _documents(text: str) -> Iterator[tuple[str, Any]]:
    """Salt prints one JSON object an answer, and between them now and then a sentence, which is no answer."""
    start = text.find("{")
    try:
        document = json.loads(text[start:]) if start >= 0 else {}
    except ValueError:
        return
    yield from document.items()


def result_of(host: str, answer: Any) -> HostResult:
    """What platform.apply returned; anything else came from Salt itself: False for silence, a text for an error."""
    if answer is False or (isinstance(answer, str) and answer.startswith("Minion did not return")):
        return HostResult(host, Outcome.NO_ANSWER)
    if not isinstance(answer, dict) or "outcome" not in answer:
        return HostResult(host, Outcome.FAILED, failed=(("platform.apply", str(answer)),))
    return HostResult(
        host,
        Outcome(answer["outcome"]),
        tuple(answer["changed"]),
        tuple((entry["id"], entry["comment"]) for entry in answer["failed"]),
        answer["states"],
        # A host that has not got this release's modules yet counts those that it lists.
        answer.get("changes", len(answer["changed"])),
        answer["seconds"],
    )


def _brief(result: HostResult) -> str:
    if result.outcome is Outcome.APPLIED:
        return f"applied, {result.changes} of {result.states} states changed, {result.seconds:g} s"
    return str(result.outcome)
