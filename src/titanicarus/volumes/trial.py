"""A mount is tried: something is written, synced and read back past every cache, in a thread that may hang.

Always in the same file, in place: to make, rename and delete one each time is three more agreements of all bricks, and
was most of what bricks at rest did. That needs no room, so whether there is any is asked besides.
"""

from __future__ import annotations

import errno
import mmap
import os
import secrets
import threading
from collections.abc import Callable
from pathlib import Path

from titanicarus.volumes.mounts import Unlike

FOLDER = ".titanicarus/probes"
EVERY_SECONDS = 4.0
"""Each is several agreements of all bricks, on every mount of the fleet."""
DOUBT_SECONDS = 2.0
"""And while the last one failed, or none has ended well yet."""
_SIZE = 4096


def write_and_read(mount: Path, host: str) -> None:
    """One try. Raises OSError; Unlike when what comes back is something else."""
    folder = mount / FOLDER
    words = secrets.token_hex(_SIZE // 2).encode()
    try:
        _write(folder / host, words)
    except FileNotFoundError:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(folder / host, words)
    if _read(folder / host) != words:
        raise Unlike(f"{folder / host} does not hold what was written")
    if not os.statvfs(mount).f_bavail:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _write(path: Path, words: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, words)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    """From the bricks: neither the kernel nor the client answers O_DIRECT out of what it still knows."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECT | os.O_CLOEXEC)
    try:
        with mmap.mmap(-1, _SIZE) as page:  # O_DIRECT wants memory that begins with a page
            size = os.readv(descriptor, [page])
            return page[:size]
    finally:
        os.close(descriptor)


class Trial:
    """Tries a mount again and again. Nobody waits for it: a try that hangs is seen by `trying_since` standing still.

    `clock` gives seconds. The attributes are replaced, never changed, so any thread may read them.
    """

    def __init__(self, attempt: Callable[[], None], clock: Callable[[], float], name: str) -> None:
        self._attempt, self._clock = attempt, clock
        self._go = threading.Event()
        self.trying_since: float | None = None
        self.good_at: float | None = None
        self.error: OSError | None = None
        self.failing_since: float | None = None
        threading.Thread(target=self._run, name=f"trial {name}", daemon=True).start()

    def begin(self) -> None:
        """Try once, unless a try is still going on."""
        if self.trying_since is None:
            self.trying_since = self._clock()
            self._go.set()

    def forget(self) -> None:
        """What was found out is of an earlier client."""
        self.error = self.failing_since = self.good_at = None

    def _run(self) -> None:
        while True:
            self._go.wait()
            self._go.clear()
            try:
                self._attempt()
            except OSError as error:
                if self.failing_since is None:
                    self.failing_since = self._clock()
                self.error = error
            else:
                self.error = self.failing_since = None
                self.good_at = self._clock()
            self.trying_since = None
