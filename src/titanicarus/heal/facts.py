"""What a control host knows of its fleet: from the release that it serves, on its own disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from titanicarus.control import layout
from titanicarus.heal.case import Declared


class NoFacts(Exception):
    """There is no release here, or one without what the guard needs."""


@dataclass(frozen=True, slots=True)
class Place:
    """An island that has a share of users: the address of its health check, and the hosts that do each part of its
    work."""

    address: str
    needs: Mapping[str, tuple[str, ...]]

    @property
    def hosts(self) -> list[str]:
        """All of them."""
        return sorted({host for hosts in self.needs.values() for host in hosts})


@dataclass(frozen=True, slots=True)
class Facts:
    """`me` is this control host; `hosts` are all hosts of the fleet; `masters` the control hosts that the minions of
    each island listen to, in the order in which they come to a host's help; `observers` the control hosts that look
    whether a host or an island is there; `lost_seconds` for how long it gives no answer before people are told, and
    `ill_seconds` for how long a part of a host is ill;
    `notify` is what the policy says of who is told when a person has to look; `places` are the islands that have a
    share of users."""

    me: str
    hosts: Mapping[str, Declared]
    masters: Mapping[str, tuple[str, ...]]
    fleet: str = ""
    notify: Mapping[str, Any] | None = None
    observers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lost_seconds: float = 120.0
    ill_seconds: float = 300.0
    places: Mapping[str, Place] = field(default_factory=dict)

    def island(self, name: str) -> str | None:
        """Of a host, or the island itself; None for what is neither."""
        if name in self.hosts:
            return self.hosts[name].island
        return name if name in self.masters else None

    def turn(self, name: str) -> int | None:
        """How many masters come before this one at that host or island; None when minions there do not listen to it."""
        order = self.masters.get(self.island(name) or "", ())
        return order.index(self.me) if self.me in order else None

    def telling_turn(self, name: str) -> int | None:
        """The same where ledgers are what masters meet in: first those whose ledgers reach everybody, as all minions
        listen to the first control host of each island."""
        leading = {order[0] for order in self.masters.values() if order}
        order = sorted(self.masters.get(self.island(name) or "", ()), key=lambda master: master not in leading)
        return order.index(self.me) if self.me in order else None

    def peers(self) -> list[str]:
        """The other control hosts whose minions listen to this one."""
        control = {master for order in self.masters.values() for master in order}
        return sorted(host for host in control - {self.me} if self.turn(host) is not None)


def from_documents(me: str, guard: Mapping[str, Any], revisions: Mapping[str, str]) -> Facts:
    """From the pillar `guard:` of a control host and its release's revision of each host."""
    return Facts(
        me,
        {
            host: Declared(one["island"], tuple(one["units"]), revisions.get(host, ""))
            for host, one in guard["hosts"].items()
        },
        {island: tuple(order) for island, order in guard["masters"].items()},
        guard.get("fleet", ""),
        guard.get("notify"),
        {name: tuple(observers) for name, observers in guard.get("observers", {}).items()},
        float(guard.get("lost_seconds", 120)),
        float(guard.get("ill_seconds", 300)),
        {
            island: Place(one["address"], {part: tuple(hosts) for part, hosts in one["needs"].items()})
            for island, one in guard.get("places", {}).items()
        },
    )


def read(me: str, root: Path = Path("/")) -> Facts:
    """Raises NoFacts."""
    release = layout.Release(layout.Deploy(layout.below(root, layout.DEPLOY)).current)
    try:
        guard = json.loads((release.pillar / f"{me}.json").read_bytes())["guard"]
        return from_documents(me, guard, json.loads(release.facts.read_bytes())["hosts"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoFacts(f"{release.path}: {error!r}; `saguire push` brings a release that the guard can use") from error
