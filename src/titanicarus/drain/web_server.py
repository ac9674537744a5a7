"""A web server leaves by saying 404 to the load balancers' checks: they send it nothing new and wait for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from titanicarus.drain import decide, look

FLAG = Path("/var/lib/titanicarus/drained/web")
PORT = 8080
NOTICED_SECONDS = 5.0
BACK_SECONDS = 15.0


def drained() -> bool:
    return FLAG.exists()


def healthy() -> bool:
    """Whether this host's own check says 200: nginx and PHP answer, and it is not drained."""
    answer = look.health("127.0.0.1", "/healthz", PORT)
    return answer is not None and answer[0] == 200


def usable(balancers: Sequence[str]) -> dict[str, int | None]:
    """How many web servers each load balancer could use now; None for one that does not answer."""
    counts: dict[str, int | None] = {}
    for balancer in balancers:
        answer = look.health(balancer, "/healthz/web")
        counts[balancer] = None if answer is None else int(answer[1].get("usable", 0))
    return counts


def may_leave(balancers: Sequence[str]) -> decide.Decision:
    return decide.web_server(usable(balancers), healthy())


def leave(balancers: Sequence[str], seconds: float) -> str:
    """Stop new requests and wait until the present ones are finished. Returns what was seen."""
    before = usable(balancers)
    counted = healthy()
    FLAG.parent.mkdir(parents=True, exist_ok=True)
    FLAG.touch()

    def noticed() -> bool:
        now = usable(balancers)
        return all(
            count is None or before[balancer] is None or count < (before[balancer] or 0) or count == 0
            for balancer, count in now.items()
        )

    if counted and not look.wait_for(noticed, NOTICED_SECONDS):
        return f"after {NOTICED_SECONDS:.0f} s the load balancers still count this host: {usable(balancers)}"
    # Checks come and go in milliseconds; one look that finds nothing means that no request is under way.
    if not look.wait_for(lambda: look.connections({PORT}) == 0, seconds):
        return f"drained, but {look.connections({PORT})} connections are still open after {seconds:.0f} s"
    return "no load balancer sends requests here, and none is under way"


def come_back(balancers: Sequence[str]) -> str:
    """Take requests again. Returns what was seen."""
    before = usable(balancers)
    was_drained = drained()
    FLAG.unlink(missing_ok=True)
    if not was_drained:
        return "was not drained"

    def noticed() -> bool:
        now = usable(balancers)
        return healthy() and all(
            count is None or before[balancer] is None or count > (before[balancer] or 0)
            for balancer, count in now.items()
        )

    if not look.wait_for(noticed, BACK_SECONDS):
        return f"after {BACK_SECONDS:.0f} s not every load balancer uses this host: {usable(balancers)}"
    return "every load balancer that answers uses this host"
