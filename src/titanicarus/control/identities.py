"""Unix ids that were given once: a person keeps theirs, and nobody gets that of somebody who left. Pure.

Files belong to ids, also those of people who are gone. Each release remembers whom it and all before it had.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from titanicarus.fleet import Declaration


def problems_of(declaration: Declaration, known: Mapping[str, int]) -> list[str]:
    """A sentence with its place for each person whose id is another than it was, or somebody else's."""
    owners = {uid: name for name, uid in known.items()}
    return [
        f"{declaration.tenant_file(tenant.name)}: users.{user.name}.uid: {sentence}"
        for tenant in declaration.tenants
        for user in tenant.users.values()
        if (sentence := _sentence(user.name, user.uid, known, owners))
    ]


def remembered(declaration: Declaration, known: Mapping[str, int]) -> dict[str, int]:
    """Everybody who ever had an id, by login name."""
    now = {user.name: user.uid for tenant in declaration.tenants for user in tenant.users.values()}
    return dict(sorted({**known, **now}.items()))


def _sentence(name: str, uid: int, known: Mapping[str, int], owners: Mapping[int, str]) -> str:
    if known.get(name, uid) != uid:
        return (
            f"{name} had the id {known[name]}, and an id never changes, because files belong to it; "
            f"write `uid: {known[name]}` (found {uid})"
        )
    if owners.get(uid, name) != name:
        return (
            f"was the id of {owners[uid]}, whose files are kept; write another, such as `uid: {uid + 1}` (found {uid})"
        )
    return ""
