"""Push and apply, as `saguire` does them on a lab."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from titanicarus.control import secrets
from titanicarus.control.apply import Applied, apply
from titanicarus.control.passwords import passwords_of
from titanicarus.control.push import Pushed, push
from titanicarus.fleet import Declaration
from titanicarus.lab import Lab
from titanicarus.operations.errors import OperationFailed
from titanicarus.operations.joining import gather_joined

Progress = Callable[[str], None]


def push_release(lab: Lab, declaration: Declaration, root: Path, fleet_file: Path | None, progress: Progress) -> Pushed:
    """Deliver the checkout at `root` to every reachable control host.

    Raises OperationFailed when the Saguirefile has hosts that the lab does not have yet, Unreadable for passwords in
    tenants' files, and what `push` raises.
    """
    missing = sorted({host.id for host in declaration.fleet.hosts} - set(lab.ids))
    if missing:
        raise OperationFailed(
            f"the Saguirefile has new hosts ({', '.join(missing)}): `saguire up` makes them and pushes"
        )
    gather_joined(lab, declaration, lab.secrets)
    keys = secrets.load(declaration.fleet, lab.secrets)
    passwords_of(declaration, keys.passwords, keys.islands)
    return push(root, lab, keys, lab.layout.home, fleet_file=fleet_file, declaration=declaration, progress=progress)


def apply_states(lab: Lab, declaration: Declaration, target: str | None, *, full: bool, progress: Progress) -> Applied:
    """Apply what was pushed. Raises NoMaster and NoSuchTarget."""
    return apply(lab, declaration, target, full=full, progress=progress)
