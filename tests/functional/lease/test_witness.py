"""The witness against two independent emulators of DynamoDB: moto, and dynalite with its table on a disk."""

from __future__ import annotations

import json
import re
import socket
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from functional.lease.emulators import account, dynalite, emulator, free_port
from render.image_root import image_root

from titanicarus import aws
from titanicarus.lease import witness
from titanicarus.lease.record import Branch, Stage
from titanicarus.lease.witness import Conflict, ForeignItem, NoItem, Witness, born

WRITERS, ROUNDS = 8, 15
RECORD = born("syd/sql", "syd-db1", ("syd-db2", "mel-db1"))


@pytest.fixture(scope="module", params=["moto", "dynalite"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the account of an emulator is written."""
    with emulator(request.param, tmp_path_factory.mktemp("aws")) as place:
        yield place


@pytest.fixture
def table(folder: Path, request: pytest.FixtureRequest) -> Witness:
    made = Witness(f"titanicarus.{zlib.crc32(request.node.name.encode())}", folder)
    assert made.ensure_table()
    return made


@pytest.fixture
def record(table: Witness) -> witness.Record:
    assert table.give_birth(RECORD)
    return RECORD


def test_the_table_is_made_once(table: Witness) -> None:
    assert not table.ensure_table()


def test_an_item_is_born_once_and_never_again(table: Witness) -> None:
    assert table.give_birth(RECORD)
    assert not table.give_birth(replace(RECORD, owner="mel-db1"))
    assert table.read("syd/sql") == RECORD


def test_what_was_written_is_read(table: Witness, record: witness.Record) -> None:
    full = replace(
        record,
        nonce="2",
        stage=Stage.OPEN,
        standby="syd-db2",
        standby_start_id="f00",
        position=77,
        history=(Branch(0, "birth", 0), Branch(1, "syd-db1", 5)),
    )
    table.write(full, expect="birth")
    assert table.read("syd/sql") == full


def test_a_write_on_an_old_nonce_changes_nothing(table: Witness, record: witness.Record) -> None:
    table.write(replace(record, nonce="2"), expect="birth")
    with pytest.raises(Conflict):
        table.write(replace(record, nonce="3", owner="mel-db1"), expect="birth")
    assert table.read("syd/sql").nonce == "2"


def test_a_write_never_makes_an_item(table: Witness) -> None:
    with pytest.raises(Conflict):
        table.write(RECORD, expect="birth")
    with pytest.raises(NoItem, match="saguire up"):
        table.read("syd/sql")


def test_of_many_who_write_on_one_nonce_one_wins(table: Witness, record: witness.Record, folder: Path) -> None:
    writers = [Witness(table.table, folder) for _ in range(WRITERS)]
    nonce = record.nonce
    with ThreadPoolExecutor(WRITERS) as pool:
        for number in range(ROUNDS):
            tries = [
                pool.submit(wins, writers[who], replace(record, nonce=f"{number}-{who}"), nonce)
                for who in range(WRITERS)
            ]
            won = [who for who, one in enumerate(tries) if one.result()]
            assert len(won) == 1, f"round {number}: {won} won"
            nonce = f"{number}-{won[0]}"
            assert table.read("syd/sql").nonce == nonce


def wins(one: Witness, wanted: witness.Record, expect: str) -> bool:
    try:
        one.write(wanted, expect)
    except Conflict:
        return False
    return True


def test_items_read_together_are_told_apart(table: Witness, record: witness.Record) -> None:
    other = replace(record, item="mel/sql")
    assert table.give_birth(other)
    table._call("put_item", Item={"item": {"S": "odd/sql"}, "owner": {"S": "somebody"}})
    found = table.read_together(["mel/sql", "none/sql", "odd/sql", "syd/sql"])
    assert (found["mel/sql"], found["syd/sql"]) == (other, record)
    assert isinstance(found["none/sql"], NoItem)
    assert isinstance(found["odd/sql"], ForeignItem)


def test_a_table_that_is_not_there_cannot_be_read_together(folder: Path) -> None:
    with pytest.raises(NoItem, match="no table"):
        Witness("titanicarus.nowhere", folder).read_together(["syd/sql", "mel/sql"])


def test_what_dynamodb_left_out_is_not_taken_for_missing(table: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    """No emulator throttles: this is the form of its answer in the API reference of BatchGetItem."""
    left = {table.table: {"Keys": [{"item": {"S": "syd/sql"}}], "ConsistentRead": True}}
    monkeypatch.setattr(table, "_call", lambda *_, **__: {"Responses": {}, "UnprocessedKeys": left})
    assert isinstance(table.read_together(["syd/sql"])["syd/sql"], aws.Throttled)


def test_heartbeats_of_those_who_ever_beat(table: Witness) -> None:
    table.beat("syd-db1", "1")
    table.beat("syd-db2", "1")
    table.beat("syd-db1", "2")
    assert table.heartbeats(["syd-db1", "syd-db2", "mel-db1"]) == {"syd-db1": "2", "syd-db2": "1"}


def test_a_table_that_is_not_there(folder: Path) -> None:
    nowhere = Witness("titanicarus.nowhere", folder)
    with pytest.raises(NoItem, match="no table"):
        nowhere.read("syd/sql")


def test_items_of_others_and_of_other_versions_are_not_believed(table: Witness) -> None:
    def put(**attributes: str) -> None:
        table._call(
            "put_item", Item={"item": {"S": "syd/sql"}, **{key: {"S": text} for key, text in attributes.items()}}
        )

    put(owner="somebody")
    with pytest.raises(ForeignItem, match="format None"):
        table.read("syd/sql")
    table._call(
        "put_item",
        Item={"item": {"S": "syd/sql"}, "format": {"N": "1"}, "nonce": {"S": "1"}, "record": {"S": '{"owner": 1}'}},
    )
    with pytest.raises(ForeignItem, match="cannot be read"):
        table.read("syd/sql")


def test_a_table_with_another_key_is_left_alone(folder: Path) -> None:
    name = "titanicarus.other"
    other = Witness(name, folder)
    other._api.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(ForeignItem, match="not this fleet's"):
        other.ensure_table()


def test_every_call_is_in_the_policy(table: Witness, record: witness.Record) -> None:
    made: set[str] = set()
    table._api.meta.events.register("before-call.dynamodb", lambda model, **_: made.add(model.name))
    table.read("syd/sql")
    table.write(replace(record, nonce="2"), expect="birth")
    table.beat("syd-db1", "1")
    table.heartbeats(["syd-db1"])
    assert made == witness.KEEPER_ACTIONS
    made.clear()
    table.ensure_table()
    table.read("syd/sql")
    table.give_birth(RECORD)
    assert made == witness.SAGUIRE_ACTIONS - {"CreateTable"}
    text = (Path(__file__).parents[3] / "docs/aws.md").read_text(encoding="utf-8")
    control, keepers = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL))
    assert allowed(keepers) == {f"dynamodb:{action}" for action in witness.KEEPER_ACTIONS}
    assert {action for action in allowed(control) if action.startswith("dynamodb:")} == {
        f"dynamodb:{action}" for action in witness.SAGUIRE_ACTIONS
    }


def allowed(policy: dict[str, Any]) -> set[str]:
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def test_an_answer_that_does_not_come_is_out_of_reach_at_once(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        one = Witness("titanicarus.silent", account(tmp_path / "aws", silent.getsockname()[1]))
        began = time.monotonic()
        with pytest.raises(aws.OutOfReach):
            one.read("syd/sql")
        assert time.monotonic() - began < 3, "a request was sent again"


def test_the_lab_s_table_survives_a_power_cut(tmp_path: Path) -> None:
    port = free_port()
    place = account(tmp_path / "aws", port)
    with image_root() as root:
        with dynalite(root, port):
            one = Witness("titanicarus.disk", place)
            one.ensure_table()
            one.give_birth(RECORD)
            one.write(replace(RECORD, nonce="2"), expect="birth")
        with dynalite(root, port):
            assert Witness("titanicarus.disk", place).read("syd/sql").nonce == "2"
