"""All databases, users and rights of tenants in a shard, in one state: one diff, done by the host that writes."""

from __future__ import annotations

from typing import Any


def managed(name: str, shards: list[str], patience: float = 60, **_options: Any) -> dict[str, Any]:
    """Each shard of this host that it writes to carries exactly what `pillar['db']['tenants']` says.

    name
        Any word.
    shards
        Names of the shards that this host carries.
    patience
        How many seconds to wait for a writer while there is none.

    On a host that is not the writer the state succeeds, changes nothing and says who is; what was asked for is kept
    there, for the case that it takes over before the writer has done it. Nothing is ever dropped.
    """
    ret: dict[str, Any] = {"name": name, "changes": {}, "result": True, "comment": "no shard here", "warnings": []}
    sentences = []
    for shard in shards:
        done = _shard(shard, float(patience))
        sentences.append(done["comment"])
        ret["warnings"] += done.get("warnings", [])
        if done.get("changes"):
            ret["changes"][shard] = done["changes"]
        if done["result"] is False or (done["result"] is None and ret["result"]):
            ret["result"] = done["result"]
    return {**ret, "comment": "\n".join(sentences) or ret["comment"]}


def _shard(shard: str, patience: float) -> dict[str, Any]:
    from datetime import UTC, datetime

    from titanicarus.mariadb.connection import Connection
    from titanicarus.mariadb.errors import ServerError
    from titanicarus.mariadb.instance import socket_of
    from titanicarus.mariadb.tenants import wishes
    from titanicarus.mariadb.tenants.model import BadTenant, Wish, wanted_from
    from titanicarus.mariadb.tenants.run import STATEMENT_SECONDS, full_run
    from titanicarus.mariadb.tenants.server import Busy, NotOpen
    from titanicarus.mariadb.tenants.writer import Standing, await_writer

    tenants, now, test = __pillar__["db"]["tenants"], datetime.now(UTC), bool(__opts__["test"])
    try:
        wanted = wanted_from(tenants, shard)
        wish = Wish(wanted.digest, now) if test else wishes.keep(shard, tenants, now)[1]
        writer = await_writer(shard, patience)
        if writer.standing is not Standing.HERE:
            return {"result": writer.standing is Standing.ELSEWHERE, "comment": f"{shard}: {writer.why}"}
        with Connection(shard, socket_of(shard), STATEMENT_SECONDS) as connection:
            ran = full_run(connection, wanted, wish, lambda _: None, test=test)
    except (BadTenant, Busy, NotOpen, ServerError) as error:
        return {"result": False, "comment": f"{shard}: {error}"}
    return _told(shard, ran, len(wanted.databases), test)


def _told(shard: str, ran: Any, count: int, test: bool) -> dict[str, Any]:
    from titanicarus.mariadb.tenants.plan import describe

    if ran.plan.conflicts:
        return {"result": False, "comment": "\n".join(f"{shard}: {text}" for text in ran.plan.conflicts)}
    told: dict[str, Any] = {"changes": describe(ran.plan.steps), "result": True}
    told["warnings"] = [f"{shard}: {sentence}" for sentence in (ran.plan.over if test else ran.left.over)]
    if not ran.plan:
        return {**told, "comment": f"{shard}: {count} databases as wanted"}
    if test:
        return {**told, "result": None, "comment": f"{shard}: {len(ran.plan.steps)} statements would be carried out"}
    if ran.left or ran.left.conflicts:
        left = [f"{shard}: not done: {key}: {text}" for key, text in describe(ran.left.steps).items()]
        return {**told, "result": False, "comment": "\n".join([*left, *ran.left.conflicts][:40])}
    return {**told, "comment": f"{shard}: {len(ran.plan.steps)} statements carried out"}
