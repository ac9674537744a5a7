"""Take this host out of service with no failed request, and with its leases handed over. See `titanicarus.drain`."""

from __future__ import annotations

from typing import Any

SECONDS = 25


def start(force: bool = False, seconds: float = SECONDS) -> dict[str, str]:
    """Drain this host, for each of its roles that can be drained; kept over a reboot until `drain.stop`.

    force
        Even when it is the last good one of its role in the island.
    seconds
        How long to wait for connections that are under way.

    Returns role to a sentence. Raises CommandExecutionError, with nothing changed, when the host may not leave.

    CLI Example:

    .. code-block:: bash

        salt syd-web1 drain.start
    """
    from salt.exceptions import CommandExecutionError

    from titanicarus.drain import databases, gateway, load_balancer, web_server

    web, lb, way_out = __pillar__.get("web"), __pillar__.get("lb"), __pillar__.get("gateway")
    shards = _shards()
    _known_role(web, lb, way_out, shards)
    questions = []
    if shards:
        questions.append(databases.may_leave())
    if web:
        questions.append(web_server.may_leave(web["load_balancers"]))
    if lb:
        questions.append(load_balancer.may_leave(load_balancer.peers_of(lb)))
    refused = [decision.why for decision in questions if not decision.allowed]
    if refused and not force:
        raise CommandExecutionError(f"{__opts__['id']} stays in service: {'; '.join(refused)} (force=True overrides)")
    seen = {}
    try:
        if shards:
            seen["db"] = databases.leave(shards, seconds, force=force)
        if web:
            seen["web"] = web_server.leave(web["load_balancers"], seconds)
        if lb:
            # One flag for both: a load balancer that stands in for the firewall gives the gateway away with it.
            seen["lb"] = load_balancer.leave(lb, seconds, force=force)
        elif way_out:
            seen["gateway"] = gateway.leave(way_out, force=force)
    except (load_balancer.NobodyTookOver, databases.NotHandedOver) as error:
        raise CommandExecutionError(f"{__opts__['id']} stays in service: {error}") from error
    return seen


def stop() -> dict[str, str]:
    """Bring a drained host back. Returns role to a sentence.

    CLI Example:

    .. code-block:: bash

        salt syd-web1 drain.stop
    """
    from titanicarus.drain import databases, gateway, load_balancer, web_server

    web, lb, way_out = __pillar__.get("web"), __pillar__.get("lb"), __pillar__.get("gateway")
    shards = _shards()
    _known_role(web, lb, way_out, shards)
    seen = {}
    if shards:
        seen["db"] = databases.come_back(shards)
    if lb:
        seen["lb"] = load_balancer.come_back()
    elif way_out:
        seen["gateway"] = gateway.come_back(way_out)
    if web:
        seen["web"] = web_server.come_back(web["load_balancers"])
    return seen


def status() -> dict[str, dict[str, Any]]:
    """Role to whether it is drained and how many connections are open.

    CLI Example:

    .. code-block:: bash

        salt '*' drain.status
    """
    from titanicarus.drain import databases, load_balancer, look, web_server

    seen: dict[str, dict[str, Any]] = {}
    if shards := _shards():
        seen["db"] = {"drained": databases.drained(shards), "leases": sorted(databases.owned() or {})}
    if __pillar__.get("web"):
        seen["web"] = {"drained": web_server.drained(), "connections": look.connections({web_server.PORT})}
    if __pillar__.get("gateway") and not __pillar__.get("lb"):
        seen["gateway"] = {"drained": load_balancer.drained()}
    if lb := __pillar__.get("lb"):
        shared = load_balancer.addresses_of(lb)
        seen["lb"] = {
            "drained": load_balancer.drained(),
            "connections": look.connections(load_balancer.PORTS, shared),
        }
    return seen


def island_start(force: bool = False) -> dict[str, str | None]:
    """Turn the health checks of this host's island red, on this load balancer; kept over a reboot.

    force
        Even when no other island is healthy.

    Returns island to the state that it tells, before the change. Raises CommandExecutionError, with nothing changed,
    when this is the last healthy island.

    CLI Example:

    .. code-block:: bash

        salt 'syd-lb*' drain.island_start
    """
    from salt.exceptions import CommandExecutionError

    from titanicarus.drain import island

    own, others = _islands()
    before = island.states({**others, **own})
    decision = island.may_leave({name: before[name] for name in others})
    if not decision.allowed and not force:
        (name,) = own
        raise CommandExecutionError(f"{name} stays in service: {decision.why} (force=True overrides)")
    island.leave()
    return before


def island_stop() -> dict[str, str | None]:
    """Let the health checks of this host's island tell the truth again. Returns island to state, before the change.

    CLI Example:

    .. code-block:: bash

        salt 'syd-lb*' drain.island_stop
    """
    from titanicarus.drain import island

    own, others = _islands()
    before = island.states({**others, **own})
    island.come_back()
    return before


def islands() -> dict[str, str | None]:
    """What each island tells the world of its web service: "up", "down", "drained", "held", or None for no answer.

    CLI Example:

    .. code-block:: bash

        salt syd-lb1 drain.islands
    """
    from titanicarus.drain import island

    own, others = _islands()
    return island.states({**others, **own})


def _islands() -> tuple[dict[str, str], dict[str, str]]:
    """(this island, the others): name to public address. Raises CommandExecutionError on other hosts."""
    from salt.exceptions import CommandExecutionError

    lb = __pillar__.get("lb")
    if not lb:
        raise CommandExecutionError(f"{__opts__['id']} is no load balancer: islands are drained there")
    own = next(vip["address"].split("/")[0] for vip in lb["vrrp"]["vips"] if vip["interface"] == "wan0")
    others = {island["name"]: island["public"] for island in lb["spill"]["islands"]}
    return {__pillar__["host"]["island"]: own}, others


def _shards() -> list[str]:
    return [shard["name"] for shard in __pillar__.get("db", {}).get("shards", ())]


def _known_role(*sections: Any) -> None:
    from salt.exceptions import CommandExecutionError

    if not any(sections):
        raise CommandExecutionError(
            f"{__opts__['id']} is no load balancer, web server, firewall or database host: there is nothing to drain"
        )
