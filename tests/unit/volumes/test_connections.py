"""Which bricks a process is connected to, as the kernel says it."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from titanicarus import pki
from titanicarus.volumes import connections

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def line(remote: str, port: int, inode: int, state: str = "01") -> str:
    numbers = "00000000:00000000 02:000003FC 00000000     0        0"
    return f"   0: 0B01470A:C001 {remote}:{port:04X} {state} {numbers} {inode} 1\n"


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A client connected to 10.71.1.31 (over IPv4) and 10.71.1.32 (over IPv6's form of it)."""
    folder = tmp_path / "77"
    (folder / "fd").mkdir(parents=True)
    (folder / "net").mkdir()
    for number, inode in enumerate((5, 6, 7, 8)):
        (folder / f"fd/{number}").symlink_to(f"socket:[{inode}]")
    (folder / "fd/9").symlink_to("/dev/null")
    table = line("1F01470A", 49152, 5) + line("2901470A", 24007, 6) + line("2901470A", 49153, 99)
    (folder / "net/tcp").write_text(HEAD + table + line("2901470A", 49153, 8, "08"))
    (folder / "net/tcp6").write_text(HEAD + line("0000000000000000FFFF00002001470A", 49152, 7))
    known = {"syd-filer1": "10.71.1.31", "syd-filer2": "10.71.1.32", "syd-db1": "10.71.1.41"}
    monkeypatch.setattr("titanicarus.volumes.connections.socket.gethostbyname", lambda host: known[host])
    return tmp_path


def test_only_connections_of_the_process_that_stand_and_lead_to_bricks_count(proc: Path) -> None:
    """syd-db1 is connected to by another process, by one that is closing, and by one to its glusterd."""
    assert connections.lacking(77, ["syd-filer1", "syd-filer2", "syd-db1"], proc) == ["syd-db1"]


def test_a_process_that_has_ended_is_no_answer(proc: Path) -> None:
    with pytest.raises(OSError):
        connections.lacking(78, ["syd-filer1"], proc)


def test_a_real_connection_is_found() -> None:
    """At an address of its own: other tests of this process may keep connections to 127.0.0.1."""
    brick = "127.0.0.77"
    with socket.create_server((brick, 0)) as server:
        assert connections.lacking(os.getpid(), [brick]) == [brick]
        with socket.create_connection(server.getsockname()):
            assert connections.lacking(os.getpid(), [brick]) == []


@pytest.fixture
def pki_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    now = datetime.now(UTC)
    root = pki.make_root("t", now)
    request = pki.Request("host", "localhost", ("localhost",), ("127.0.0.1",), client=True)
    leaf = pki.issue(pki.make_island(root, "t", "syd", now), request, pki.window_at(now, 90))
    for name, text in {
        "root.crt": root.certificate_pem,
        "host.crt": leaf.certificate + leaf.chain,
        "host.key": leaf.key,
    }.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(connections, "PKI", tmp_path)
    return tmp_path


@contextmanager
def listener(folder: Path, *, hangs: bool = False) -> Iterator[int]:
    """Something that speaks TLS at a port, or takes connections and says nothing, as the kernel of a frozen host."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "host.crt", folder / "host.key")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    plain, _ = server.accept()
                    with suppress(OSError), context.wrap_socket(plain, server_side=True) as tls:
                        tls.recv(1)

        if not hangs:
            threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    ("glusterd_hangs", "brick_hangs", "there"), [(False, False, True), (True, False, False), (False, True, False)]
)
def test_a_brick_is_there_when_it_and_its_glusterd_speak(
    glusterd_hangs: bool, brick_hangs: bool, there: bool, pki_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listener(pki_folder, hangs=glusterd_hangs) as one, listener(pki_folder, hangs=brick_hangs) as other:
        monkeypatch.setattr(connections, "GLUSTERD", one)
        monkeypatch.setattr(connections, "BRICK_PORTS", (other, other))
        assert connections.answers("127.0.0.1", 0.5) is there


def test_a_host_without_glusterd_does_not_answer(pki_folder: Path) -> None:
    assert connections.answers("127.0.0.1") is False
