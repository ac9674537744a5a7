"""The thin loop body around `island`: looks, lets it decide, tells HAProxy, remembers. On load balancers only."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from titanicarus import haproxy
from titanicarus.drain import island as drained_island
from titanicarus.drain import look
from titanicarus.keeper.config import IslandConfig, aws_endpoint
from titanicarus.keeper.island import Seen, State, Verdict, begin, step
from titanicarus.keeper.statistics import read_statistics

HELD = Path("/var/lib/titanicarus/keeper/held.acl")
# Gone after a reboot, and that is right: then the island may have been away, and the clock begins anew.
STATE = Path("/run/titanicarus/keeper/island.json")
CONNECT_SECONDS = 0.8
PEER_SECONDS = 3.0


class IslandWatch:
    """Whether users should come to this island: a duty of load balancers."""

    def __init__(self, config: IslandConfig, state_file: Path = STATE) -> None:
        self._config = config
        self._file = state_file
        self._state = self._remembered() or self._begin()
        self._said = ""

    def alive(self) -> bool:
        """It does all its work in `tick`."""
        return True

    def tick(self) -> str:
        """One look and what follows from it."""
        verdict = self._judge()
        if verdict.why != self._said:
            self._said = verdict.why
            print(f"island: {verdict.why}", flush=True)
        return f"island: {verdict.why}"

    def _judge(self) -> Verdict:
        self._state, verdict = step(
            self._state, self._look(), _now(), self._config.limits, alone=not self._config.islands
        )
        haproxy.set_flag(HELD, verdict.held)
        self._remember()
        return verdict

    def _look(self) -> Seen:
        text = haproxy.ask("show stat")
        peers, well = (None, None) if text is None else read_statistics(text, self._config.islands)
        return Seen(peers=peers, witness=_aws_answers(), well=well)

    def _remembered(self) -> State | None:
        try:
            data = json.loads(self._file.read_text(encoding="utf-8"))
            return State(**{**data, "cuts": tuple(data["cuts"])})
        except (OSError, ValueError, KeyError, TypeError):
            return None  # a file that cannot be read is one that was never written

    def _remember(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(asdict(self._state)), encoding="utf-8")
        new.replace(self._file)

    def _begin(self) -> State:
        """After a boot: the other load balancers know whether the island was there, and whether it is drained."""
        haproxy.set_flag(HELD, up=True)
        states = _states(self._config.balancers)
        if states:
            haproxy.set_flag(drained_island.FLAG, "drained" in states)
        return begin(peer_in_service="up" in states or "drained" in states)


def _states(balancers: tuple[str, ...]) -> set[str]:
    """What the other load balancers of the island say of it; those that are just booting get a few seconds."""

    def answers() -> set[str]:
        seen = (look.health(address, "/healthz/island") for address in balancers)
        return {str(answer[1].get("state")) for answer in seen if answer is not None}

    found: set[str] = set()

    def somebody() -> bool:
        found.update(answers())
        return bool(found)

    look.wait_for(somebody, PEER_SECONDS if balancers else 0.0)
    return found


def _aws_answers(
    endpoint: Callable[[], tuple[str, int] | None] = aws_endpoint,
) -> bool | None:
    """Whether AWS takes a connection; None where none is set up."""
    where = endpoint()
    if where is None:
        return None
    try:
        socket.create_connection(where, timeout=CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
