"""All people and groups of all tenants, in one state: one diff, done by the host that writes the directory."""

from __future__ import annotations

from typing import Any


def managed(name: str, patience: float = 60, **_options: Any) -> dict[str, Any]:
    """The directory has exactly the people and groups that `pillar['directory']` says.

    name
        Any word.
    patience
        How many seconds to wait for somebody who writes while there is nobody.

    On a host that does not write the state succeeds, changes nothing and says who does; what was asked for is kept
    there, for the case that it takes over before it was done. People who left the files are locked, never deleted.
    """
    from datetime import UTC, datetime

    from titanicarus.directory import wishes
    from titanicarus.directory.apply import look, run
    from titanicarus.directory.people import BadPerson, wanted_from
    from titanicarus.directory.places import Places, settings_from
    from titanicarus.directory.server import DirectoryError, local
    from titanicarus.mariadb.tenants.writer import Standing, await_writer

    ret: dict[str, Any] = {"name": name, "changes": {}, "result": True, "comment": "as wanted", "warnings": []}
    pillar, places, test = __pillar__["directory"], Places(), bool(__opts__["test"])
    try:
        wanted, wish = (wanted_from(pillar), None) if test else wishes.keep(pillar, datetime.now(UTC))
        writer = await_writer(pillar["shard"], float(patience))
        if writer.standing is not Standing.HERE:
            return {**ret, "result": writer.standing is Standing.ELSEWHERE, "comment": f"not here: {writer.why}"}
        if wish is None:
            return _told(ret, look(local(places), wanted), None, len(wanted.people))
        settings = settings_from({**pillar, "host": __pillar__["host"]["id"], "island": __pillar__["host"]["island"]})
        ran = run(local(places), wanted, wish, settings, places)
    except (BadPerson, DirectoryError) as error:
        return {**ret, "result": False, "comment": str(error)}
    ret["warnings"] += ran.behind
    return _told(ret, ran.plan, ran.left, len(wanted.people))


def _told(ret: dict[str, Any], due: Any, left: Any, count: int) -> dict[str, Any]:
    from titanicarus.directory.plan import describe

    if due.conflicts:
        return {**ret, "result": False, "comment": "\n".join(due.conflicts)}
    if due.foreign:
        ret["warnings"] += [f"left alone, for Titanicarus did not make it: {dn}" for dn in due.foreign[:5]]
    if not due:
        return {**ret, "comment": f"{count} people as wanted"}
    ret["changes"] = describe(due.changes)
    if left is None:
        return {**ret, "result": None, "comment": f"{len(due.changes)} entries would be changed"}
    if left or left.conflicts:
        undone = [f"not done: {subject}: {words}" for subject, words in describe(left.changes).items()]
        return {**ret, "result": False, "comment": "\n".join([*undone, *left.conflicts])}
    return {**ret, "comment": f"{len(due.changes)} entries changed"}
