"""What the control hosts serve now, and which of them to talk to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from titanicarus.control import layout
from titanicarus.control.errors import NoMaster
from titanicarus.control.touched import Reads
from titanicarus.fleet.healing import leading_masters
from titanicarus.fleet.ports import SALT_PUBLISH
from titanicarus.transport import CommandFailed, Transport, Unreachable, run

if TYPE_CHECKING:
    from titanicarus.fleet import Declaration

SECONDS = 15.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Serving:
    """What a control host serves: `release` and the facts of it (see titanicarus.control.compile), switched to `at`
    (ISO 8601, operator's clock). Before the first push all are None.

    `sections` has the digests of the parts of each pillar, by the pillar's revision, of this release and a few before;
    `reads` is what each component of this release reads.
    """

    host: str
    release: str | None = None
    revision: str | None = None
    at: str | None = None
    hosts: Mapping[str, str] | None = None
    sections: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    reads: Reads = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """For `saguire status --json`."""
        return {"host": self.host, "release": self.release, "revision": self.revision, "at": self.at}


def control_hosts(declaration: Declaration) -> list[str]:
    """Ids of all hosts with the role `control`, sorted."""
    return [host.id for host in declaration.fleet.hosts if "control" in host.roles]


def everywhere(hosts: Iterable[str], ask: Callable[[str], T]) -> tuple[dict[str, T], dict[str, str]]:
    """Ask all hosts at once. Returns the answers, and for the hosts that could not be reached the reason.

    Only Unreachable counts as that; other errors are raised.
    """
    names = sorted(hosts)

    def one(host: str) -> T | Unreachable:
        try:
            return ask(host)
        except Unreachable as error:
            return error

    with ThreadPoolExecutor(max_workers=max(len(names), 1)) as pool:
        found = dict(zip(names, pool.map(one, names), strict=True))
    answers = {host: answer for host, answer in found.items() if not isinstance(answer, Unreachable)}
    return answers, {host: answer.reason for host, answer in found.items() if isinstance(answer, Unreachable)}


def serving(transport: Transport, hosts: Iterable[str]) -> tuple[dict[str, Serving], dict[str, str]]:
    """What each control host serves, and why the others could not be asked."""
    return everywhere(hosts, lambda host: _serving(transport, host))


def _serving(transport: Transport, host: str) -> Serving:
    if not transport.reachable(host):
        raise Unreachable(host, "it is down")
    deploy = layout.Deploy(layout.DEPLOY)
    paths = [str(deploy.active), str(deploy.current / "release.json")]
    done = run(transport, host, ["cat", *paths], timeout=SECONDS, check=False)
    decoder = json.JSONDecoder()
    text = done.stdout.decode(errors="replace")
    try:
        active, end = decoder.raw_decode(text)
        facts, _ = decoder.raw_decode(text, end)
    except ValueError:
        # Either file is missing before the first push; a torn pair is repaired by the next one.
        return Serving(host)
    at = active["at"] if active["release"] == facts["release"] else None
    return Serving(
        host,
        facts["release"],
        facts["revision"],
        at,
        facts["hosts"],
        facts.get("sections", {}),  # a release of an older version has neither
        facts.get("reads", {}),
    )


def pick_master(transport: Transport, declaration: Declaration, island: str | None = None) -> Serving:
    """The control host to work with: one whose Salt master runs, was pushed to last, and is heard by most minions.

    With `island`: one of that island's own, where there is one, because that needs no VPN. A host that was down during
    a push serves an older tree until the next one; it must not undo anything. Of equals, the leading master of an
    island is heard by the whole fleet, the other one by its own island only. Raises NoMaster.
    """
    return next(iter(pick_masters(transport, declaration, [island]).values()))


def pick_masters(
    transport: Transport, declaration: Declaration, islands: Iterable[str | None]
) -> dict[str | None, Serving]:
    """`pick_master` for each of the islands, looking at each control host once. Raises NoMaster."""
    found, away = serving(transport, control_hosts(declaration))
    fleet = declaration.fleet
    leading = {host.id for host in leading_masters(fleet)}

    @cache
    def works(host: str) -> bool:
        try:
            run(transport, host, ["systemctl", "is-active", "--quiet", "salt-master"], timeout=SECONDS)
        except CommandFailed:
            away[host] = "its Salt master does not run"
        except Unreachable as error:
            away[host] = error.reason
        return host not in away

    def best(island: str | None) -> Serving:
        order = sorted(found.values(), key=lambda one: (fleet.host(one.host).island != island, one.host not in leading))
        for candidate in sorted(order, key=lambda one: one.at or "", reverse=True):
            if works(candidate.host):
                return candidate
        raise NoMaster(away)

    return {island: best(island) for island in dict.fromkeys(islands)}


def listeners(transport: Transport, declaration: Declaration, master: str) -> set[str]:
    """The hosts whose minions are connected to a control host's master, and have taken in all that it said until now.

    Who was cut off stays connected for a while; but a master says something to everybody now and then, and what it
    said last waits for him. Empty when that cannot be found out.
    """
    looking = ["ss", "-Htn", "state", "established", f"sport = :{SALT_PUBLISH}"]
    try:
        lines = run(transport, master, looking, timeout=SECONDS).stdout.decode().splitlines()
    except (CommandFailed, Unreachable):
        return set()
    # Two queues, this end, the other end; an IPv4 address may come in the form of an IPv6 one.
    columns = [line.split() for line in lines]
    peers = {
        words[3].rpartition(":")[0].strip("[]").removeprefix("::ffff:")
        for words in columns
        if len(words) > 3 and words[1] == "0"
    }
    return {host.id for host in declaration.fleet.hosts if str(host.lan) in peers}


def salt_command(
    transport: Transport,
    declaration: Declaration,
    argv: Iterable[str],
    from_host: str | None = None,
    island: str | None = None,
) -> list[str]:
    """The argv to execute here that runs `salt` with these arguments on a control host: on `from_host`, or on any good
    one, of `island` if there is one.

    Raises NoMaster.
    """
    if from_host is not None and from_host not in control_hosts(declaration):
        raise NoMaster({from_host: "it does not have the role control"})
    host = from_host or pick_master(transport, declaration, island).host
    return transport.command(host, ["/usr/local/bin/salt", *argv])
