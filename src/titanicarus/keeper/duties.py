"""What the keeper of a host has to do, by the host's roles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from titanicarus.keeper.config import Config
from titanicarus.keeper.island_watch import IslandWatch
from titanicarus.keeper.routing_watch import RoutingWatch
from titanicarus.keeper.tls import Identity


class Duty(Protocol):
    """One thing that a keeper looks after. It logs by itself what is new."""

    def tick(self) -> str:
        """Called once a second; may take a second or two. Gives one sentence for `systemctl status`."""
        ...

    def alive(self) -> bool:
        """Whether all of its threads come round; systemd starts a keeper anew that says no for long."""
        ...


def duties_of(config: Config) -> tuple[Duty, ...]:
    """Each duty of this host, begun. Raises NoIdentity, AWSError or OSError."""
    return tuple(_duties(config))


def _duties(config: Config) -> Iterator[Duty]:
    if config.leases:
        # boto3 takes half a second to import: only hosts that need the witness pay for it.
        from titanicarus.keeper.leases import begin  # noqa: PLC0415

        yield begin(config.leases)
    if config.island:
        yield IslandWatch(config.island)
    if config.routing:
        yield RoutingWatch(config.routing, Identity()).start()
