"""On control hosts: which hosts of the island, and which other islands, are there. What is worth saying:
`titanicarus.heal.presence`.

.. code-block:: yaml

    beacons:
      hosts:
        - look_at: {syd-web1: [10.71.1.21], mel: [10.71.2.31, 198.18.2.10]}
        - interval: 4

A look reads the answers to what the look before it asked, so nobody waits for a host that is dead. Who was ever seen
is kept in a file: a host that was lost before this minion was started is missed all the same. Tags are
``salt/beacon/<observer>/hosts/<kind>``; docs/healing.md has the kinds and what comes with them.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

LIBRARY = Path("/opt/titanicarus/current")
_remembered: dict[str, Any] = {"release": None, "pings": None, "outlook": None}


def validate(config: Any) -> tuple[bool, str]:
    """Whether a configuration can be used, and words that say why not. Salt asks this every second."""
    if not isinstance(config, list) or not all(isinstance(entry, dict) for entry in config):
        return False, "the beacon `hosts` takes a list of mappings"
    options = {key: value for entry in config for key, value in entry.items() if key != "_beacon_name"}
    if unknown := set(options) - {"look_at", "interval", "enabled", "disable_during_state_run", "beacon_module"}:
        return False, f"the beacon `hosts` has no option {', '.join(sorted(map(str, unknown)))}"
    if wrong := _wrong(options.get("look_at")):
        return False, wrong
    interval = options.get("interval", 1)
    if isinstance(interval, bool) or not isinstance(interval, int | float) or not 1 <= interval <= 60:
        return False, f"`interval` is 1 to 60 seconds, found {interval!r}"
    return True, "valid"


def beacon(config: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is new since the last look."""
    _follow_library()
    from titanicarus.heal import here, memory, presence
    from titanicarus.heal.ping import Pings

    names = next(entry["look_at"] for entry in config if "look_at" in entry)
    kept = Path(__opts__.get("titanicarus_root", "/")) / memory.SEEN.relative_to("/")
    before = _remembered["outlook"] or presence.Outlook(memory.read(kept))
    try:
        pings = _remembered["pings"]
        answered = pings.answered() if pings else None
        if pings is None:
            pings = _remembered["pings"] = Pings()
        pings.ask(names)
        if answered is None:
            return []
        why = ""
    except OSError as error:
        answered, why = None, str(error)
    after, news = presence.step(before, list(names), answered, here.up(), why)
    _remembered["outlook"] = after
    if after.ever != before.ever:
        with suppress(OSError):  # a full disk keeps nobody from being missed by this run of the minion
            memory.write(kept, after.ever)
    return news


def close(_config: list[dict[str, Any]]) -> None:
    """Salt's last word to a beacon: the socket is given back."""
    if _remembered["pings"]:
        _remembered["pings"].close()
    _remembered.update(pings=None, outlook=None)


def _wrong(names: Any) -> str:
    """What is wrong with `look_at`."""
    if not isinstance(names, dict) or not names:
        return "`look_at` must be a mapping of names to addresses"
    for name, addresses in names.items():
        if not isinstance(name, str) or not isinstance(addresses, list) or not addresses:
            return f"`look_at`: {name!r} needs a list of addresses"
        if wrong := [address for address in addresses if not _is_address(address)]:
            return f"`look_at`: {wrong[0]!r} of {name} is no IPv4 address"
    return ""


def _is_address(text: Any) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return isinstance(text, str)


def _follow_library() -> None:
    """A minion runs for months: when the host's library was changed under it, the new one is imported. What was
    remembered is forgotten with it. The beacon `units`, which comes after this one, does the same; so nothing of the
    library may be kept by the first look: it only asks."""
    release = LIBRARY.readlink().name if LIBRARY.is_symlink() else ""
    if _remembered["release"] != release:
        if _remembered["release"] is not None:
            for module in [name for name in sys.modules if name.startswith("titanicarus.heal")]:
                del sys.modules[module]
        if _remembered["pings"]:
            _remembered["pings"].close()
        _remembered.update(release=release, pings=None, outlook=None)
