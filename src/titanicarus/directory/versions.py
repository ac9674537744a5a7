"""Whether a copy of the directory can be used as it is, by what each server has last heard of each. Pure.

A version is what OpenLDAP calls a contextCSN: for each server that ever wrote, the time of its newest change that is in
the copy, `20261126072204.975963Z#000000#002#000000`. Nothing is taken from a clock here: times of one server are
compared with times of the same server only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Vector = Mapping[str, str]
"""A server's number to the time of its newest change."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`take`: the id of the server whose copy replaces this one, None to use it as it is. `why` is a sentence."""

    take: str | None
    why: str


def vector(versions: Iterable[str]) -> Vector:
    """From contextCSN values. Raises ValueError for what is none."""
    found = {}
    for version in versions:
        parts = version.split("#")
        if len(parts) != 4:
            raise ValueError(f"{version!r} is no version of a directory")
        found[parts[2]] = f"{parts[0]}#{parts[1]}#{parts[3]}"
    return found


def includes(larger: Vector, smaller: Vector) -> bool:
    """Whether a copy has all changes that another one has."""
    return all(larger.get(number, "") >= newest for number, newest in smaller.items())


def judge(own: Vector, others: Mapping[str, Vector], doubted: bool = False) -> Verdict:
    """What a server does before it answers anybody. `others` are those that answered, in the order of preference.

    `doubted`: the copy was found to differ from others' with the same changes, so it is not worth keeping.
    """
    if not others:
        return Verdict(None, "no other server answers: this copy is used as it is")
    filled = {name: known for name, known in others.items() if known}
    if not filled:
        return Verdict(None, "the other servers are empty")
    ahead = {name: known for name, known in filled.items() if includes(known, own)}
    newer = {name: known for name, known in ahead.items() if not includes(own, known)}
    if newer:
        name = _newest(newer)
        return Verdict(name, f"{name} has all that is here, and more: its copy is taken")
    if doubted and ahead:
        name = next(iter(ahead))
        return Verdict(name, f"this copy differs from others with the same changes: that of {name} is taken")
    if all(includes(own, known) for known in filled.values()):
        return Verdict(None, "this copy has all that the others have")
    return Verdict(None, "this copy has changes that others lack: replication brings them together")


def _newest(known: Mapping[str, Vector]) -> str:
    """The first one that nobody else is ahead of."""
    for name, one in known.items():
        if all(includes(one, other) or not includes(other, one) for other in known.values()):
            return name
    return next(iter(known))
