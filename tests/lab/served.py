"""Seeing a new site come up on every island, without taking processor time from the fleet that brings it up."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from lab.running import Running

from titanicarus.lab import CLIENT

# In the client: asks every island in turn, and says when each has the page for the first time. One process: a curl for
# each question would take a part of the machine that is being measured.
WATCH = r"""
import socket, ssl, sys, time
words, name, *left = sys.argv[1:]
context = ssl.create_default_context()
question = f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode()
while left:
    for vip in list(left):
        try:
            with (
                socket.create_connection((vip, 443), timeout=2) as plain,
                context.wrap_socket(plain, server_hostname=name) as stream,
            ):
                stream.sendall(question)
                answer = b"".join(iter(lambda: stream.recv(65536), b""))
        except OSError:
            continue
        if words.encode() in answer:
            print(vip, flush=True)
            left.remove(vip)
    time.sleep(0.3)
"""


@contextmanager
def watching(fleet: Running, name: str, words: str) -> Iterator[Iterator[str]]:
    """Each island as soon as its public address has a page with these words for a site. Ends after two minutes."""
    vips = {str(island.wan.vip): island.name for island in fleet.lab.fleet.islands.values()}
    command = fleet.lab.command(CLIENT, ["timeout", "120", "python3", "-c", WATCH, words, name, *vips])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watch:
        yield (vips[line.strip()] for line in watch.stdout or ())
