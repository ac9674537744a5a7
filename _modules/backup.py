"""Copies of this host's shards, by hand. The work is in `titanicarus.backup`."""

from __future__ import annotations

from typing import Any


def listing(shard: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """What is kept here, by shard: generations with their base copies, logs, and how far those reach.

    CLI Example:

    .. code-block:: bash

        salt '*-db*' backup.listing
    """
    from dataclasses import asdict

    from titanicarus.backup.keeping import read_config
    from titanicarus.backup.store import Place

    found = {}
    with _spoken():
        for name in [shard] if shard else read_config().shards:
            place = Place(name)
            found[name] = [asdict(place.read(generation)) for generation in place.generations()]
    return found


def base(shard: str) -> dict[str, Any]:
    """Take a base copy of a shard here and now. Raises CommandExecutionError with the reason when this host may not.

    CLI Example:

    .. code-block:: bash

        salt mel-db1 backup.base syd
    """
    from dataclasses import asdict

    from titanicarus.backup.keeping import base_now

    said: list[str] = []
    with _spoken():
        return asdict(base_now(shard, said.append)) | {"said": said}


def logs(shard: str) -> str:
    """Copy what is new in a shard's binary logs now; gives back the name of the generation that they are in.

    CLI Example:

    .. code-block:: bash

        salt mel-db1 backup.logs syd
    """
    from titanicarus.backup.keeping import copy_logs
    from titanicarus.backup.store import Place

    with _spoken():
        return copy_logs(Place(shard), lambda _text: None)


def _spoken() -> Any:
    """Errors that an operator can do something about, as Salt shows them: the sentence and no traceback."""
    from contextlib import contextmanager

    from salt.exceptions import CommandExecutionError

    from titanicarus.backup.base import CopyFailed
    from titanicarus.mariadb.errors import ServerError

    @contextmanager
    def speaking() -> Any:
        try:
            yield
        except (CopyFailed, ServerError, OSError) as error:
            raise CommandExecutionError(str(error)) from error

    return speaking()
