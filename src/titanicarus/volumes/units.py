"""The systemd units of clients: one for each mount, so that a mount outlives the agent that looks after it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from titanicarus.volumes.errors import VolumeError

SECONDS = 30.0
_PREFIX = "titanicarus-mount@"


def unit(mount: str) -> str:
    """The unit that serves a mount."""
    return f"{_PREFIX}{mount}.service"


def start(mount: str) -> None:
    """Raises VolumeError. Returns when the client was started, which is before it has mounted."""
    # One that waits for its next try cannot be started, only restarted.
    _systemctl("restart", unit(mount))


def again(mount: str) -> None:
    """End the client at once, however it hangs, and start a new one. Raises VolumeError."""
    _systemctl("kill", "--signal=KILL", unit(mount), accept_failure=True)
    _systemctl("reset-failed", unit(mount), accept_failure=True)
    _systemctl("restart", unit(mount))


def stop(mount: str) -> None:
    """Unmount. Raises VolumeError."""
    _systemctl("stop", unit(mount))


def there() -> set[str]:
    """Mounts of which a client runs, or tries to. Raises VolumeError."""
    said = _systemctl("list-units", "--plain", "--no-legend", "--full", f"{_PREFIX}*")
    names = (line.split()[0] for line in said.splitlines() if line.strip())
    return {name.removeprefix(_PREFIX).removesuffix(".service") for name in names}


def mounted(table: Path = Path("/proc/self/mounts")) -> set[Path]:
    """Where clients have mounted. Asks the kernel only, so it never hangs."""
    lines = (line.split() for line in table.read_text().splitlines())
    return {Path(words[1]) for words in lines if words[2].startswith("fuse.glusterfs")}


def _systemctl(*arguments: str, accept_failure: bool = False) -> str:
    argv = ["systemctl", "--no-pager", *arguments]
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise VolumeError(f"`{' '.join(argv)}` did not end within {SECONDS:g} s") from error
    if done.returncode != 0 and not accept_failure:
        raise VolumeError(f"`{' '.join(argv)}` failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout
