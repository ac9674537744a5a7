"""The platform and the cluster as the measurements use them: who writes, where clients go, and when all is calm."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace

from lab.databases import await_tables, await_whole, mariadb, view, writer
from lab.running import Running, until

from galera_cluster import settings
from galera_cluster.cluster import Cluster
from galera_cluster.figures import Side
from titanicarus.operations.workload import Place

CALM_SECONDS = 240.0


class Measured(ABC):
    """One of the two."""

    side: Side

    def __init__(self, fleet: Running, place: Place) -> None:
        """`place` is where clients run and what they write to."""
        self.fleet = fleet
        self.place = place

    @abstractmethod
    def writer(self) -> str:
        """The host that takes the writes now."""

    @property
    @abstractmethod
    def unit(self) -> str:
        """The unit of mariadbd on such a host."""

    @abstractmethod
    def await_calm(self, *, alone: bool = False) -> None:
        """Wait until it has all its copies and none of them has anything left to do. `alone`: only those of the
        island, while the others are held."""

    @abstractmethod
    def await_tables(self) -> None:
        """Wait until what was written so far is on every copy that follows."""

    @abstractmethod
    def await_readable(self) -> None:
        """Wait until whoever is asked next has all that was acknowledged."""


class Platform(Measured):
    """A shard of the fleet."""

    side = Side.PLATFORM

    def writer(self) -> str:
        return writer(self.fleet, self.place.shard)

    @property
    def unit(self) -> str:
        return mariadb(self.place.shard)

    def await_calm(self, *, alone: bool = False) -> None:
        if alone:
            shard = self.place.shard
            until(f"{shard} having its standby", lambda: view(self.fleet, shard).in_sync, CALM_SECONDS, poll=0.5)
        else:
            await_whole(self.fleet, self.place.shard, CALM_SECONDS)

    def await_tables(self) -> None:
        await_tables(self.fleet, self.place.shard)

    def await_readable(self) -> None:
        """Nothing to wait for: an owner opens when it has applied everything."""


class Galera(Measured):
    """The cluster."""

    side = Side.GALERA

    def __init__(self, fleet: Running, place: Place, cluster: Cluster) -> None:
        """`place` is the platform's: the same host of clients."""
        super().__init__(fleet, replace(place, access=cluster.access))
        self.cluster = cluster

    def writer(self) -> str:
        return self.cluster.writer()

    @property
    def unit(self) -> str:
        return settings.NODE_UNIT

    def await_calm(self, *, alone: bool = False) -> None:  # noqa: ARG002 - it is in one island anyway
        self.cluster.await_whole(CALM_SECONDS)

    def await_tables(self) -> None:
        self.await_readable()

    def await_readable(self) -> None:
        until("every node having applied what it was given", self.cluster.settled, CALM_SECONDS)
