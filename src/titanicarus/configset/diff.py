"""What a change looks like to the person who reads the result of an apply: bounded, and without secrets."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from titanicarus.configset.plan import FileState, Plan, Wanted

LINES_PER_FILE = 40
FILES_SHOWN = 25
LINE_LENGTH = 300
# Beyond this, difflib would take longer than the apply itself, and nobody reads it.
COMPARED_BYTES = 200_000


def describe(plan: Plan, current: Mapping[str, FileState], wanted: Mapping[str, Wanted]) -> dict[str, str]:
    """Relative path to a short text for each change; at most FILES_SHOWN entries and one that counts the rest."""
    texts: dict[str, str] = {}
    for path in plan.write:
        texts[path] = _content(path, current.get(path), wanted[path])
    for path in plan.fix:
        have, want = current[path], wanted[path]
        texts[path] = f"mode {have.mode:04o} {have.uid}:{have.gid} -> {want.mode:04o} {want.uid}:{want.gid}"
    for path in (*plan.remove, *plan.remove_folders):
        texts[path] = "removed"
    shown = dict(list(texts.items())[:FILES_SHOWN])
    if len(texts) > FILES_SHOWN:
        shown["..."] = f"and {len(texts) - FILES_SHOWN} more"
    return shown


def _content(path: str, have: FileState | None, want: Wanted) -> str:
    old = have.data if have is not None else None
    if want.secret:
        return "new, secret" if old is None else "changed, secret"
    if old is None:
        return f"new, {len(want.data)} bytes"
    if max(len(old), len(want.data)) > COMPARED_BYTES:
        return f"changed, {len(old)} -> {len(want.data)} bytes"
    lines = list(
        difflib.unified_diff(
            old.decode(errors="replace").splitlines(),
            want.data.decode(errors="replace").splitlines(),
            fromfile=path,
            tofile=path,
            n=1,
            lineterm="",
        )
    )
    cut = [line[:LINE_LENGTH] for line in lines[:LINES_PER_FILE]]
    if len(lines) > LINES_PER_FILE:
        cut.append(f"... {len(lines) - LINES_PER_FILE} more lines")
    return "\n".join(cut)
