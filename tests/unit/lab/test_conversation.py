"""An open connection as a ruler, on this machine's own address."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence

import pytest

from titanicarus.lab.conversation import Conversation, Pings, longest
from titanicarus.lab.errors import LabError


class Here:
    """Every host is this machine."""

    def command(self, host_id: str, argv: Sequence[str]) -> list[str]:
        return list(argv)

    def reachable(self, host_id: str) -> bool:
        return True


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


def wait_for(talk: Conversation, answers: int) -> None:
    limit = time.monotonic() + 20
    while len(talk.times) < answers:
        assert time.monotonic() < limit, f"{len(talk.times)} answers only"
        time.sleep(0.02)


def test_a_connection_is_ended_when_enough_was_heard() -> None:
    talk = Conversation(Here(), "one", ("other", "127.0.0.1"), 60.0, free_port())
    before = time.monotonic()
    talk.start()
    try:
        wait_for(talk, 3)
        talk.end()
    finally:
        talk.close()
    assert talk.broken == ""
    assert before < talk.times[0] <= talk.times[-1] <= time.monotonic()


def test_a_connection_that_breaks_says_how() -> None:
    talk = Conversation(Here(), "one", ("other", "127.0.0.1"), 60.0, free_port())
    talk.start()
    wait_for(talk, 1)
    talk.close()
    talk.wait()
    assert talk.broken, "the listener was killed"
    assert talk.figures().broken == talk.broken


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        talk = Conversation(Here(), "one", ("other", "127.0.0.1"), 60.0, port)
        try:
            with pytest.raises(LabError, match=f"nobody listens at port {port} of other: .*"):
                talk.start()
        finally:
            talk.close()


def test_answers_of_ping() -> None:
    talk = Pings(Here(), "one", "192.0.2.1", 1.0)
    now = time.time()
    at = talk._moment(f"[{now:.6f}] 64 bytes from 192.0.2.1: icmp_seq=1 ttl=62 time=0.6 ms")
    assert at == pytest.approx(time.monotonic(), abs=1.0)
    assert talk._moment("PING 192.0.2.1 (192.0.2.1) 56(84) bytes of data.") is None


def test_the_longest_time_between_answers() -> None:
    assert longest([1.0, 1.5, 4.0], 9.0) == 2.5
    assert longest([], 9.0) == 9.0
