"""One run on one shard: look, plan, carry out, look again. What the state, the timer and the module have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from titanicarus.mariadb.tenants import server
from titanicarus.mariadb.tenants.model import Found, Wanted, Wish
from titanicarus.mariadb.tenants.plan import Plan, plan, quota_plan, record
from titanicarus.mariadb.tenants.wishes import due

STATEMENT_SECONDS = 30.0
"""How long one statement may take: a commit waits for the standby."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What was planned, and after it was carried out what is left, which should be nothing."""

    plan: Plan
    left: Plan


def full_run(
    connection: server.Connection, wanted: Wanted, wish: Wish, say: Callable[[str], None], *, test: bool = False
) -> Ran:
    """Everything that is wanted of the shard. With `test` nothing is written. Raises NotOpen, Busy and ServerError."""
    found = _look(connection)
    due_now = plan(wanted, found)
    if test or due_now.conflicts:
        return Ran(due_now, Plan())
    server.carry_out(connection, due_now.steps, say)
    left = plan(wanted, _look(connection)) if due_now else Plan(over=due_now.over)
    if not left and not left.conflicts and (found.wish is None or found.wish.digest != wish.digest):
        server.carry_out(connection, [record(wish)], say)
    return Ran(due_now, left)


def timer_run(
    connection: server.Connection, kept: tuple[Wanted, Wish] | None, say: Callable[[str], None]
) -> Ran | None:
    """Quotas, and first a wish that came while nobody could carry it out. None when there is nothing to look after."""
    found = _look(connection)
    if kept is not None and due(kept[1], found.wish):
        say("carrying out what was applied while another host was to do it")
        return full_run(connection, *kept, say)
    if not found.register:
        return None
    due_now = quota_plan(found)
    server.carry_out(connection, due_now.steps, say)
    return Ran(due_now, quota_plan(_look(connection)) if due_now else Plan(over=due_now.over))


def _look(connection: server.Connection) -> Found:
    server.lock(connection)
    found, accepts_writes = server.look(connection)
    if not accepts_writes:
        raise server.NotOpen("the instance accepts no writes any more: the lease has gone to another host meanwhile")
    return found
