"""All MariaDB instances of a database host in one state, as one diff: made, started, and who may replicate from it."""

from __future__ import annotations

from typing import Any


def managed(name: str, **_options: Any) -> dict[str, Any]:
    """The host runs exactly one instance for each shard of `pillar['db']['shards']`. None is ever restarted.

    name
        Where their data are: /srv/mariadb.

    A shard that has left the pillar: its instance is stopped, its data move to <name>/.removed-<shard>.<number>. One
    that is open for writes stays, and the state fails. So it does, and leaves alone, one that is being rebuilt.
    """
    from pathlib import Path

    from titanicarus.mariadb import instances
    from titanicarus.mariadb.carried import from_pillar
    from titanicarus.mariadb.errors import ServerError

    ret: dict[str, Any] = {"name": name, "changes": {}, "result": True, "comment": "as wanted"}
    base = Path(name)
    try:
        wanted = from_pillar(__pillar__["db"])
        seen, gone = instances.observe(wanted, base), instances.surplus(wanted, base)
        steps = instances.plan(seen, gone)
        if not steps:
            return {**ret, "comment": f"{len(wanted)} instances as wanted"}
        if __opts__["test"]:
            return {**ret, "result": None, "changes": steps, "comment": f"{len(steps)} instances would change"}
        __salt__["daemon.reload_units"]()
        redo = max(32, int(__pillar__["db"]["buffer_mib"]))
        failed = instances.apply(wanted, seen, gone, redo, base)
        left = instances.plan(instances.observe(wanted, base), instances.surplus(wanted, base))
    except ServerError as error:
        return {**ret, "result": False, "comment": str(error)}
    changes = {shard: todo for shard, todo in steps.items() if shard not in left}
    if failed or left:
        words = [*failed, *(f"shard {shard}: still to do: {', '.join(todo)}" for shard, todo in left.items())]
        return {**ret, "result": False, "changes": changes, "comment": "\n".join(words)}
    return {**ret, "changes": changes, "comment": f"{len(steps)} of {len(wanted)} instances changed"}
