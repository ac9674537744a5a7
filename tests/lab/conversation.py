"""One TCP connection between two hosts of the lab, on which something is said twenty times a second."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from titanicarus.lab import Lab

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


@contextmanager
def conversation(lab: Lab, speaker: str, listener: tuple[str, str], seconds: float) -> Iterator[Figures]:
    """`listener` is a host and its address. The figures are complete when the context ends, which waits until `seconds`
    have passed or it broke."""
    host, address = listener
    ear = _start(lab, host, _LISTEN, PORT)
    figures = Figures()
    try:
        assert ear.stdout is not None
        assert ear.stdout.readline().strip() == "listening"
        mouth = _start(lab, speaker, _SPEAK, address, PORT, str(seconds), str(PATIENCE_SECONDS))
        yield figures
        out, wrong = mouth.communicate(timeout=seconds + PATIENCE_SECONDS + 20)
    finally:
        ear.kill()
        ear.wait()
    times = [float(line) for line in out.split()]
    figures.answers = len(times)
    figures.longest_gap = longest(times, seconds)
    figures.broken = (wrong.strip().splitlines() or [""])[-1] if mouth.returncode else ""


def _start(lab: Lab, host: str, program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        lab.command(host, ["python3", "-I", "-u", "-c", program, *arguments]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def pings(lab: Lab, host: str, address: str, seconds: float) -> Iterator[Figures]:
    """Ten echo requests a second, asked by a host; the figures are complete when the context ends."""
    argv = ["timeout", f"{seconds:g}", "ping", "-n", "-D", "-i", "0.1", "-W", "1", address]
    asking = subprocess.Popen(
        lab.command(host, argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    figures = Figures()
    yield figures
    out, _ = asking.communicate(timeout=seconds + 20)
    times = [float(line.split("]")[0].lstrip("[")) for line in out.splitlines() if "bytes from" in line]
    figures.answers = len(times)
    figures.longest_gap = longest(times, seconds)


def longest(times: list[float], seconds: float) -> float:
    """The longest time between two answers; the whole of it when there were none."""
    return max((after - before for before, after in pairwise(times)), default=seconds)
