"""Threads for what may take long, so that the loop that renews leases never waits for it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

Job = Callable[[], None]


class Desk:
    """Does jobs one after another in a thread of its own. Jobs must have deadlines, and must not raise."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[tuple[str, Job]] = queue.SimpleQueue()
        self._known: set[str] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def ask(self, name: str, job: Job) -> bool:
        """Have a job done; False, and nothing happens, while one of that name waits or is being done."""
        with self._lock:
            if name in self._known:
                return False
            self._known.add(name)
        self._jobs.put((name, job))
        return True

    def busy(self, name: str) -> bool:
        """Whether a job of that name waits or is being done."""
        with self._lock:
            return name in self._known

    def _work(self) -> None:
        while True:
            name, job = self._jobs.get()
            try:
                job()
            finally:
                with self._lock:
                    self._known.discard(name)
