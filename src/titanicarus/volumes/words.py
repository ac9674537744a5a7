"""Whether a brick or a mount is well, by what its host's service wrote down (`agent`), and why not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STALE_SECONDS = 10.0
"""What a host wrote down longer ago is not what it thinks now."""

WITHOUT = "goes on without "
"""How a brick begins to say that others are away, and nothing is wrong with itself."""


def serves(why: str) -> bool:
    """Whether a brick that is not well, for this reason, does its part all the same."""
    return why.startswith(WITHOUT)


def brick(facts: Mapping[str, Any]) -> tuple[bool, str]:
    """Of `bricks` in the document."""
    torn = facts["torn"]
    why = f"no copy can be said to be the right one of {', '.join(torn)}" if torn else facts["waits"] or facts["why"]
    return bool(facts["online"] and not facts["waits"] and not torn), str(why)


def mount(facts: Mapping[str, Any]) -> tuple[bool, str]:
    """Of `mounts` in the document."""
    repaired = f"; mounted anew {facts['repairs']} times" if facts["repairs"] else ""
    return bool(facts["well"]), f"{facts['why']}{repaired}"
