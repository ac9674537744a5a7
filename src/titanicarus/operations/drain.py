"""Take a host out of service with no failed request, and bring it back."""

from __future__ import annotations

from collections.abc import Iterator

from titanicarus.fleet import Declaration
from titanicarus.operations.errors import OperationFailed
from titanicarus.operations.job import call
from titanicarus.transport import Transport

DRAINABLE = frozenset({"lb", "web"})
DRAIN_SECONDS = 60.0


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
            f"{host_id} ({', '.join(roles)}) cannot be drained: only load balancers and web servers can"
        )


def _sentences(result: object) -> Iterator[str]:
    if isinstance(result, dict):
        yield from (f"  {key}: {value}" for key, value in result.items())
