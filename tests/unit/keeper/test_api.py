"""What a keeper answers, asked by the real client over real TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fixtures.keepers import Fleet

from titanicarus.keeper.api import Api, Callers
from titanicarus.keeper.board import Board
from titanicarus.keeper.client import BadAnswer, Connection, KeeperError
from titanicarus.keeper.tls import Identity
from titanicarus.lease.messages import Ask


def document(*, is_open: bool, epoch: int = 3, lag: float = 0.0) -> dict[str, Any]:
    shard = {"open": is_open, "open_for": 5.5, "epoch": epoch, "owner": "syd-db1", "standby": None, "lag": lag}
    return {"host": "syd-db1", "island": "syd", "shards": {"syd": shard | {"replicates": False, "position": None}}}


class Here:
    """A keeper that answers on this machine."""

    def __init__(self, folder: Path) -> None:
        self.fleet = Fleet(folder)
        self.board = Board(document(is_open=True), path=None)
        self.asked: list[tuple[str, Ask]] = []
        callers = Callers(frozenset({"syd-lb1", "mel-db1"}), {"syd/sql": frozenset({"mel-db1"})})
        identity = Identity(self.fleet.host("syd-db1"))
        self.api = Api(("127.0.0.1", 0), identity, self.board, callers, self._grant)
        self.api.start()

    def _grant(self, host: str, ask: Ask) -> bool:
        self.asked.append((host, ask))
        return ask.epoch == 3

    def by(self, host: str, **kind: bool) -> Connection:
        """A connection from a host of the fleet."""
        identity = Identity(self.fleet.host(host, **kind))
        return Connection("127.0.0.1", self.api.port, identity, host="syd-db1", timeout=5.0)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    yield Here(tmp_path)


def test_a_load_balancer_is_told_who_is_open(here: Here) -> None:
    with here.by("syd-lb1") as connection:
        assert connection.holds("syd")
        assert not connection.holds("syd", "replica")
        here.board.publish(document(is_open=False))
        assert not connection.holds("syd")
        assert connection.get_status()["shards"]["syd"]["open"] is False


def test_a_stream_tells_at_once_who_is_open(here: Here) -> None:
    with here.by("syd-lb1") as connection:
        stream = connection.watch()
        assert next(stream)["shards"]["syd"]["open"] is True
        here.board.publish(document(is_open=False, epoch=4))
        told = next(line for line in stream if line["shards"]["syd"]["epoch"] == 4)
        assert told["shards"]["syd"]["open"] is False


def test_a_stream_goes_on_when_nothing_changes(here: Here) -> None:
    with here.by("syd-lb1") as connection:
        stream = connection.watch()
        assert [next(stream)["host"] for _ in range(3)] == ["syd-db1"] * 3


def test_only_who_carries_the_shard_may_ask_for_a_promise(here: Here) -> None:
    request = {"item": "syd/sql", "round": 5, "epoch": 3, "nonce": "n"}
    with here.by("mel-db1") as connection:
        assert connection.promise(request)
        assert not connection.promise(request | {"epoch": 2})
    assert here.asked[0] == ("mel-db1", Ask("", 5, "syd/sql", 3, "n"))
    with here.by("syd-lb1") as connection, pytest.raises(BadAnswer, match="does not carry"):
        connection.promise(request)
    with here.by("mel-db1") as connection, pytest.raises(BadAnswer, match="cannot be read"):
        connection.promise({"item": "syd/sql"})
    assert len(here.asked) == 2


@pytest.mark.parametrize("kind", [{"foreign": True}, {"expired": True}], ids=["of another fleet", "expired"])
def test_a_certificate_that_is_not_good_is_not_answered(here: Here, kind: dict[str, bool]) -> None:
    with here.by("syd-lb1", **kind) as connection, pytest.raises(KeeperError):
        connection.get_status()


def test_a_host_that_has_no_business_here_is_told_so(here: Here) -> None:
    with here.by("syd-web1") as connection, pytest.raises(BadAnswer, match="may not look"):
        connection.get_status()


def test_what_does_not_exist_is_said(here: Here) -> None:
    with here.by("syd-lb1") as connection, pytest.raises(BadAnswer, match="there is no"):
        connection.holds("nowhere")
