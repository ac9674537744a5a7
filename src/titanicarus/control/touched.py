"""Which states a change of data can touch, so that one more site does not run those that have nothing to do with it.

A pillar has parts: a section such as `names`, or, where a section is a dictionary, each entry of it: `lb.sites`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

EVERYTHING = "*"

Reads = Mapping[str, Mapping[str, Sequence[str]]]
"""For each component what it reads of a pillar, parts or whole `sections`, and the components that it `needs`. Found by
titanicarus.control.reads."""


GENERATIONS = 4
"""Of how many releases the parts of each pillar are remembered."""


def remembered(
    before: Mapping[str, Mapping[str, str]], new: Mapping[str, Mapping[str, str]]
) -> dict[str, Mapping[str, str]]:
    """Digests of the parts of each pillar, by its revision: those of a few releases before, then of this one.

    The order is kept in the release's facts, for the next push drops the oldest.
    """
    older = {revision: parts for revision, parts in before.items() if revision not in new}
    return dict(list((older | dict(new)).items())[-GENERATIONS * len(new) :])


def parts_of(pillar: Mapping[str, Any]) -> dict[str, Any]:
    """A pillar by its parts."""
    parts: dict[str, Any] = {}
    for section, value in pillar.items():
        if isinstance(value, dict) and value:
            parts |= {f"{section}.{key}": held for key, held in value.items()}
        else:
            parts[section] = value
    return parts


def touched(before: Mapping[str, str], after: Mapping[str, str], ran: Sequence[str], known: Reads) -> list[str] | None:
    """The components to run, in the order of `ran`, which are the host's own; None when all of them have to.

    `before` and `after` are digests of the parts of the host's pillar.
    """
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    if not changed or not ran or any(name not in known for name in ran):
        return None
    if _sections(before) != _sections(after):
        return None  # some ask only whether there is such a section
    if any(not any(_reads(known[component]["sections"], part) for component in ran) for part in changed):
        return None  # nobody says that he reads it: somebody may all the same
    chosen = {name for name in ran if any(_reads(known[name]["sections"], part) for part in changed)}
    waiting = list(chosen)
    while waiting:
        new = set(known[waiting.pop()]["needs"]) - chosen
        chosen |= new
        waiting += new
    return [name for name in ran if name in chosen] if chosen <= set(ran) else None


def _sections(parts: Mapping[str, str]) -> set[str]:
    return {part.partition(".")[0] for part in parts}


def _reads(sections: Sequence[str], part: str) -> bool:
    return EVERYTHING in sections or part in sections or part.partition(".")[0] in sections
