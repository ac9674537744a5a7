"""The witness: one DynamoDB table in one Region, with consistent reads and conditional writes only.

An item for each lease, and one for each host's heartbeat. Nobody but `saguire` makes the table or an item of a lease;
what a host cannot read for certain is an error to it, and never an answer.
API reference: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from titanicarus import aws
from titanicarus.aws import FOLDER, AWSError, Refused, Throttled, told_apart
from titanicarus.lease.record import Branch, Record, Stage

KEEPER_ACTIONS = frozenset({"GetItem", "PutItem", "BatchGetItem"})
"""Every call that a keeper makes; the IAM policy in docs/aws.md allows these and no others."""
SAGUIRE_ACTIONS = frozenset({"CreateTable", "DescribeTable", "GetItem", "PutItem"})
"""Every call that the birth of leases makes, on a control host."""
FORMAT = 1
_KEY = "item"
_HEARTBEAT = "heartbeat/"
_CONNECT_SECONDS, _READ_SECONDS, _MAKING_SECONDS = 0.5, 1.0, 60
_AT_ONCE = 100
"""Items of one BatchGetItem, a limit of DynamoDB."""


class Conflict(Exception):
    """The item had another nonce: nothing was written."""


class NoItem(AWSError):
    """The table has no such item, or there is no table: `saguire` makes both, and nobody else."""


class ForeignItem(AWSError):
    """What stands in the table was not written by this version of the platform."""


class Witness:
    """One table. A request is sent once, and takes at most about a second and a half."""

    def __init__(self, table: str, folder: Path = FOLDER) -> None:
        """Raises NotSetUp."""
        self.table = table
        self._api: Any = aws.client("dynamodb", folder, connect=_CONNECT_SECONDS, read=_READ_SECONDS, attempts=1)

    # -- by keepers ---------------------------------------------------------------------------------------------------

    def read(self, item: str) -> Record:
        """The item as it is now. Raises NoItem, ForeignItem and other AWSErrors."""
        answer = self._call("get_item", Key={_KEY: {"S": item}}, ConsistentRead=True)
        return self._understood(item, answer.get("Item"))

    def read_together(self, items: Sequence[str]) -> dict[str, Record | AWSError]:
        """Several items, each as it is now or why that is not known, with one request for a hundred of them. Raises
        what concerns them all."""
        found: dict[str, Record | AWSError] = {}
        for asked, answered in self._batches(items):
            left = {key[_KEY]["S"] for key in answered.get("UnprocessedKeys", {}).get(self.table, {}).get("Keys", ())}
            stored = {one[_KEY]["S"]: one for one in answered["Responses"].get(self.table, ())}
            for item in asked:
                try:
                    if item in left:
                        raise Throttled(f"DynamoDB has left out {item}: it takes no more requests now")
                    found[item] = self._understood(item, stored.get(item))
                except AWSError as error:
                    found[item] = error
        return found

    def _understood(self, item: str, attributes: dict[str, Any] | None) -> Record:
        if attributes is None:
            raise NoItem(f"{self.table} has no item {item}: `saguire up` makes it (docs/leases.md)")
        return _record(attributes)

    def _batches(self, names: Sequence[str]) -> Iterator[tuple[Sequence[str], dict[str, Any]]]:
        """Consistent reads of items by their names: which were asked for, and the answer."""
        for start in range(0, len(names), _AT_ONCE):
            batch = names[start : start + _AT_ONCE]
            keys = [{_KEY: {"S": name}} for name in batch]
            wanted = {self.table: {"Keys": keys, "ConsistentRead": True}}
            yield batch, self._call("batch_get_item", RequestItems=wanted)

    def write(self, record: Record, expect: str) -> None:
        """Replace the item if its nonce is `expect`. Raises Conflict; after OutOfReach it may have been done."""
        try:
            self._call(
                "put_item",
                Item=_attributes(record),
                ConditionExpression="nonce = :expect",
                ExpressionAttributeValues={":expect": {"S": expect}},
            )
        except Refused as error:
            if error.code == "ConditionalCheckFailedException":
                raise Conflict(f"{record.item} no longer has the nonce {expect}") from None
            raise

    def beat(self, host: str, nonce: str) -> None:
        """Say that a host's keeper lives and reaches the witness: `nonce` is another one each time."""
        self._call(
            "put_item", Item={_KEY: {"S": _HEARTBEAT + host}, "format": {"N": str(FORMAT)}, "nonce": {"S": nonce}}
        )

    def heartbeats(self, hosts: Sequence[str]) -> dict[str, str]:
        """The nonce of each host that ever beat."""
        found: dict[str, str] = {}
        for _, answer in self._batches([_HEARTBEAT + host for host in hosts]):
            for item in answer["Responses"].get(self.table, ()):
                found[item[_KEY]["S"].removeprefix(_HEARTBEAT)] = item["nonce"]["S"]
        return found

    # -- by saguire ---------------------------------------------------------------------------------------------------

    def ensure_table(self) -> bool:
        """Make the table unless it is there; True when it was made. Raises ForeignItem for a table with another key."""
        try:
            there = self._call("describe_table")["Table"]["KeySchema"]
        except NoItem:
            there = None
        key = [{"AttributeName": _KEY, "KeyType": "HASH"}]
        if there is not None:
            if there != key:
                raise ForeignItem(f"the table {self.table} exists and has the key {there}: it is not this fleet's")
            return False
        self._call(
            "create_table",
            KeySchema=key,
            AttributeDefinitions=[{"AttributeName": _KEY, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        with told_apart("dynamodb"):
            waiting = {"Delay": 1, "MaxAttempts": _MAKING_SECONDS}
            self._api.get_waiter("table_exists").wait(TableName=self.table, WaiterConfig=waiting)
        return True

    def give_birth(self, record: Record) -> bool:
        """Make an item that has never been; False, and nothing changed, when it is there."""
        try:
            self._call("put_item", Item=_attributes(record), ConditionExpression="attribute_not_exists(nonce)")
        except Refused as error:
            if error.code == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def _call(self, operation: str, **arguments: Any) -> Any:
        """One request to the table. What is written as JSON and read as JSON needs no SDK for types."""
        where = {} if operation == "batch_get_item" else {"TableName": self.table}
        try:
            with told_apart("dynamodb"):
                return getattr(self._api, operation)(**where, **arguments)
        except Refused as error:
            if error.code == "ResourceNotFoundException":
                raise NoItem(f"there is no table {self.table}: `saguire up` makes it (docs/leases.md)") from error
            raise


def born(item: str, owner: str, eligible: Sequence[str]) -> Record:
    """A lease that nobody has had yet, given to `owner` to open for the first time."""
    return Record(item, owner, 1, "birth", Stage.TAKEN, None, None, 0, tuple(eligible), (Branch(0, "birth", 0),))


def _attributes(record: Record) -> dict[str, Any]:
    """A record as DynamoDB stores it. The key and the nonce are attributes; the rest is one text."""
    rest = {key: value for key, value in asdict(record).items() if key not in ("item", "nonce")}
    return {
        _KEY: {"S": record.item},
        "nonce": {"S": record.nonce},
        "format": {"N": str(FORMAT)},
        "record": {"S": json.dumps(rest, sort_keys=True)},
    }


def _branch(found: dict[str, Any]) -> Branch:
    # One that an older version wrote does not say whether it was complete: then nothing is forgotten for its sake.
    return Branch(int(found["epoch"]), str(found["owner"]), int(found["base"]), found.get("complete") is True)


def _record(attributes: dict[str, Any]) -> Record:
    item = attributes[_KEY]["S"]
    found = attributes.get("format", {}).get("N")
    if found != str(FORMAT):
        raise ForeignItem(
            f"the item {item} of the witness has format {found}, this version knows {FORMAT} (docs/leases.md)"
        )
    try:
        rest = json.loads(attributes["record"]["S"])
        return Record(
            item=item,
            nonce=attributes["nonce"]["S"],
            owner=str(rest["owner"]),
            epoch=int(rest["epoch"]),
            stage=Stage(rest["stage"]),
            standby=rest["standby"],
            standby_start_id=rest["standby_start_id"],
            position=int(rest["position"]),
            eligible=tuple(map(str, rest["eligible"])),
            history=tuple(map(_branch, rest["history"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ForeignItem(f"the item {item} of the witness cannot be read: {error!r} (docs/leases.md)") from error
