"""Which configurations the beacons take, and words that say why not. Salt asks that every second."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

_OF_SALT = frozenset({"interval", "enabled", "disable_during_state_run", "beacon_module"})


def units(config: Any) -> tuple[bool, str]:
    """Of the beacon `units`."""
    return _valid("units", config, "units", _wrong_units)


def hosts(config: Any) -> tuple[bool, str]:
    """Of the beacon `hosts`."""
    return _valid("hosts", config, "look_at", _wrong_names)


def parts(config: Any) -> tuple[bool, str]:
    """Of the beacon `parts`."""
    return _valid("parts", config)


def _valid(
    beacon: str, config: Any, own: str = "interval", check: Callable[[Any], str] = lambda _: ""
) -> tuple[bool, str]:
    if not isinstance(config, list) or not all(isinstance(entry, dict) for entry in config):
        return False, f"the beacon `{beacon}` takes a list of mappings"
    options = {key: value for entry in config for key, value in entry.items() if key != "_beacon_name"}
    if unknown := set(options) - _OF_SALT - {own}:
        return False, f"the beacon `{beacon}` has no option {', '.join(sorted(map(str, unknown)))}"
    if wrong := check(options.get(own)):
        return False, wrong
    interval = options.get("interval", 1)
    if isinstance(interval, bool) or not isinstance(interval, int | float) or not 1 <= interval <= 60:
        return False, f"`interval` is 1 to 60 seconds, found {interval!r}"
    return True, "valid"


def _wrong_units(names: Any) -> str:
    if not isinstance(names, list) or not names:
        return "`units` must be a list with the names of the units that should run"
    wrong = [name for name in names if not (isinstance(name, str) and name.endswith((".service", ".timer")))]
    return f"`units`: {wrong[0]!r} is no name of a service or timer" if wrong else ""


def _wrong_names(names: Any) -> str:
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
