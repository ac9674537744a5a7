"""Whether the disk of the databases takes writes: a small one, with fsync, each second, in a thread that may hang."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from titanicarus.mariadb.instance import DATA

EVERY_SECONDS = 1.0
_NAME = ".probe"


class Probe:
    """Begins at once. `written_at` is when a write that ended well was begun (CLOCK_BOOTTIME), `free` bytes are left.

    A disk that hangs or is full is seen by `written_at` standing still; nobody waits for it.
    """

    def __init__(self, folder: Path = DATA) -> None:
        self._path = folder / _NAME
        self.written_at = 0.0
        self.free = 0
        threading.Thread(target=self._run, name="disk probe", daemon=True).start()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            began = time.clock_gettime(time.CLOCK_BOOTTIME)
            try:
                self.free = self._write(str(began).encode())
                self.written_at = began
            except OSError:
                self.free = 0  # full, read-only or gone: all that matters is that it was not written
            pause.wait(EVERY_SECONDS)

    def _write(self, content: bytes) -> int:
        """Gives the free bytes of the file system."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, content)
            os.fsync(descriptor)
            space = os.fstatvfs(descriptor)
            return space.f_bavail * space.f_frsize
        finally:
            os.close(descriptor)
