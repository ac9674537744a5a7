"""Open connections and pings between two hosts of the lab: rulers of what forwards packets."""

from __future__ import annotations

import math
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from titanicarus.lab.errors import LabError
from titanicarus.transport import Transport

_LISTEN = """
import socket, sys
server = socket.create_server(("", int(sys.argv[1])))
print("listening", flush=True)
peer, _ = server.accept()
while said := peer.recv(64):
    peer.sendall(said)
"""
_SPEAK = """
import socket, sys, time
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5)
peer.settimeout(float(sys.argv[4]))
end = time.monotonic() + float(sys.argv[3])
while time.monotonic() < end:
    peer.sendall(b"x")
    if not peer.recv(64):
        sys.exit("the other side closed")
    print(time.monotonic(), flush=True)
    time.sleep(0.05)
"""
PORT = "7007"
PATIENCE_SECONDS = 15.0


@dataclass
class Figures:
    """`longest_gap` in seconds between two answers; `broken` says how the connection ended before its time."""

    answers: int = 0
    longest_gap: float = 0.0
    broken: str = ""

    def __str__(self) -> str:
        return f"longest gap {self.longest_gap:.2f} s, {self.broken or 'connection alive'}"


class Talk(ABC):
    """Something that is said again and again from one host to another: begun by `start`, ended by `end` or by itself
    after `seconds`. `times` are when answers came (CLOCK_MONOTONIC)."""

    def __init__(self, transport: Transport, speaker: str, seconds: float) -> None:
        self._transport = transport
        self._speaker = speaker
        self._seconds = seconds
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._asked_to_end = False
        self._wrong: list[str] = []
        self.times: list[float] = []

    def start(self) -> None:
        """Begin. Raises Unreachable, and LabError."""
        self._process = _start(self._transport, self._speaker, self._command())
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()

    def wait(self) -> None:
        """Return when it has ended by itself."""
        self._join(self._seconds + PATIENCE_SECONDS + 20)

    def end(self) -> None:
        """End it now, whatever it still waits for; no harm when it has ended."""
        if self._process is not None and self._process.poll() is None:
            self._asked_to_end = True
            self._process.kill()
        self._join(10.0)

    def give_up(self) -> None:
        """Leave nothing running, after something else went wrong; no harm when it was not started or has ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def broken(self) -> str:
        """How it ended before its time, in its own words; empty when it did not."""
        code = self._process.poll() if self._process is not None else None
        if not code or self._asked_to_end or not self._ends_badly(code):
            return ""
        return self._wrong[-1] if self._wrong else f"it ended with {code}"

    def figures(self) -> Figures:
        """After its end."""
        return Figures(len(self.times), longest(self.times, self._seconds), self.broken)

    def _join(self, seconds: float) -> None:
        if self._process is None or self._reader is None:
            raise LabError("the conversation was not started")
        self._reader.join(seconds)
        if self._reader.is_alive():
            self._process.kill()
            raise LabError(f"the conversation from {self._speaker} hangs")
        self._process.wait()

    def _collect(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            moment = self._moment(line)
            if moment is None:
                self._wrong.append(line.strip())
            else:
                self.times.append(moment)

    @abstractmethod
    def _command(self) -> list[str]:
        """What the speaker runs; it prints a line for each answer."""

    @abstractmethod
    def _moment(self, line: str) -> float | None:
        """When the answer came that a line tells of; None when it tells of none."""

    @abstractmethod
    def _ends_badly(self, code: int) -> bool:
        """Whether that exit code means that it broke."""


class Conversation(Talk):
    """One TCP connection, on which something is said twenty times a second."""

    def __init__(
        self, transport: Transport, speaker: str, listener: tuple[str, str], seconds: float, port: str = PORT
    ) -> None:
        """`listener` is a host and its address."""
        super().__init__(transport, speaker, seconds)
        self._listener, self._address = listener
        self._port = port
        self._ear: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Begin. Raises Unreachable, and LabError when nobody listens."""
        self._ear = _start(self._transport, self._listener, _python(_LISTEN, self._port))
        assert self._ear.stdout is not None
        said = self._ear.stdout.readline().strip()
        if said != "listening":
            self._ear.kill()
            raise LabError(f"nobody listens at port {self._port} of {self._listener}: {said}")
        super().start()

    def close(self) -> None:
        """Let nobody listen any more."""
        if self._ear is not None:
            self._ear.kill()
            self._ear.wait()

    def _command(self) -> list[str]:
        return _python(_SPEAK, self._address, self._port, str(self._seconds), str(PATIENCE_SECONDS))

    def _moment(self, line: str) -> float | None:
        try:
            return float(line)
        except ValueError:
            return None

    def _ends_badly(self, code: int) -> bool:
        return code != 0


class Pings(Talk):
    """Ten echo requests a second."""

    def __init__(self, transport: Transport, speaker: str, address: str, seconds: float) -> None:
        super().__init__(transport, speaker, seconds)
        self._address = address
        self._offset = time.time() - time.monotonic()

    def _command(self) -> list[str]:
        # By its own deadline: a `timeout` that is killed leaves it running.
        return ["ping", "-n", "-D", "-i", "0.1", "-W", "1", "-w", str(math.ceil(self._seconds)), self._address]

    def _moment(self, line: str) -> float | None:
        return float(line.split("]", maxsplit=1)[0].lstrip("[")) - self._offset if "bytes from" in line else None

    def _ends_badly(self, code: int) -> bool:
        """1: none was answered, which their times tell."""
        return code != 1


@contextmanager
def conversation(lab: Transport, speaker: str, listener: tuple[str, str], seconds: float) -> Iterator[Figures]:
    """The figures are complete when the context ends, which waits until `seconds` have passed or it broke."""
    talk = Conversation(lab, speaker, listener, seconds)
    try:
        talk.start()
        figures = Figures()
        yield figures
        talk.wait()
        figures.__dict__.update(talk.figures().__dict__)
    finally:
        talk.close()


@contextmanager
def pings(lab: Transport, host: str, address: str, seconds: float) -> Iterator[Figures]:
    """Ten echo requests a second, asked by a host; the figures are complete when the context ends."""
    talk = Pings(lab, host, address, seconds)
    talk.start()
    figures = Figures()
    yield figures
    talk.wait()
    figures.__dict__.update(talk.figures().__dict__)


def longest(times: Sequence[float], seconds: float) -> float:
    """The longest time between two answers; the whole of it when there were none."""
    return max((after - before for before, after in pairwise(times)), default=seconds)


def _python(program: str, *arguments: str) -> list[str]:
    return ["python3", "-I", "-u", "-c", program, *arguments]


def _start(transport: Transport, host: str, argv: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        transport.command(host, argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A session of its own: Ctrl-C ends it through whoever began it.
        start_new_session=True,
    )
