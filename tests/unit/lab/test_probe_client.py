"""The client half of the probe, run here against small servers on this machine's loopback."""

from __future__ import annotations

import http.server
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from itertools import pairwise
from time import monotonic

import pytest

from titanicarus.lab.cgroup import wait_until
from titanicarus.lab.errors import LabError
from titanicarus.lab.probe import Probe, Target


class Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = {"/chunked": b"", "/gone": b"not here"}.get(self.path, b"hello " + self.headers["Host"].encode())
        self.send_response(404 if self.path == "/gone" else 200)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            body = b"5\r\nhello\r\n7;x=y\r\n chunks\r\n0\r\n\r\n"
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield listening.server_port
        listening.shutdown()
        thread.join()


def here(argv: Sequence[str]) -> list[str]:
    """Run the client with this Python instead of a lab host's, without its priority."""
    assert argv[:3] == ["nice", "-n", "-15"]
    return [sys.executable, *argv[4:]]


def probe(*targets: Target, rate: float = 20, deadline: float = 0.5) -> Probe:
    return Probe(here, targets, rate=rate, deadline=deadline)


def enough(running: Probe, answers: int) -> None:
    assert wait_until(lambda: running.so_far().requests >= answers, 10)


def test_good_answers_of_every_kind(server: int) -> None:
    base = f"http://localhost:{server}"
    targets = [
        Target("plain", base, contains=f"hello localhost:{server}"),
        Target("chunked", f"{base}/chunked", contains="hello chunks"),
        Target("missing", f"{base}/gone", status=404),
        Target("via", f"http://no.such.name:{server}/", contains="no.such.name", via="localhost"),
    ]
    with probe(*targets) as running:
        running.wait_until_good(10)
        result = running.stop()
    assert result.failures == 0, result.table()
    assert all(target.requests > 0 for target in result.targets)


def test_what_is_wrong_is_told(server: int) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        refused = closed.getsockname()[1]
        targets = [
            Target("content", f"http://localhost:{server}/", contains="goodbye"),
            Target("status", f"http://localhost:{server}/gone"),
            Target("refused", f"http://localhost:{refused}/"),
            Target("unknown", "http://no-such-name.invalid/"),
            Target("plain as TLS", f"https://localhost:{server}/"),
        ]
        with probe(*targets) as running:
            enough(running, 20)
            result = running.stop()
    reasons = {target.name: next(iter(target.reasons)) for target in result.targets}
    assert result.failures == result.requests
    assert reasons["content"] == "wrong content"
    assert reasons["status"] == "status 404"
    assert reasons["refused"] == "ConnectionRefusedError"
    assert reasons["unknown"].startswith("gaierror")
    assert reasons["plain as TLS"].startswith("TLS:")


def test_a_service_that_hangs_is_asked_as_often_as_one_that_answers() -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=128) as silent,
        probe(Target("silent", f"http://127.0.0.1:{silent.getsockname()[1]}/")) as running,
    ):
        enough(running, 10)
        result = running.stop()
    due = sorted(answer.due for answer in result.answers)
    assert all(after - before == pytest.approx(0.05) for before, after in pairwise(due))
    assert all("no answer within 0.5 s" in reason for reason in result.targets[0].reasons)
    assert result.targets[0].slowest < 0.8
    assert result.longest_gap == pytest.approx(result.end - result.begin)


def test_times_are_those_of_this_machine_and_all_answers_are_waited_for(server: int) -> None:
    before = monotonic()
    with probe(Target("plain", f"http://localhost:{server}/")) as running:
        enough(running, 5)
    result = running.stop()
    assert before < result.begin < result.end < monotonic()
    assert all(result.begin <= answer.began <= answer.ended for answer in result.answers)
    assert running.stop() is result


def test_a_client_that_does_not_start_is_an_error() -> None:
    broken = Probe(
        lambda _: [sys.executable, "-c", "raise SystemExit('no client')"],
        [Target("a", "http://a/")],
        rate=1,
        deadline=1,
    )
    with pytest.raises(LabError, match="no client"):
        broken.start()


def test_nothing_to_probe_is_an_error() -> None:
    with pytest.raises(LabError, match="no target"):
        probe()
