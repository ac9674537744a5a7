"""Push and apply, as `saguire` does them on a lab."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from titanicarus.control import secrets
from titanicarus.control.apply import Applied, apply
from titanicarus.control.push import Pushed, push
from titanicarus.fleet import Declaration
from titanicarus.lab import CLIENT, Lab
from titanicarus.operations.errors import OperationFailed
from titanicarus.operations.public_names import public_names

Progress = Callable[[str], None]


def push_release(lab: Lab, declaration: Declaration, root: Path, fleet_file: Path | None, progress: Progress) -> Pushed:
    """Deliver the checkout at `root` to every reachable control host, and the sites' names to the lab's client.

    Raises OperationFailed when the Saguirefile has hosts that the lab does not have yet, and what `push` raises.
    """
    missing = sorted({host.id for host in declaration.fleet.hosts} - set(lab.ids))
    if missing:
        raise OperationFailed(
            f"the Saguirefile has new hosts ({', '.join(missing)}): `saguire up` makes them and pushes"
        )
    keys = secrets.load(declaration.fleet, lab.secrets)
    pushed = push(root, lab, keys, lab.layout.home, fleet_file=fleet_file, declaration=declaration, progress=progress)
    tell_client(lab, declaration)
    return pushed


def apply_states(lab: Lab, declaration: Declaration, target: str | None, *, full: bool, progress: Progress) -> Applied:
    """Apply what was pushed. Raises NoMaster and NoSuchTarget."""
    return apply(lab, declaration, target, full=full, progress=progress)


def tell_client(lab: Lab, declaration: Declaration) -> None:
    """Give the lab's client the public names as they are declared; one that is off gets them with the next `up`."""
    if lab.reachable(CLIENT):
        lab.client_names(public_names(declaration))
