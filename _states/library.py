"""The platform's own code on the host: the Python package, and the custom modules and states on top of it."""

from __future__ import annotations

import sys
from typing import Any

EXTENSIONS = ("beacons", "grains", "modules", "returners", "states", "utils")
"""What a release may bring (titanicarus.control.code). Salt would ask the master for twelve kinds more."""


def current(name: str, source: str, digest: str, modules: str, **_options: Any) -> dict[str, Any]:
    """`<name>/current` is the release `digest` of the library, and the minion has the modules that go with it.

    source
        The archive on the file server, as `titanicarus.control.library` packs it.

    modules
        The digest of the release's states and modules; they are synchronised when the host last did so for another.
    """
    from pathlib import Path

    ret: dict[str, Any] = {"name": name, "changes": {}, "result": True, "comment": f"release {digest}"}
    link = Path(name) / "current"
    record = Path(name) / "modules"
    before = link.readlink().name if link.is_symlink() else None
    synchronised = record.read_text() if record.exists() else None
    if (before, synchronised) == (digest, modules):
        return ret
    if __opts__["test"]:
        return {**ret, "result": None, "comment": f"would go from release {before} to {digest}, and look for modules"}
    if synchronised != modules:
        ret["changes"]["modules"] = {"old": synchronised, "new": modules}
        for kind in EXTENSIONS:
            __salt__[f"saltutil.sync_{kind}"](refresh=False)
        __salt__["saltutil.refresh_pillar"]()  # and with it the minion's own modules and beacons
    if before != digest:
        failure = _install(source, digest)
        if failure:
            return {**ret, "result": False, "comment": failure}
        ret["changes"]["release"] = {"old": before, "new": digest}
    # Last: a run that was cut off before does all of it again.
    record.write_text(modules)
    return ret


def _install(source: str, digest: str) -> str | None:
    """Install the library; gives back why not."""
    from pathlib import Path

    from titanicarus.control import library
    from titanicarus.control.errors import ControlError

    cached = __salt__["cp.cache_file"](source)
    if not cached:
        return f"the file server has no {source}"
    try:
        library.install(library.Library(digest, Path(cached).read_bytes()))
    except ControlError as error:
        return str(error)
    # The states that follow in this run were written for the new release: let them import it.
    for module in [key for key in sys.modules if key.partition(".")[0] == "titanicarus"]:
        del sys.modules[module]
    return None
