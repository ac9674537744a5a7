"""`saguire keys`: what each host really has, the authorities, and operators' certificates that count."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from titanicarus import pki
from titanicarus.control import operators, secrets
from titanicarus.control.masters import everywhere
from titanicarus.control.secrets import Secrets
from titanicarus.fleet import Fleet
from titanicarus.keys import view
from titanicarus.keys.here import Found
from titanicarus.keys.view import Row
from titanicarus.lab import Lab
from titanicarus.operations.ssh import REGISTER
from titanicarus.transport import CommandFailed, Transport, run

LOOK = ("/opt/salt/bin/python", "-m", "titanicarus.keys.here")
SECONDS = 30.0
OPERATOR = "operator"
KEPT = ("secrets",)
"""Where authorities are: in the operator's folder of that name."""


@dataclass(frozen=True, slots=True)
class Told:
    """`silent` maps a host that gave no answer to why; `problems` are sentences that begin with the host."""

    rows: tuple[Row, ...]
    silent: Mapping[str, str]
    problems: tuple[str, ...]

    @property
    def well(self) -> bool:
        """Whether everything is known and nothing is to be done."""
        return not self.silent and not self.problems and all(row.well for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        return {
            "certificates": [asdict(row) for row in self.rows],
            "silent": dict(self.silent),
            "problems": list(self.problems),
        }


def list_keys(lab: Lab, fleet: Fleet, *, sites: bool = False, clock: Callable[[], datetime] | None = None) -> Told:
    """Everything, looked up now. Raises BrokenSecrets and BrokenRegister."""
    now = (clock or (lambda: datetime.now(UTC)))()
    keys = secrets.load(fleet, lab.secrets)
    standing = operators.standing(operators.noted(lab.layout.home / REGISTER), now)
    found, silent, problems = ask(lab, fleet)
    islands = {host.id: host.island for host in fleet.hosts}
    rows = (
        *authorities(keys, now.timestamp()),
        *view.rows(found, islands, now.timestamp(), sites=sites),
        *(Row(OPERATOR, f"{one.operator} {one.serial:x}", (one.host,), one.ends, "well") for one in standing),
    )
    return Told(rows, silent, problems)


def ask(transport: Transport, fleet: Fleet) -> tuple[dict[str, list[Found]], dict[str, str], tuple[str, ...]]:
    """What each host has, why others gave no answer, and what hosts find wrong."""

    def one(host: str) -> dict[str, Any] | str:
        try:
            done = run(transport, host, [*LOOK, host], timeout=SECONDS)
        except CommandFailed as error:
            return error.stderr.strip().splitlines()[-1] if error.stderr.strip() else str(error)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    answers, silent = everywhere([host.id for host in fleet.hosts], one)
    silent |= {host: answer for host, answer in answers.items() if isinstance(answer, str)}
    told = {host: answer for host, answer in answers.items() if not isinstance(answer, str)}
    found = {host: [Found(**entry) for entry in answer["certificates"]] for host, answer in told.items()}
    return found, silent, tuple(f"{host}: {words}" for host in sorted(told) for words in told[host]["problems"])


def authorities(keys: Secrets, now: float) -> list[Row]:
    """The root and each island's intermediate. SSH's have no end: they are public keys."""
    named = [("root CA", "root", keys.root)]
    named += [("island CA", name, island.authority) for name, island in sorted(keys.islands.items())]
    rows = []
    for kind, name, authority in named:
        certificate: pki.Authority = authority
        began, ends = certificate.certificate.not_valid_before_utc, certificate.certificate.not_valid_after_utc
        rows.append(view.authority_row(kind, name, KEPT, (began.timestamp(), ends.timestamp()), now))
    return rows
