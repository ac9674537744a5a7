"""The first leases, against two independent emulators: made once, and whatever is there already stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from functional.lease.emulators import emulator

from titanicarus import aws
from titanicarus.control.birth import Birth, give_birth
from titanicarus.lease.record import Stage
from titanicarus.lease.witness import ForeignItem, NoItem, Witness, born

ITEMS: list[dict[str, Any]] = [
    {"item": "mel/sql", "owner": "mel-db1", "eligible": ["mel-db2", "syd-db1"]},
    {"item": "syd/sql", "owner": "syd-db1", "eligible": ["syd-db2", "mel-db1"]},
]


@pytest.fixture(scope="module", params=["moto", "dynalite"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with emulator(request.param, tmp_path_factory.mktemp("aws")) as place:
        yield place


@pytest.fixture
def leases(request: pytest.FixtureRequest) -> dict[str, Any]:
    name = request.node.originalname.removeprefix("test_")
    return {"table": f"titanicarus.{name[:40]}", "items": ITEMS}


def test_a_new_fleet_gets_its_leases_once(leases: dict[str, Any], folder: Path) -> None:
    assert give_birth(leases, folder) == Birth(made_table=True, born=("mel/sql", "syd/sql"))
    assert Witness(leases["table"], folder).read("syd/sql") == born("syd/sql", "syd-db1", ("syd-db2", "mel-db1"))
    assert give_birth(leases, folder) == Birth(made_table=False, born=())


def test_a_new_island_gets_its_own_and_what_is_there_stays(leases: dict[str, Any], folder: Path) -> None:
    give_birth({**leases, "items": ITEMS[:1]}, folder)
    witness = Witness(leases["table"], folder)
    lived = replace(witness.read("mel/sql"), owner="syd-db1", epoch=7, nonce="seven", stage=Stage.OPEN)
    witness.write(lived, expect="birth")
    assert give_birth(leases, folder) == Birth(made_table=False, born=("syd/sql",))
    assert witness.read("mel/sql") == lived


def test_an_item_that_is_not_ours_changes_nothing(leases: dict[str, Any], folder: Path) -> None:
    witness = Witness(leases["table"], folder)
    witness.ensure_table()
    witness._call("put_item", Item={"item": {"S": "syd/sql"}, "owner": {"S": "somebody"}})
    with pytest.raises(ForeignItem, match="syd/sql of the witness has format None"):
        give_birth(leases, folder)
    with pytest.raises(NoItem):
        witness.read("mel/sql")


def test_an_older_format_changes_nothing(leases: dict[str, Any], folder: Path) -> None:
    witness = Witness(leases["table"], folder)
    witness.ensure_table()
    old = {"item": {"S": "syd/sql"}, "format": {"N": "0"}, "nonce": {"S": "1"}, "record": {"S": "{}"}}
    witness._call("put_item", Item=old)
    with pytest.raises(ForeignItem, match="has format 0, this version knows 1"):
        give_birth(leases, folder)
    assert witness._call("get_item", Key={"item": {"S": "syd/sql"}}, ConsistentRead=True)["Item"] == old
    with pytest.raises(NoItem):
        witness.read("mel/sql")


def test_a_table_of_somebody_else_is_left_alone(leases: dict[str, Any], folder: Path) -> None:
    witness = Witness(leases["table"], folder)
    witness._call(
        "create_table",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(ForeignItem, match="not this fleet's"):
        give_birth(leases, folder)


def test_no_account_is_a_sentence(leases: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(aws.NotSetUp, match=r"docs/aws\.md"):
        give_birth(leases, tmp_path)
