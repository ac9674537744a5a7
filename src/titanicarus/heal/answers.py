"""What hosts answer to an order, as Salt's client hands it over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """A host's answer: what the function gave back, or, if not `ok`, its words."""

    ok: bool
    value: Any


def from_salt(returned: Mapping[str, Any]) -> dict[str, Answer]:
    """From `LocalClient.cmd` with full_return. A minion that gave no answer is left out: what Salt says in its place
    must not be taken for one."""
    return {
        host: Answer(answer.get("retcode", 0) == 0, answer["ret"])
        for host, answer in returned.items()
        if isinstance(answer, Mapping) and "ret" in answer and answer.get("out") != "no_return"
    }
