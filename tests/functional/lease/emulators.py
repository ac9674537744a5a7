"""Two independent emulators of DynamoDB: moto, and dynalite with its table on a disk."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from moto.server import ThreadedMotoServer
from render.image_root import image_root

from titanicarus.lab.image import DYNALITE


@contextmanager
def emulator(kind: str, parent: Path) -> Iterator[Path]:
    """A running one; gives the folder with AWS's two files for it."""
    port = free_port()
    place = account(parent / kind, port)
    if kind == "moto":
        server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
        server.start()
        answers(port)
        yield place
        server.stop()
        return
    with image_root() as root, dynalite(root, port):
        yield place


def account(folder: Path, port: int) -> Path:
    folder.mkdir()
    url = f"http://127.0.0.1:{port}"
    (folder / "config").write_text(
        f"[default]\nregion = eu-west-1\nservices = test\n\n[services test]\ndynamodb =\n  endpoint_url = {url}\n"
    )
    (folder / "credentials").write_text("[default]\naws_access_key_id = AKIATEST\naws_secret_access_key = secret\n")
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def dynalite(root: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    program = f"/{DYNALITE}/node_modules/dynalite/cli.js"
    argv = ["chroot", str(root), "node", program, "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen([*argv, "--path", "/var/lib/dynamodb", "--createTableMs", "50"])
    try:
        answers(port)
        yield process
    finally:
        process.kill()
        process.wait()


def answers(port: int) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < until, "the emulator does not answer"
            time.sleep(0.05)
