"""The ledgers of healing on this control host: its own, and the copies that it keeps. See `titanicarus.heal.ledger`."""

from __future__ import annotations

from typing import Any


def heads() -> dict[str, int]:
    """Every ledger here and how many entries it has.

    CLI Example:

    .. code-block:: bash

        salt '*-store*' ledger.heads
    """
    return _ledger().heads()


def keep(name: str, entries: list[dict[str, Any]]) -> int:
    """Add entries of another control host's ledger to the copy here; they have to go on from its end.

    Returns how many entries the copy has then. Raises CommandExecutionError, with nothing written, when they do not.

    CLI Example:

    .. code-block:: bash

        salt mel-store1 ledger.keep syd-store1.0a1b2c3d '[]'
    """
    from salt.exceptions import CommandExecutionError

    from titanicarus.heal import shares
    from titanicarus.heal.ledger import Broken

    ledger = _ledger()
    try:
        number = ledger.keep(name, entries)
        if any("island" in entry for entry in entries):
            shares.mark(ledger, __pillar__["guard"]["places"], _below(shares.MARK))
    except Broken as error:
        raise CommandExecutionError(f"{__opts__['id']}: {error}") from error
    return number


def problems() -> list[str]:
    """What is wrong with the ledgers here: entries that are missing or were changed. Empty when nothing is.

    CLI Example:

    .. code-block:: bash

        salt '*-store*' ledger.problems
    """
    return _ledger().problems()


def _ledger() -> Any:
    from salt.exceptions import CommandExecutionError

    from titanicarus.heal.ledger import FOLDER, Ledger

    if "guard" not in __pillar__:
        raise CommandExecutionError(f"{__opts__['id']} is no control host: it keeps no ledger")
    return Ledger(__opts__["id"], _below(FOLDER))


def _below(path: Any) -> Any:
    """The path on this host's disk; tests say in the minion's options where that is."""
    from pathlib import Path

    from titanicarus.control import layout

    return layout.below(Path(__opts__.get("titanicarus_root", "/")), path)
