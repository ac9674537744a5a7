"""Commits per second: PHP on a web host, as tenants' applications are, each client with one connection."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from galera_cluster.cluster import Trouble
from titanicarus.checker.plan import Access
from titanicarus.lab import Lab
from titanicarus.transport import CommandFailed, Unreachable, run

_WARM_SECONDS, _MORE_SECONDS = 1.0, 30.0
_PROGRAM = (Path(__file__).parent / "commits.php").read_text().removeprefix("<?php\n")
_TABLE = "bench_commits"
_WORDS = "x" * 100
_MAKE = (
    f"DROP TABLE IF EXISTS {_TABLE}",
    f"CREATE TABLE {_TABLE} (client INT NOT NULL, number INT NOT NULL, words VARCHAR(200) NOT NULL,"
    " PRIMARY KEY (client, number)) ENGINE=InnoDB",
)
_COUNT = f"SELECT COUNT(*) FROM {_TABLE}"  # noqa: S608 - a constant
_DROP = f"DROP TABLE {_TABLE}"


@dataclass(frozen=True)
class Speed:
    """`rate` is commits a second of all clients together, `slowest` the longest commit in seconds, `lost` how many rows
    were acknowledged and are not there."""

    rate: float
    slowest: float
    lost: int


def speed(lab: Lab, host: str, access: Access, clients: int, seconds: float) -> Speed:
    """Commit for so long with so many clients on a host. Raises Trouble when one of them fails."""
    _statements(lab, host, access, _MAKE)
    try:
        said = _together(lab, host, access, clients, seconds)
        ((there,),) = _statements(lab, host, access, [_COUNT])
    finally:
        _statements(lab, host, access, [_DROP])
    acknowledged = sum(int(one["commits"] + one["before"]) for one in said)
    return Speed(
        rate=sum(one["commits"] / one["seconds"] for one in said),
        slowest=max(one["slowest"] for one in said),
        lost=acknowledged - int(there),
    )


def _together(lab: Lab, host: str, access: Access, clients: int, seconds: float) -> list[dict[str, float]]:
    """What each client says, all of them begun at the same moment."""
    running = [_client(lab, host) for _ in range(clients)]
    try:
        for number, client in enumerate(running):
            settings = {"client": number, "table": _TABLE, "words": _WORDS, "seconds": seconds, "warm": _WARM_SECONDS}
            _tell(client, json.dumps({**asdict(access), **settings}))
        for client in running:
            assert client.stdout is not None
            if client.stdout.readline().strip() != "ready":
                raise Trouble(f"a client on {host} did not start: {_complaint(client)}")
        for client in running:
            _tell(client, "go")
        return [_answer(client, host, seconds + _WARM_SECONDS + _MORE_SECONDS) for client in running]
    finally:
        for client in running:
            client.kill()
            client.communicate()


def _client(lab: Lab, host: str) -> subprocess.Popen[str]:
    argv = lab.command(host, ["php", "-r", _PROGRAM])
    pipe = subprocess.PIPE
    return subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def _tell(client: subprocess.Popen[str], line: str) -> None:
    assert client.stdin is not None
    client.stdin.write(line + "\n")
    client.stdin.flush()


def _answer(client: subprocess.Popen[str], host: str, seconds: float) -> dict[str, float]:
    try:
        said, wrong = client.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Trouble(f"a client on {host} has no end after {seconds:g} s") from None
    try:
        return dict(json.loads(said))
    except ValueError:
        raise Trouble(f"a client on {host} failed: {(said + wrong).strip()[-300:]}") from None


def _complaint(client: subprocess.Popen[str]) -> str:
    client.kill()
    said, wrong = client.communicate()
    return (said + wrong).strip()[-300:] or "it said nothing"


def _statements(lab: Lab, host: str, access: Access, statements: Sequence[str]) -> list[list[str]]:
    """Run statements as the same user by the same way; gives back the rows of the last one that has any."""
    asked = json.dumps({**asdict(access), "statements": list(statements)}).encode() + b"\n"
    try:
        done = run(lab, host, ["php", "-r", _PROGRAM], input=asked, timeout=_MORE_SECONDS)
    except (CommandFailed, Unreachable) as error:
        raise Trouble(f"`{statements[-1]}` failed: {error}") from error
    lines = done.stdout.decode().split("\n")[:-1]
    return list(json.loads(lines[-1])) if lines else []
