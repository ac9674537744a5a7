"""The cloud out on the lab's internet: what the platform rents from Amazon, emulated, on a machine without Salt."""

from __future__ import annotations

from pathlib import Path

from titanicarus.lab.layout import CLOUD


def write_first_files(root: Path) -> None:
    """The files of the cloud's disk before its first boot."""
    (root / "etc/hostname").write_text(f"{CLOUD}\n")
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {CLOUD}\n")
