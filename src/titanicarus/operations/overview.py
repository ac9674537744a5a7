"""What `saguire status` shows: hosts, what the masters serve, what users of each island get, shards, files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

from titanicarus.control import layout
from titanicarus.control.masters import Serving, serving
from titanicarus.fleet import Role
from titanicarus.lab import CLIENT, Lab, LabStatus
from titanicarus.operations.files import VolumeView, look_at_files
from titanicarus.operations.shards import look_at_shards
from titanicarus.shards import ShardView
from titanicarus.transport import CommandFailed, Unreachable, run

# Without a master: a control host has all that it needs on its own disk.
GSLB = (layout.PYTHON, "-m", "titanicarus.gslb")
SHARES_SECONDS = 15


@dataclass(frozen=True)
class IslandHealth:
    """`web` is what the island's public VIP says of its web service: "200", another status, or "no answer".

    `share` is the part of new users that Route53 sends there, 0 to 1; None when that could not be found out.
    """

    island: str
    vip: str
    web: str
    share: float | None = None


@dataclass(frozen=True)
class Overview:
    """The whole fleet at one look. `silent_masters` maps a control host to why it could not be asked."""

    lab: LabStatus
    masters: tuple[Serving, ...]
    silent_masters: Mapping[str, str]
    islands: tuple[IslandHealth, ...]
    shards: tuple[ShardView, ...] = ()
    files: tuple[VolumeView, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        return {
            **self.lab.to_json(),
            "masters": [master.document() for master in self.masters],
            "silent_masters": dict(self.silent_masters),
            "islands": [asdict(island) for island in self.islands],
            "shards": [shard.to_json() for shard in self.shards],
            "files": [volume.to_json() for volume in self.files],
        }


def look(lab: Lab) -> Overview:
    """Ask everything that can be asked; takes a few seconds. A part that gives no answer is shown as such."""
    control = [host.id for host in lab.fleet.hosts if "control" in host.roles]
    islands = [island for island in lab.fleet.islands.values() if lab.fleet.with_role(Role.LB, island.name)]
    with ThreadPoolExecutor(max_workers=5 + len(islands)) as pool:
        asked = pool.submit(serving, lab, control)
        shares = pool.submit(_shares, lab, control)
        health = pool.map(lambda island: _health(lab, island.name, str(island.wan.vip)), islands)
        shards = pool.submit(look_at_shards, lab, lab.fleet)
        files = pool.submit(look_at_files, lab, lab.fleet)
        status = lab.status()
        found, silent = asked.result()
        told = shares.result()
        seen = tuple(replace(one, share=told.get(one.island)) for one in health)
        return Overview(status, tuple(found.values()), silent, seen, shards.result(), files.result())


def _shares(lab: Lab, control: Sequence[str]) -> dict[str, float]:
    """Each island's share of new users, as a control host reads it in Route53; empty when none can."""
    for host in control:
        try:
            answer = json.loads(run(lab, host, [*GSLB, host], timeout=SHARES_SECONDS).stdout)
            return {island: facts["share"] for island, facts in answer.items()}
        except (Unreachable, CommandFailed, ValueError, KeyError, TypeError, AttributeError):
            continue  # another one may; a share that nobody can tell is shown as such
    return {}


def _health(lab: Lab, island: str, vip: str) -> IslandHealth:
    argv = ["curl", "-s", "-o", "/dev/null", "-m", "2", "-w", "%{http_code}", f"http://{vip}/healthz/web"]
    try:
        answer = run(lab, CLIENT, argv, timeout=10, check=False).stdout.decode().strip()
    except Unreachable:
        return IslandHealth(island, vip, "not asked: the client is off")
    return IslandHealth(island, vip, "no answer" if answer == "000" else answer)
