"""The platform's own Python package on the host: the code under the custom modules and states."""

from __future__ import annotations

import sys
from typing import Any


def current(name: str, source: str, digest: str, **_options: Any) -> dict[str, Any]:
    """`<name>/current` is the release `digest` of the library.

    source
        The archive on the file server, as `titanicarus.control.library` packs it.
    """
    from pathlib import Path

    from titanicarus.control import library
    from titanicarus.control.errors import ControlError

    ret: dict[str, Any] = {"name": name, "changes": {}, "result": True, "comment": f"release {digest}"}
    link = Path(name) / "current"
    before = link.readlink().name if link.is_symlink() else None
    if before == digest:
        return ret
    if __opts__["test"]:
        return {**ret, "result": None, "comment": f"would go from release {before} to {digest}"}
    cached = __salt__["cp.cache_file"](source)
    if not cached:
        return {**ret, "result": False, "comment": f"the file server has no {source}"}
    try:
        library.install(library.Library(digest, Path(cached).read_bytes()))
    except ControlError as error:
        return {**ret, "result": False, "comment": str(error)}
    # The states that follow in this run were written for the new release: let them import it.
    for module in [key for key in sys.modules if key.partition(".")[0] == "titanicarus"]:
        del sys.modules[module]
    return {**ret, "changes": {"release": {"old": before, "new": digest}}}
