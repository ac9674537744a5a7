"""Asking another keeper over TLS: what comes through, and what is said when it does not."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from fixtures.keepers import Fleet, Keeper

from titanicarus.keeper.client import BadAnswer, Connection, Ended, Unreachable, Untrusted
from titanicarus.keeper.tls import Identity, NoIdentity

OPEN = {"host": "syd-db1", "island": "syd", "shards": {"syd": {"open": True, "epoch": 7}}}
SHUT = {"host": "syd-db1", "island": "syd", "shards": {"syd": {"open": False, "epoch": 7}}}
Connect = Callable[..., Connection]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    return Fleet(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def keeper(fleet: Fleet) -> Iterator[Keeper]:
    with Keeper(fleet.host("syd-db1")) as one:
        one.say(OPEN)
        yield one


@pytest.fixture
def connect(fleet: Fleet, keeper: Keeper) -> Iterator[Connect]:
    opened: list[Connection] = []

    def make(me: str = "mel-lb1", host: str = "syd-db1", **options: Any) -> Connection:
        flags = {name: options.pop(name) for name in ("foreign", "expired") if name in options}
        opened.append(Connection("127.0.0.1", keeper.port, Identity(fleet.host(me, **flags)), host=host, **options))
        return opened[-1]

    yield make
    for connection in opened:
        connection.close()


def test_questions_share_a_connection(connect: Connect, keeper: Keeper) -> None:
    with connect() as connection:
        assert connection.get_status() == OPEN
        assert connection.holds("syd")
        assert not connection.holds("syd", "replica")
        assert connection.promise({"item": "syd/sql", "round": 1, "epoch": 7, "nonce": "n"})
        assert not connection.promise({"item": "syd/sql", "round": 1, "epoch": 8, "nonce": "n"})
        assert connection.peer == "syd-db1"
    assert keeper.peers == ["mel-lb1"]


def test_a_connection_that_was_closed_meanwhile_is_opened_anew(connect: Connect, keeper: Keeper) -> None:
    connection = connect()
    assert connection.get_status() == OPEN
    keeper.hang_up()
    assert connection.get_status() == OPEN
    assert keeper.peers == ["mel-lb1", "mel-lb1"]


def test_a_stream_says_each_change_at_once(connect: Connect, keeper: Keeper) -> None:
    stream = connect().watch()
    assert next(stream) == OPEN
    begin = monotonic()
    keeper.say(SHUT)
    assert next(stream) == SHUT
    assert monotonic() - begin < 0.3
    assert next(stream) == SHUT  # a second later, without any change
    assert 0.5 < monotonic() - begin < 2


def test_a_stream_that_is_silent_or_ends_is_broken_off(connect: Connect, keeper: Keeper) -> None:
    stream = connect(silence=0.2).watch()
    assert next(stream) == OPEN
    keeper.mute()
    with pytest.raises(Unreachable, match=r"syd-db1 .*said nothing for 0\.2 s"):
        next(stream)
    keeper.mute(False)
    stream = connect().watch()
    assert next(stream) == OPEN
    keeper.hang_up()
    with pytest.raises(Ended, match="ended the stream"):
        next(stream)


def test_another_thread_can_end_a_stream(connect: Connect, keeper: Keeper) -> None:
    connection = connect(silence=30)
    stream = connection.watch()
    next(stream)
    keeper.mute()
    threading.Timer(0.1, connection.break_off).start()
    begin = monotonic()
    with pytest.raises(Unreachable):
        next(stream)
    assert monotonic() - begin < 5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"host": "syd-db2"}, "certificate of the keeper of syd-db2 .* is not accepted: Hostname mismatch"),
        ({"foreign": True}, "does not accept this host's certificate"),
        ({"expired": True}, "does not accept this host's certificate.*EXPIRED"),
    ],
)
def test_whoever_is_not_of_the_fleet_is_turned_away(connect: Connect, options: dict[str, Any], words: str) -> None:
    with pytest.raises(Untrusted, match=words):
        connect(**options).get_status()


def test_a_keeper_with_an_expired_certificate_is_not_believed(fleet: Fleet) -> None:
    with Keeper(fleet.host("syd-db2", expired=True)) as old:
        connection = Connection("127.0.0.1", old.port, Identity(fleet.host("mel-lb1")), host="syd-db2")
        with pytest.raises(Untrusted, match="certificate has expired"):
            connection.get_status()


def test_nobody_and_somebody_else_on_the_port(fleet: Fleet) -> None:
    identity = Identity(fleet.host("mel-lb1"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(Unreachable, match=r"did not answer /status within 0\.2 s"):
            Connection("127.0.0.1", port, identity, timeout=0.2).get_status()
    with pytest.raises(Unreachable, match="is not running"):
        Connection("127.0.0.1", port, identity, timeout=0.2).get_status()


def test_an_answer_that_is_no_answer(connect: Connect) -> None:
    connection = connect()
    with pytest.raises(BadAnswer, match=r"answered 404: .*there is no /shards"):
        connection._ask("GET", "/shards")
    assert connection.get_status() == OPEN


def test_a_renewed_certificate_is_used_and_a_half_written_one_is_not(fleet: Fleet, tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    with pytest.raises(NoIdentity, match=r"state\.apply writes it"):
        Identity(folder).client()
    shutil.copytree(fleet.host("mel-lb1"), folder)
    identity = Identity(folder)
    first = identity.client()
    assert identity.client() is first
    renewed = fleet.host("mel-lb2")
    shutil.copy(renewed / "host.crt", folder)
    assert identity.client() is first
    shutil.copy(renewed / "host.key", folder)
    assert identity.client() is not first
