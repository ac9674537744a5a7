"""Which minions a master accepts: exactly those of the fleet, put in place as files, never taken on trust."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from titanicarus.control import files, layout


def accept(minions: Mapping[str, str], root: Path) -> list[str]:
    """Make the master whose disk is at `root` accept exactly these minions (id -> public key PEM).

    Returns the ids that changed. The master sees the change at the minion's next authentication; no restart.
    """
    accepted = files.folder(layout.below(root, layout.SALT) / "pki" / "master" / "minions", 0o700)
    changed = [name for name, public in sorted(minions.items()) if files.write(accepted / name, public, 0o600)]
    for stray in accepted.iterdir():
        if stray.name not in minions:
            if stray.is_dir():
                shutil.rmtree(stray)
            else:
                stray.unlink()
            changed.append(stray.name)
    return changed
