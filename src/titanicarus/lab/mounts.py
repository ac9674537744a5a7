"""What is mounted on this machine (/proc/self/mountinfo, see proc(5)), and how the lab mounts and unmounts."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from titanicarus.lab.errors import LabError

_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class Mount:
    """One line of mountinfo."""

    target: Path
    kind: str
    super_options: tuple[str, ...]


def parse_mountinfo(text: str) -> tuple[Mount, ...]:
    """All mounts in the order of the file: later ones lie on top of earlier ones."""
    return tuple(_parse_line(line) for line in text.splitlines() if line.strip())


def _parse_line(line: str) -> Mount:
    before, _, after = line.partition(" - ")
    kind, _, options = after.split(" ", 2)
    return Mount(Path(_unescape(before.split(" ")[4])), kind, tuple(options.split(",")))


def _unescape(field: str) -> str:
    # The kernel writes blank, tab, newline and backslash as three octal digits.
    return _OCTAL.sub(lambda found: chr(int(found.group(1), 8)), field)


def read_mounts() -> tuple[Mount, ...]:
    """What is mounted now, as this process sees it."""
    return parse_mountinfo(Path("/proc/self/mountinfo").read_text())


def mounted_below(directory: Path, mounts: Sequence[Mount]) -> tuple[Path, ...]:
    """Mount points at or below a directory, the ones to unmount first at the front."""
    return tuple(mount.target for mount in reversed(mounts) if mount.target.is_relative_to(directory))


def mount_overlay(lower: Path, upper: Path, work: Path, target: Path) -> None:
    """Mount `upper` over the read-only `lower` at `target`. Raises LabError with the kernel's reason."""
    # volatile would be quicker, but it forbids the next mount after a crash of the machine.
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    _run(["mount", "-t", "overlay", "titanicarus", "-o", options, str(target)])


def share(directory: Path) -> None:
    """Let unmounting anything below a directory reach the copies that containers have of this machine's mounts.

    systemd-nspawn before version 254 keeps such copies for as long as the container runs, out of sight. A disk that was
    mounted when another host booted would stay in use after its own host has lost power. They receive what happens here
    because nspawn makes them slaves (mount_namespaces(7)). Idempotent.
    """
    if any(mount.target == directory for mount in read_mounts()):
        return
    _run(["mount", "--bind", str(directory), str(directory)])
    _run(["mount", "--make-shared", str(directory)])


def unmount_below(directory: Path) -> tuple[Path, ...]:
    """Unmount everything at or below a directory; gives back what was unmounted. Raises LabError when one is in use."""
    targets = mounted_below(directory, read_mounts())
    for target in targets:
        _run(["umount", "--", str(target)], directory)
    return targets


def who_keeps(directory: Path, proc: Path = Path("/proc")) -> str:
    """Processes with copies of mounts at or below a directory in mount namespaces of their own, for an error's end.

    A copy that gets no news of this machine's mounts (`unshare --mount`, mount_namespaces(7)) keeps a disk in use for
    as long as the process lives, and nothing here shows it. Empty when there is none.
    """
    here = (proc / "self/ns/mnt").readlink()
    seen: set[Path] = set()
    found = []
    for process in sorted(proc.glob("[0-9]*"), key=lambda path: int(path.name)):
        try:
            namespace = (process / "ns/mnt").readlink()
            if namespace == here or namespace in seen:
                continue
            seen.add(namespace)
            if mounted_below(directory, parse_mountinfo((process / "mountinfo").read_text())):
                found.append(f"process {process.name} ({(process / 'comm').read_text().strip()})")
        except OSError:
            continue  # it has ended
    return f"; {', '.join(found)} keeps a copy of its mounts: end it" if found else ""


def _run(argv: list[str], kept: Path | None = None) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        who = who_keeps(kept) if kept else ""
        raise LabError(f"`{' '.join(argv)}` ended with {done.returncode}: {done.stderr.strip()}{who}")
