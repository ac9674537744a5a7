"""All the sites of a web server in one state: users, folders and contents, as one diff."""

from __future__ import annotations

from typing import Any


def managed(name: str, source: str = "salt://content", **_options: Any) -> dict[str, Any]:
    """The host carries exactly the sites of `pillar['web']['sites']`.

    name
        Where the sites' folders are: /srv/www.
    source
        The folder of the file server with one folder of contents for each site.

    A site that is gone from the pillar: its folder moves to <name>/.removed/, its user is locked, nothing is deleted.
    """
    from pathlib import Path

    from titanicarus.sites import disk
    from titanicarus.sites.model import BadSite, sites_from
    from titanicarus.sites.plan import describe, plan

    ret: dict[str, Any] = {"name": name, "changes": {}, "result": True, "comment": "as wanted"}
    places = disk.Places(sites=Path(name))
    try:
        wanted = sites_from(__pillar__["web"]["sites"])
    except BadSite as error:
        return {**ret, "result": False, "comment": str(error)}
    gid = disk.reader_gid()
    observed = disk.observe(wanted, places)
    steps = plan(wanted, observed, gid)
    if steps.conflicts:
        return {**ret, "result": False, "comment": "\n".join(steps.conflicts)}
    if not steps:
        disk.remember(wanted, observed, places)
        return {**ret, "comment": f"{len(wanted)} sites as wanted"}
    ret["changes"] = describe(steps)
    if __opts__["test"]:
        return {**ret, "result": None, "comment": f"{len(steps.work)} of {len(wanted)} sites would change"}
    return {**ret, **_apply(steps, wanted, places, gid, source)}


def _apply(steps: Any, wanted: Any, places: Any, gid: int, source: str) -> dict[str, Any]:
    """Do it, then look again: what the state says it did is what is there."""
    from titanicarus.sites import disk
    from titanicarus.sites.plan import describe, plan

    try:
        failed = disk.apply(steps, wanted, places, lambda site, path: _content(site, path, source), gid)
    except disk.CommandFailed as error:
        return {"result": False, "comment": str(error)}
    after = disk.observe(wanted, places)
    left = plan(wanted, after, gid)
    if failed or left or left.conflicts:
        words = [*failed, *left.conflicts, *(f"{site}: not done: {text}" for site, text in describe(left).items())]
        return {"result": False, "comment": "\n".join(words[:40])}
    disk.remember(wanted, after, places)
    return {"comment": f"{len(steps.work)} of {len(wanted)} sites changed, {len(steps.retire)} moved aside"}


def _content(site: Any, path: str, source: str) -> bytes:
    data: bytes = __salt__["web_sites.content"](site.name, path, site.contents[path], source)
    return data
