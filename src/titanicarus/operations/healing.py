"""What an operator sees of the healing fleet, and where he tells it to keep away."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from titanicarus.control import layout
from titanicarus.control.masters import control_hosts, everywhere, pick_master
from titanicarus.fleet import Declaration, Fleet
from titanicarus.fleet.healing import leading_masters, units
from titanicarus.fleet.problems import did_you_mean
from titanicarus.heal import holds
from titanicarus.heal.holds import FLEET, Hold
from titanicarus.heal.incidents import Incident, chosen, fold
from titanicarus.heal.ledger import Entry
from titanicarus.heal.shares import Out, out
from titanicarus.operations.errors import OperationFailed
from titanicarus.transport import CommandFailed, Transport, Unreachable, run

SECONDS = 30.0
HEAL_SECONDS = 900.0
TRIAL_SECONDS = 90.0
_SPANS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?) ?(s|m|min|h|d)")
LONGEST_SPAN = 30 * 86400.0


@dataclass(frozen=True, slots=True)
class Told:
    """What the control hosts tell. `silent` maps one that gave no answer to why; `problems` are ledgers that somebody
    changed, and ledgers of one host that differ from each other; `out` are islands without new users."""

    incidents: tuple[Incident, ...]
    holds: tuple[Hold, ...]
    silent: Mapping[str, str]
    problems: tuple[str, ...]
    out: tuple[Out, ...] = ()


def listen(transport: Transport, declaration: Declaration) -> Told:
    """Every incident that any control host knows of. Raises OperationFailed when none gives an answer."""
    hosts = control_hosts(declaration)
    answers, silent = everywhere(hosts, lambda host: _asked(transport, host, "ledgers", "holds"))
    for host, answer in answers.items():
        if isinstance(answer, str):
            silent[host] = answer
    good = {host: answer for host, answer in answers.items() if not isinstance(answer, str)}
    if not good:
        words = "; ".join(f"{host}: {reason}" for host, reason in sorted(silent.items()))
        raise OperationFailed(f"no control host tells its incidents: {words}")
    ledgers, problems = merged({host: ledgers for host, (ledgers, _) in good.items()})
    standing = holds.newest(holds.parse(one) for _, told in good.values() for one in told)
    now = time.time()
    return Told(
        tuple(fold(ledgers)),
        tuple(one for one in standing.values() if one.stands(now)),
        silent,
        tuple(problems),
        tuple(out(ledgers).values()),
    )


def merged(told: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, list[Entry]], list[str]]:
    """One copy of each ledger, the longest, from what each control host has; and what is wrong with any of them."""
    found: dict[str, list[Entry]] = {}
    problems = []
    for host, document in sorted(told.items()):
        problems += [f"on {host}: {problem}" for problem in document["problems"]]
        for name, entries in document["ledgers"].items():
            before = found.get(name, [])
            shorter, longer = sorted((before, entries), key=len)
            if shorter and shorter[-1]["hash"] != longer[len(shorter) - 1]["hash"]:
                problems.append(f"{name}: {host} has another ledger than others: one of them was written anew")
            found[name] = longer
    return found, problems


def find(told: Told, name: str) -> Incident:
    """The incident with this id, or the only one whose id begins or ends so. Raises OperationFailed."""
    found = chosen(told.incidents, name)
    if len(found) == 1:
        return found[0]
    if found:
        raise OperationFailed(f"{name} may be any of {', '.join(one.id for one in found)}: say more of it")
    raise OperationFailed(f"there is no incident {name}: `saguire incidents` lists them")


def span(words: str) -> float:
    """Seconds from `90s`, `30min`, `2h`, `1d`. Raises OperationFailed."""
    found = _SPAN.fullmatch(words.strip())
    seconds = float(found[1]) * _SPANS[found[2]] if found else 0.0
    if not 0 < seconds <= LONGEST_SPAN:
        raise OperationFailed(f"{words!r} is no span of time: say 90s, 30min, 2h or 1d, at most 30d")
    return seconds


def hold(
    transport: Transport, declaration: Declaration, scope: str, seconds: float | None, *, by: str, why: str
) -> tuple[Hold, dict[str, str]]:
    """Let nothing be healed in the scope (FLEET, an island or a host) for so many seconds, None: until it is taken
    back, 0: take it back. Gives back the hold and the hosts that were not told, with the reason.

    Told are all control hosts and the hosts in the scope. Raises OperationFailed for a scope that is none, and when no
    control host could be told.
    """
    fleet = declaration.fleet
    about = concerned(fleet, scope)
    now = round(time.time(), 1)
    new = Hold(scope, now, None if seconds is None else now + seconds, by, why)
    control = control_hosts(declaration)
    words = json.dumps(asdict(new)).encode()
    answers, silent = everywhere({*about, *control}, lambda host: _tell(transport, host, words, host in control))
    failed = {**silent, **{host: answer for host, answer in answers.items() if answer}}
    if all(host in failed for host in control):
        raise OperationFailed("no control host could be told: " + "; ".join(f"{one}: {failed[one]}" for one in control))
    return new, failed


def try_notifying(transport: Transport, declaration: Declaration) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Have the first control host of each island send a trial by every channel of the policy.

    Gives what each channel said of each host, "" for well; and the hosts that could not try, with the reason. Raises
    OperationFailed when the policy names nobody.
    """
    policy = declaration.policy
    if not policy.notify_emails and not policy.notify_webhook:
        raise OperationFailed(
            "nobody is told: say `notify_emails` and `notify_relay`, or `notify_webhook`, in the policy, then `push`"
        )
    hosts = [host.id for host in leading_masters(declaration.fleet)]
    answers, silent = everywhere(hosts, lambda host: _tried(transport, host))
    said = {host: answer for host, answer in answers.items() if not isinstance(answer, str)}
    return said, {**silent, **{host: answer for host, answer in answers.items() if isinstance(answer, str)}}


def concerned(fleet: Fleet, scope: str) -> list[str]:
    """The hosts that a scope is about. Raises OperationFailed."""
    known = {host.id: host.island for host in fleet.hosts}
    found = [host for host, island in known.items() if scope in (FLEET, host, island)]
    if not found:
        hint = did_you_mean(scope, (*known, *fleet.islands)) or f"; the islands are {', '.join(fleet.islands)}"
        raise OperationFailed(f'there is no host or island "{scope}"{hint}')
    return found


def heal(
    transport: Transport, declaration: Declaration, host: str, unit: str, *, dry: bool, say: Callable[[str], None]
) -> str:
    """Have the guard see to a unit now; gives back its sentence.

    Raises UnknownHost, NoMaster, and OperationFailed for a unit that the host should not run.
    """
    fleet = declaration.fleet
    chosen_host = fleet.host(host)
    known = units(fleet, chosen_host)
    unit = unit if unit in known or "." in unit else f"{unit}.service"
    if unit not in known:
        raise OperationFailed(f"{unit} is no unit that {host} should run; these are {', '.join(known)}")
    master = pick_master(transport, declaration, chosen_host.island).host
    say(f"{master} sees to {unit} of {host}")
    return _run(transport, master, "heal.by_hand", host, unit, f"dry={dry}")


def bring_back(
    transport: Transport, declaration: Declaration, island: str, *, dry: bool, say: Callable[[str], None]
) -> str:
    """Have an island that was taken out seen to now; gives back a sentence.

    Raises NoMaster, and OperationFailed for an island that is none.
    """
    if island not in declaration.fleet.islands:
        concerned(declaration.fleet, island)
        raise OperationFailed(f"{island} is a host: say which of its units is to be seen to")
    # Whoever is outside sees what users see, and the island's minions listen to the first master of each other one.
    outside = [host for host in leading_masters(declaration.fleet) if host.island != island]
    near = next((host.island for host in outside if transport.reachable(host.id)), None)
    master = pick_master(transport, declaration, near).host
    say(f"{master} sees to {island}")
    return _run(transport, master, "heal.bring_back", island, "by_hand=True", f"dry={dry}")


def _run(transport: Transport, master: str, *words: str) -> str:
    """The sentence that a runner gives back. Raises OperationFailed."""
    argv = ["/usr/local/bin/salt-run", "--out=json", "--log-level=quiet", *words]
    try:
        done = subprocess.run(
            transport.command(master, argv),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=HEAL_SECONDS,
            check=False,
        )
        sentence = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        raise OperationFailed(
            f"{master} gave no answer within {HEAL_SECONDS:g} s; `saguire incidents` tells"
        ) from error
    except ValueError as error:
        said = (done.stdout + done.stderr).decode(errors="replace").strip()
        raise OperationFailed(f"{master} could not see to it: {said or 'it printed nothing'}") from error
    if done.returncode != 0 or not isinstance(sentence, str):
        raise OperationFailed(f"{master} could not see to it: {sentence}")
    return sentence


def _asked(transport: Transport, host: str, *verbs: str) -> tuple[Any, ...] | str:
    """What the verbs print on a control host, or why they do not."""
    try:
        return tuple(
            json.loads(run(transport, host, _argv(verb, control=True), timeout=SECONDS).stdout) for verb in verbs
        )
    except CommandFailed as error:
        return error.stderr.strip().splitlines()[-1] if error.stderr.strip() else "it printed no error"
    except ValueError:
        return "it printed something else than its ledgers"


def _tried(transport: Transport, host: str) -> dict[str, str] | str:
    """What each channel said of a trial, or why there was none."""
    try:
        found: dict[str, str] = json.loads(
            run(transport, host, [*_argv("trial", control=True), host], timeout=TRIAL_SECONDS).stdout
        )
    except CommandFailed as error:
        return error.stderr.strip().splitlines()[-1] if error.stderr.strip() else "it printed no error"
    return found


def _tell(transport: Transport, host: str, words: bytes, control: bool) -> str:
    """Tell a host of a hold; gives back why it could not be told, or nothing."""
    if not transport.reachable(host):
        raise Unreachable(host, "it is down")
    try:
        run(transport, host, _argv("hold", control=control), input=words, timeout=SECONDS)
    except CommandFailed as error:
        return error.stderr.strip().splitlines()[-1] if error.stderr.strip() else "it printed no error"
    return ""


def _argv(verb: str, *, control: bool) -> Sequence[str]:
    """A control host does it with the code that was pushed, which may be newer than what it applied."""
    if not control:
        return [layout.PYTHON, "-m", "titanicarus.heal", verb]
    source = layout.Release(layout.Deploy(layout.DEPLOY).current).tree / "src"
    return [
        "env", f"PYTHONPATH={source}", "PYTHONDONTWRITEBYTECODE=1", layout.PYTHON, "-m", "titanicarus.heal", verb
    ]  # fmt: skip
