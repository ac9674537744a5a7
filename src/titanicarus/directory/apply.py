"""One run: look, plan, carry out if this host is the one who writes, look again, and wait until the others have it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from titanicarus.directory import wishes
from titanicarus.directory.people import Wanted
from titanicarus.directory.places import Places, Settings
from titanicarus.directory.plan import Plan, plan
from titanicarus.directory.server import Client, DirectoryError, remote
from titanicarus.directory.versions import includes, vector
from titanicarus.mariadb.tenants.model import Wish

SPREAD_SECONDS = 10.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Ran:
    """What was planned; after it was carried out what is `left`, which should be nothing; and sentences about servers
    that have not got it yet."""

    plan: Plan
    left: Plan
    behind: tuple[str, ...] = ()


def look(client: Client, wanted: Wanted) -> Plan:
    """What would be done."""
    return plan(wanted, client.entries(wanted.suffix))


def run(client: Client, wanted: Wanted, wish: Wish, settings: Settings, places: Places) -> Ran:
    """Everything that is wanted, on the server that may be written to. Raises DirectoryError."""
    found = client.entries(wanted.suffix)
    due = plan(wanted, found)
    if due.conflicts:
        return Ran(due, Plan())
    if due:
        client.carry_out(due.changes)
        found = client.entries(wanted.suffix)
    left = plan(wanted, found) if due else due
    if not left and wishes.done(found.get(wanted.suffix, {})) != wish:
        client.carry_out([wishes.record(wanted.suffix, wish)])
    return Ran(due, left, spread(client, settings, places) if due else ())


def spread(client: Client, settings: Settings, places: Places, seconds: float = SPREAD_SECONDS) -> tuple[str, ...]:
    """Wait until every other server that answers has all that this one has; sentences about those that have not."""
    own = vector(client.versions(settings.suffix))
    deadline = time.monotonic() + seconds
    waiting = {one.id: remote(one, places.identity) for one in settings.others}
    silent: list[str] = []
    while waiting:
        for name, other in list(waiting.items()):
            try:
                if includes(vector(other.versions(settings.suffix)), own):
                    del waiting[name]
            except DirectoryError as error:
                silent.append(f"not there yet: {error}")
                del waiting[name]
        if time.monotonic() >= deadline:
            break
        time.sleep(_POLL_SECONDS)
    return (*silent, *(f"{name} has not got it yet" for name in waiting))
