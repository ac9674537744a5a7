"""The ruler for every fault: a client on the lab's internet that asks each service steadily, and what it felt.

This half starts the client (`probe_client.py`) and collects; `probe_figures` does the arithmetic.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from types import TracebackType

from titanicarus.lab.cgroup import wait_until
from titanicarus.lab.errors import LabError
from titanicarus.lab.probe_figures import Answer, ProbeResult, Target, figures

__all__ = ["Answer", "Probe", "ProbeResult", "Target"]

_CLIENT = Path(__file__).with_name("probe_client.py")
FILE_CLIENT = Path(__file__).with_name("file_client.py")
"""The client that writes files."""
_START_SECONDS = 15.0
# The ruler must be the last thing to wait for a processor when the machine is busy.
_NICE = "-15"


class Probe:
    """One run of the probe, begun by `start` (or `with`) and ended by `stop`."""

    def __init__(
        self,
        enter: Callable[[Sequence[str]], list[str]],
        targets: Sequence[Target],
        *,
        rate: float,
        deadline: float,
        client: Path = _CLIENT,
    ) -> None:
        """`enter` turns an argv into one that runs on the client; `rate` is per second, `deadline` in seconds; `client`
        is the program there."""
        if not targets:
            raise LabError("there is nothing to probe: no target was given")
        self._enter = enter
        self._client = client
        self._targets = tuple(targets)
        self._rate = rate
        self._deadline = deadline
        self._answers: list[Answer] = []
        self._begin: float | None = None
        self._end: float | None = None
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._errors: list[str] = []
        self._result: ProbeResult | None = None

    def __enter__(self) -> Probe:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.stop()
        else:
            self.kill()

    def kill(self) -> None:
        """Leave nothing running, after something else went wrong; no harm after `stop`."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def start(self) -> None:
        """Begin; returns when the first request is due. Raises LabError when the client does not start."""
        settings = {
            "targets": [asdict(target) for target in self._targets],
            "rate": self._rate,
            "deadline": self._deadline,
        }
        inside = ["nice", "-n", _NICE, "python3", "-I", "-u", "-c", self._client.read_text(), json.dumps(settings)]
        # A session of its own: Ctrl-C stops the probe through `stop`, which still has figures to collect.
        self._process = subprocess.Popen(
            self._enter(inside),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()
        if not wait_until(lambda: self._begin is not None or self._ended(), _START_SECONDS) or self._begin is None:
            self._process.kill()
            raise LabError(f"the probe did not start on the client: {self._complaint()}")

    def stop(self) -> ProbeResult:
        """Send no more, wait for the answers that are due, and give the figures. A second call gives the same."""
        if self._result is not None:
            return self._result
        process, reader = self._process, self._reader
        if process is None or reader is None or process.stdin is None:
            raise LabError("the probe was not started")
        process.stdin.close()
        reader.join(timeout=self._deadline + 10.0)
        if reader.is_alive() or self._end is None:
            process.kill()
            raise LabError(f"the probe on the client died or hangs: {self._complaint()}")
        process.wait()
        self._result = self._figures(self._end)
        return self._result

    def so_far(self) -> ProbeResult:
        """The figures until now, while the probe goes on."""
        return self._figures(monotonic())

    def wait_until_good(self, timeout: float) -> None:
        """Return when every target was answered well within the last second. LabError after `timeout` seconds."""

        def all_good() -> bool:
            since = monotonic() - 1.0
            fresh = {answer.target for answer in list(self._answers) if answer.good and answer.ended > since}
            return len(fresh) == len(self._targets)

        if not wait_until(all_good, timeout, poll=0.05):
            raise LabError(f"not every target answers well after {timeout:g} s:\n{self.so_far().table()}")

    def _figures(self, end: float) -> ProbeResult:
        if self._begin is None:
            raise LabError("the probe was not started")
        return figures(self._targets, list(self._answers), self._begin, end)

    def _ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _complaint(self) -> str:
        if self._process is None or self._process.stderr is None or not self._ended():
            return "it gives no answer"
        return " / ".join(self._process.stderr.read().strip().splitlines()[-3:]) or "it printed nothing"

    def _collect(self) -> None:
        if self._process is None or self._process.stdout is None:
            raise LabError("the probe was not started")
        for line in self._process.stdout:
            facts = json.loads(line)
            if "begin" in facts:
                self._begin = facts["begin"]
            elif "end" in facts:
                self._end = facts["end"]
            else:
                self._answers.append(Answer(**facts))
