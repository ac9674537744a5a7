"""Which states a change of data can touch, so that one more site does not run those that have nothing to do with it.

Found from the tree itself: a component (a folder of `salt/`) reads those sections of the pillar that its files name.
One that names none, as when a custom state reads the pillar, is taken to read everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

EVERYTHING = "*"
_READS = re.compile(r"""pillar(?:\.|\[["'])(\w+)|pillar:\s*(\w+)|contents_pillar:\s*(\w+)|salt\[?["'.]pillar""")
_REQUIRES = re.compile(r"^\s+- \w+: ([a-z0-9]+(?:_[a-z0-9]+)+)\s*$", re.MULTILINE)
_NO_COMPONENTS = frozenset({"content", "role"})

Reads = Mapping[str, Mapping[str, Sequence[str]]]
"""For each component the `sections` of the pillar that it reads, and the other components that it `needs`."""


def reads(tree: Path) -> dict[str, dict[str, list[str]]]:
    """Of the tree below `tree`/salt."""
    folders = sorted(path for path in (tree / "salt").iterdir() if path.is_dir() and path.name not in _NO_COMPONENTS)
    names = {folder.name for folder in folders}
    found = {}
    for folder in folders:
        sections: set[str] = set()
        needs: set[str] = set()
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            text = path.read_text(encoding="utf-8", errors="replace")
            for match in _READS.finditer(text):
                sections.add(next((group for group in match.groups() if group), EVERYTHING))
            if path.suffix == ".sls":
                needs |= {name for state in _REQUIRES.findall(text) for name in names if state.startswith(f"{name}_")}
        found[folder.name] = {
            "sections": sorted(sections) or [EVERYTHING],
            "needs": sorted(needs - {folder.name}),
        }
    return found


def touched(changed: Iterable[str], ran: Sequence[str], known: Reads) -> list[str] | None:
    """The components to run, in the order of `ran`, which are the host's own; None when all of them have to.

    `changed` are the names of sections that are new, gone or different.
    """
    names = set(changed)
    if not names or not ran or any(name not in known for name in ran):
        return None
    if any(not any(name in known[component]["sections"] for component in ran) for name in names):
        return None  # nobody says that he reads it: somebody may all the same
    chosen = {name for name in ran if names & set(known[name]["sections"]) or EVERYTHING in known[name]["sections"]}
    waiting = list(chosen)
    while waiting:
        new = set(known[waiting.pop()]["needs"]) - chosen
        chosen |= new
        waiting += new
    return [name for name in ran if name in chosen] if chosen <= set(ran) else None
