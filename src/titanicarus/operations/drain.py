"""Take a host or a whole island out of service with no failed request, and bring it back."""

from __future__ import annotations

from collections.abc import Iterator

from titanicarus.fleet import Declaration, Role
from titanicarus.operations.errors import OperationFailed
from titanicarus.operations.job import call
from titanicarus.transport import Transport

DRAINABLE = frozenset({"lb", "web", "firewall", "db"})
DRAIN_SECONDS = 60.0


def drain_island(transport: Transport, declaration: Declaration, island: str, *, force: bool) -> Iterator[str]:
    """Turn an island's health checks red on each of its load balancers; yields the state before and after.

    Raises OperationFailed, with nothing changed, when it is the last healthy island (unless `force`).
    """
    yield from _set_island(transport, declaration, island, "drain.island_start", ["force=True"] if force else [])
    yield f"island {island} is drained; `saguire restore {island}` brings it back"


def restore_island(transport: Transport, declaration: Declaration, island: str) -> Iterator[str]:
    """Let an island's health checks tell the truth again. Raises OperationFailed as `drain_island` does."""
    yield from _set_island(transport, declaration, island, "drain.island_stop", [])
    yield f"island {island} is no longer drained"


def _set_island(
    transport: Transport, declaration: Declaration, island: str, function: str, arguments: list[str]
) -> Iterator[str]:
    """On every load balancer of the island that can be reached; at least one must be.

    One that is off learns it from the others when it starts (`titanicarus.keeper`).
    """
    balancers = [host.id for host in declaration.fleet.with_role(Role.LB, island)]
    if not balancers:
        raise OperationFailed(f"island {island} has no load balancers, so no users are sent to it")
    reached = [host for host in balancers if transport.reachable(host)]
    if not reached:
        raise OperationFailed(f"none of {', '.join(balancers)} can be reached; an island that is off needs no drain")
    for number, host in enumerate(reached):
        # The first one decided for the island; the others follow it, whatever Route53 has made of that by now.
        said = call(transport, declaration, host, function, *(arguments if number == 0 else _follow(function)))
        if number == 0:
            yield from _told("before", said)
    yield from _told("after", call(transport, declaration, reached[0], "drain.islands"))
    for host in sorted(set(balancers) - set(reached)):
        yield f"  {host} is off; it learns this from the other load balancer when it starts"


def _follow(function: str) -> list[str]:
    return ["force=True"] if function == "drain.island_start" else []


def _told(when: str, states: object) -> Iterator[str]:
    if isinstance(states, dict):
        yield f"  {when}: " + ", ".join(f"{name} {state or 'no answer'}" for name, state in sorted(states.items()))


def drain_host(transport: Transport, declaration: Declaration, host_id: str, *, force: bool) -> Iterator[str]:
    """Drain a load balancer or web server; yields sentences that say what was seen.

    Raises OperationFailed when the host has no role that can be drained, or it is the last good one (unless `force`).
    """
    _must_be_drainable(declaration, host_id)
    arguments = ["force=True"] if force else []
    result = call(transport, declaration, host_id, "drain.start", *arguments, timeout=DRAIN_SECONDS)
    yield from _sentences(result)
    yield f"{host_id} is drained; `saguire restore {host_id}` brings it back"


def restore_host(transport: Transport, declaration: Declaration, host_id: str) -> Iterator[str]:
    """Bring a drained host back. Raises OperationFailed as `drain_host` does."""
    _must_be_drainable(declaration, host_id)
    yield from _sentences(call(transport, declaration, host_id, "drain.stop", timeout=DRAIN_SECONDS))
    yield f"{host_id} is in service"


def _must_be_drainable(declaration: Declaration, host_id: str) -> None:
    roles = declaration.fleet.host(host_id).roles
    if not DRAINABLE & set(roles):
        raise OperationFailed(
            f"{host_id} ({', '.join(roles)}) cannot be drained: only load balancers, web servers, firewalls and "
            "database hosts can"
        )


def _sentences(result: object) -> Iterator[str]:
    if isinstance(result, dict):
        yield from (f"  {key}: {value}" for key, value in result.items())
