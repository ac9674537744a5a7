"""Gives whole copies of this host's shards to other database hosts: `python -m titanicarus.mariadb.copies`.

`GET /copy/<shard>?series=11.8` over TLS with certificates on both sides answers with the output of mariadb-backup, in
chunks. The last chunk is only sent when the backup has ended well, so half a copy cannot be taken for a whole one.
"""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import BaseServer, TCPServer, ThreadingMixIn
from types import FrameType
from typing import cast
from urllib.parse import parse_qs, urlsplit

from titanicarus.keeper import service, tls
from titanicarus.keeper.tls import Identity, NoIdentity
from titanicarus.mariadb import carried
from titanicarus.mariadb.carried import Carried, NotCarried
from titanicarus.mariadb.connection import Connection
from titanicarus.mariadb.errors import ServerError
from titanicarus.mariadb.instance import data_folder, socket_of
from titanicarus.mariadb.version import Version, installed

PORT = 3601
AT_ONCE = 2
SILENT_SECONDS = 120.0
_CHUNK = 1 << 18

Backup = Callable[[str, str], list[str]]


def backup_command(shard: str, scratch: str) -> list[str]:
    """The program that writes a copy of a running instance to its standard output. `scratch` is an empty folder."""
    return [
        "mariadb-backup",
        "--no-defaults",
        "--backup",
        "--stream=mbstream",
        "--user=root",
        "--skip-ssl",
        f"--socket={socket_of(shard)}",
        f"--datadir={data_folder(shard)}",
        f"--target-dir={scratch}",
        "--open-files-limit=8192",
    ]


def history_of(shard: str) -> str:
    """The last commit of each host in the instance's history (gtid_binlog_state). Raises ServerError."""
    with Connection(shard, socket_of(shard), 5.0) as connection:
        (rows,) = connection.ask("SELECT @@gtid_binlog_state AS history")
    return str(rows[0]["history"])


class Copies(ThreadingMixIn, TCPServer):
    """The server. `shards` says which shards there are now."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 16

    def __init__(
        self,
        address: tuple[str, int],
        identity: Identity,
        *,
        shards: Callable[[], tuple[Carried, ...]] = carried.carried,
        command: Backup = backup_command,
        version: Callable[[], Version] = installed,
        history: Callable[[str], str] = history_of,
    ) -> None:
        self.identity, self.shards, self.command, self.version = identity, shards, command, version
        self.history = history
        self.places = threading.BoundedSemaphore(AT_ONCE)
        super().__init__(address, _Handler)

    def finish_request(self, request: object, client_address: object) -> None:
        """In the connection's own thread: the handshake first."""
        try:
            secured = tls.accept(cast(socket.socket, request), self.identity)
        except (OSError, NoIdentity) as error:
            print(f"{client_address}: no connection: {error}", flush=True)
            return
        with secured:
            _Handler(secured, client_address, self)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def __init__(self, request: ssl.SSLSocket, client_address: object, server: BaseServer) -> None:
        self.peer = tls.peer_name(request)
        super().__init__(request, client_address, server)

    @property
    def copies(self) -> Copies:
        return cast(Copies, self.server)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        name = parts.path.removeprefix("/copy/")
        try:
            shard = next((one for one in self.copies.shards() if one.name == name), None)
            if shard is None or not parts.path.startswith("/copy/"):
                raise NotCarried(f"there is no shard {name!r} here")
            shard.carrier(self.peer)
        except NotCarried as error:
            self._refuse(HTTPStatus.FORBIDDEN if self.peer else HTTPStatus.UNAUTHORIZED, str(error))
            return
        mine, asked = self.copies.version(), parse_qs(parts.query).get("series", [""])[0]
        if asked != mine.series:
            self._refuse(
                HTTPStatus.CONFLICT,
                f"this host has MariaDB {mine}, {self.peer} has {asked or 'did not say'}: a copy of another series"
                " cannot be used; install the same one on both",
            )
            return
        if not self.copies.places.acquire(blocking=False):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, f"{AT_ONCE} copies are being made already: try again later")
            return
        try:
            self._send_copy(shard.name, mine, self.copies.history(shard.name))
        except ServerError as error:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        finally:
            self.copies.places.release()

    def _send_copy(self, shard: str, version: Version, history: str) -> None:
        print(f"{shard}: {self.peer} gets a copy", flush=True)
        with (
            tempfile.TemporaryDirectory() as scratch,
            subprocess.Popen(
                self.copies.command(shard, scratch),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
            ) as backup,
        ):
            words: list[bytes] = []
            listener = threading.Thread(target=_listen, args=(backup, words), daemon=True)
            listener.start()
            watch = _Watch(backup)
            try:
                self.send_response(HTTPStatus.OK)
                self.send_header("Content-Type", "application/octet-stream")
                self.send_header("Transfer-Encoding", "chunked")
                self.send_header("X-MariaDB", str(version))
                self.send_header("X-Size", str(size_of(data_folder(shard))))
                self.send_header("X-History", history)
                self.send_header("Connection", "close")
                self.end_headers()
                assert backup.stdout is not None
                while data := backup.stdout.read1(_CHUNK):  # type: ignore[attr-defined]
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
                    watch.feed()
                if backup.wait(timeout=SILENT_SECONDS) == 0:
                    self.wfile.write(b"0\r\n\r\n")
                    print(f"{shard}: {self.peer} has its copy", flush=True)
                else:
                    listener.join(1.0)
                    print(f"{shard}: the copy for {self.peer} failed: {_last(words)}", flush=True)
            except (OSError, subprocess.TimeoutExpired) as error:
                print(f"{shard}: the copy for {self.peer} broke off: {error}; {_last(words)}", flush=True)
            finally:
                watch.stop()
                backup.kill()
                self.close_connection = True

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        body = (why + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """What is worth a line is printed where it happens."""


class _Watch:
    """Kills a backup that has given nothing for SILENT_SECONDS: it may wait for commits that wait for a standby."""

    def __init__(self, backup: subprocess.Popen[bytes]) -> None:
        self._backup = backup
        self._fed = threading.Event()
        self._stopped = False
        threading.Thread(target=self._run, daemon=True).start()

    def feed(self) -> None:
        self._fed.set()

    def stop(self) -> None:
        self._stopped = True
        self._fed.set()

    def _run(self) -> None:
        while self._fed.wait(SILENT_SECONDS) and not self._stopped:
            self._fed.clear()
        if not self._stopped:
            self._backup.kill()


def size_of(folder: Path) -> int:
    """Bytes of the data without binary and relay logs, which a copy does not have."""
    total = 0
    for base, _folders, names in os.walk(folder):
        for name in names:
            if not name.startswith(("binlog.", "relay.")):
                try:
                    total += (Path(base) / name).lstat().st_size
                except FileNotFoundError:
                    continue  # dropped while we looked
    return total


def _listen(backup: subprocess.Popen[bytes], words: list[bytes]) -> None:
    assert backup.stderr is not None
    for line in backup.stderr:
        words.append(line)
        del words[:-5]


def _last(words: list[bytes]) -> str:
    return b" ".join(words).decode(errors="replace").strip() or "it said nothing"


def serve() -> bool:
    """Until a signal says stop; whether it is to begin anew, with newer code. Raises ServerError."""
    one, *_ = carried.carried() or (None,)
    if one is None:
        raise NotCarried("this host carries no shard: state.apply writes which it does")
    server = Copies((one.carrier(one.host).address, PORT), Identity())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    wake, asked = threading.Event(), set()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        asked.add(number)
        wake.set()

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    service.notify("READY=1", "STATUS=ready")
    wake.wait()
    server.socket.close()
    return signal.SIGTERM not in asked


def main() -> int:
    try:
        if serve():
            service.reloading()
            os.execv(sys.executable, [sys.executable, "-m", "titanicarus.mariadb.copies"])  # noqa: S606
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
