"""What scenarios do besides breaking things: let time pass, wait for a moment, look who is about to write."""

from __future__ import annotations

from collections.abc import Callable

from titanicarus.lease.record import Record
from titanicarus.lease.simulation.host import Host
from titanicarus.lease.simulation.world import World


def host_of(world: World, name: str = "") -> Host:
    """A host by name, or the owner of the item as it is now."""
    return world.hosts[name or world.record.owner]


def wait(world: World, seconds: float) -> None:
    """Let so many seconds pass."""
    world.run(world.now + seconds)


def until(world: World, condition: Callable[[], bool], seconds: float, step: float = 0.02) -> None:
    """Run until the condition holds, or for so long."""
    end = world.now + seconds
    while world.now < end and not condition():
        world.run(world.now + step)


def writes(host: Host, wanted: Callable[[Record], bool] = lambda _: True) -> bool:
    """Whether a write of that kind by the host's keeper is on its way."""
    return host.keeper is not None and host.keeper.awaits_write is not None and wanted(host.keeper.awaits_write)


def lose_standby(world: World) -> None:
    """The owner loses its standby and goes on without."""
    world.hosts["a2"].power_off()
    until(world, lambda: world.record.standby is None, 10)
    wait(world, 3)
