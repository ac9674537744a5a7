"""Leases of shards, by hand. The work is in `titanicarus.lease` and in the keepers."""

from __future__ import annotations

from typing import Any


def birth() -> dict[str, Any]:
    """Make the witness's table, and an item for each shard that has none; what exists is never changed.

    Returns `made_table` and the names of the items that were `born`. Run it on a control host.

    Raises CommandExecutionError, with nothing changed, when AWS cannot be asked, or the table or an item is not ours.

    CLI Example:

    .. code-block:: bash

        salt-call --local lease.birth
    """
    from dataclasses import asdict

    from salt.exceptions import CommandExecutionError

    from titanicarus.aws import AWSError
    from titanicarus.lease.birth import give_birth, pushed_leases

    try:
        return asdict(give_birth(pushed_leases(__opts__["id"])))
    except FileNotFoundError as error:
        raise CommandExecutionError(f"{error.filename}: missing; is this a control host that was pushed to?") from error
    except AWSError as error:
        raise CommandExecutionError(f"{type(error).__name__}: {error}") from error
