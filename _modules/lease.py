"""Leases of shards, by hand. The work is in `titanicarus.lease` and in the keepers."""

from __future__ import annotations

from typing import Any


def status() -> dict[str, Any]:
    """What the keeper of this database host says of each shard, and what the operator asks of it.

    CLI Example:

    .. code-block:: bash

        salt '*-db*' lease.status
    """
    from titanicarus.keeper import at_hand

    return at_hand.look(at_hand.DOCUMENT, at_hand.FILE)


def wishes() -> dict[str, dict[str, Any]]:
    """What the operator asks of this host's keeper, by shard.

    CLI Example:

    .. code-block:: bash

        salt '*-db*' lease.wishes
    """
    from dataclasses import asdict

    from titanicarus.keeper.wishes import read_wishes

    with _wishes_said():
        return {shard: asdict(wish) for shard, wish in read_wishes().items()}


def set_wish(shard: str, **changes: Any) -> dict[str, Any]:
    """Change what is asked of this host's keeper about a shard; gives back what stands then.

    paused, drained, override
        True or False.
    move_to
        The host that should have the lease instead of this one, or None.
    epoch
        The epoch that `move_to` and `override` are about.

    Raises CommandExecutionError, with nothing changed, for anything else. `saguire db` is what operators use.

    CLI Example:

    .. code-block:: bash

        salt syd-db1 lease.set_wish syd paused=True
    """
    from dataclasses import asdict

    from titanicarus.keeper.wishes import change_wish

    asked = {key: value for key, value in changes.items() if not key.startswith("__")}
    with _wishes_said():
        return asdict(change_wish(shard, asked))


def _wishes_said() -> Any:
    from contextlib import contextmanager

    from salt.exceptions import CommandExecutionError

    from titanicarus.keeper.wishes import BadWishes

    @contextmanager
    def speaking() -> Any:
        try:
            yield
        except (BadWishes, OSError) as error:
            raise CommandExecutionError(str(error)) from error

    return speaking()


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
    from titanicarus.control.birth import give_birth, pushed_leases

    try:
        return asdict(give_birth(pushed_leases(__opts__["id"])))
    except FileNotFoundError as error:
        raise CommandExecutionError(f"{error.filename}: missing; is this a control host that was pushed to?") from error
    except AWSError as error:
        raise CommandExecutionError(f"{type(error).__name__}: {error}") from error
