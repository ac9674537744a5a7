"""The half of the probe that runs on the client host: sends requests on a fixed schedule and tells how each went.

Only the standard library of the client's Python is used: the text of this file is handed to it. Its one argument is a
JSON object; it prints one JSON object a line. It ends when its standard input does.

Open loop: a request leaves when its time has come, whether or not earlier ones have been answered, so that a service
that hangs is asked as often as one that answers (no "coordinated omission"). Times are CLOCK_MONOTONIC, in seconds.
"""

import asyncio
import json
import os
import socket
import ssl
import sys
import time
import urllib.parse
from typing import Any

MOST_BYTES = 1 << 20


def tell(**facts: object) -> None:
    """Print one line for the other half."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


class Target:
    """What one target asks for, taken apart once and not at each request."""

    def __init__(self, settings: dict[str, Any]) -> None:
        url = urllib.parse.urlsplit(settings["url"])
        self.tls = url.scheme == "https"
        self.name = url.hostname
        self.look_up = settings["via"] or url.hostname
        self.port = url.port or (443 if self.tls else 80)
        self.status = settings["status"]
        self.contains = settings["contains"].encode()
        path = urllib.parse.urlunsplit(("", "", url.path or "/", url.query, ""))
        lines = [f"GET {path} HTTP/1.1", f"Host: {url.netloc}", "User-Agent: saguire-probe", "Accept: */*"]
        self.request = "\r\n".join([*lines, "Connection: close", "", ""]).encode()
        self.trust = ssl.create_default_context() if self.tls else None


async def ask(target: Target) -> str | None:
    """One request with its own name look-up and connection. None when the answer is good, else what was wrong."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(target.look_up, target.port, type=socket.SOCK_STREAM)
    address = found[0][4]
    reader, writer = await asyncio.open_connection(
        *address[:2], ssl=target.trust, server_hostname=target.name if target.tls else None
    )
    try:
        writer.write(target.request)
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        length, chunked = body_length(head)
        if chunked:
            body = await read_chunks(reader)
        elif length is None:
            body = await reader.read(MOST_BYTES)
        else:
            body = await reader.readexactly(length)
    finally:
        writer.transport.abort()
    if status != target.status:
        return f"status {status}"
    if target.contains not in body:
        return "wrong content"
    return None


def body_length(head: bytes) -> tuple[int | None, bool]:
    """The length that the headers promise (None: until the end), and whether the body comes in chunks."""
    length: int | None = None
    chunked = False
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        if name.lower() == b"transfer-encoding":
            chunked = b"chunked" in value.lower()
    return length, chunked


async def read_chunks(reader: asyncio.StreamReader) -> bytes:
    """A body in chunks (RFC 9112, section 7.1)."""
    body = b""
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        part = await reader.readexactly(size + 2)
        if size == 0:
            return body
        body += part[:-2]


async def judge(number: int, target: Target, due: float, deadline: float) -> None:
    """Send one request and tell how it went."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(deadline):
            wrong = await ask(target)
    except TimeoutError:
        wrong = f"no answer within {deadline:g} s"
    except ssl.SSLError as error:
        wrong = f"TLS: {error.reason or error}"
    except ConnectionError as error:
        wrong = type(error).__name__
    except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
        wrong = f"{type(error).__name__}: {error}"
    ended = time.monotonic()
    if wrong is None and ended - began > deadline:
        wrong = f"no answer within {deadline:g} s"
    tell(target=number, due=due, began=began, ended=ended, wrong=wrong)


async def ask_steadily(
    number: int, target: Target, first: float, settings: dict[str, Any], stop: asyncio.Event
) -> None:
    """Start the requests of one target, each when it is due, until `stop` is set; then wait for the last answers."""
    period, deadline = 1.0 / settings["rate"], settings["deadline"]
    running: set[asyncio.Task[None]] = set()
    count = 0
    while not stop.is_set():
        due = first + count * period
        try:
            async with asyncio.timeout(max(0.0, due - time.monotonic())):
                await stop.wait()
        except TimeoutError:
            task = asyncio.create_task(judge(number, target, due, deadline))
            running.add(task)
            task.add_done_callback(running.discard)
            count += 1
    if running:
        await asyncio.wait(running)


async def main(settings: dict[str, Any]) -> None:
    """Run the whole probe."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def listen() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            stop.set()

    loop.add_reader(sys.stdin.fileno(), listen)
    targets = [Target(each) for each in settings["targets"]]
    begin = time.monotonic() + 0.05
    tell(begin=begin)
    # Targets are spread over the period, so that they do not all ask at one instant.
    spread = 1.0 / settings["rate"] / len(targets)
    runs = [ask_steadily(n, target, begin + n * spread, settings, stop) for n, target in enumerate(targets)]
    everything = asyncio.gather(*runs)
    await stop.wait()
    end = time.monotonic()
    await everything
    tell(end=end)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
