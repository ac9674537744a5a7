"""What may be moved where, and what the operator is told before the last resort."""

from __future__ import annotations

import pytest
from fixtures.keepers_at_hand import facts, owner
from fixtures.shard_views import said, view

from titanicarus.shards import Move, Refused, plan_move, plan_override, silent

ISLANDS = ("mel", "syd")


def test_to_a_host_and_to_an_island() -> None:
    assert plan_move(view(), "mel-db2", ISLANDS) == Move("syd", "syd-db1", "mel-db2", 7)
    assert plan_move(view(), "mel", ISLANDS) == Move("syd", "syd-db1", "mel-db1", 7)
    assert plan_move(view(mel_db1=said("mel-db1", facts(commits=90))), "mel", ISLANDS).target == "mel-db2"
    assert plan_move(view(mel_db1=silent("mel-db1", "mel", "it is off")), "mel", ISLANDS).target == "mel-db2"


@pytest.mark.parametrize("to", ["syd", "syd-db1"])
def test_where_it_is_already(to: str) -> None:
    assert plan_move(view(), to, ISLANDS) == Move("syd", None, "syd-db1", 7)


@pytest.mark.parametrize(
    ("copy", "reason"),
    [
        (silent("mel-db1", "mel", "it is off"), "gives no answer: it is off"),
        (said("mel-db1", facts(commits=None)), "its database down"),
        (said("mel-db1", facts(rebuilding=True)), "just made anew"),
        (said("mel-db1", facts(replicates=False)), "follows nobody"),
        (said("mel-db1", facts(lag=30.0)), "30 s behind"),
        (said("mel-db1", facts(), wish={"drained": True}), "saguire restore mel-db1"),
    ],
)
def test_a_copy_that_cannot_take_it(copy: object, reason: str) -> None:
    with pytest.raises(Refused, match=rf"mel-db1: .*{reason}"):
        plan_move(view(mel_db1=copy), "mel-db1", ISLANDS)


def test_all_reasons_of_an_island_at_once() -> None:
    shard = view(
        syd_db1=said("syd-db1", owner(commits=5000)), mel_db2=said("mel-db2", facts(commits=4999, replicates=False))
    )
    with pytest.raises(Refused) as refused:
        plan_move(shard, "mel", ISLANDS)
    assert str(refused.value).splitlines() == [
        "mel-db1: it lacks 4900 commits, more than 1000; wait until it has caught up",
        "mel-db2: its copy follows nobody: stands by for syd-db1, which renews",
    ]


def test_no_copy_there_and_nobody_open() -> None:
    with pytest.raises(
        Refused, match="per-db1 has no copy of syd: it can be moved to mel-db1, mel-db2, syd-db1, syd-db2"
    ):
        plan_move(view(), "per-db1", ISLANDS)
    with pytest.raises(Refused, match="nobody is open"):
        plan_move(view(syd_db1=silent("syd-db1", "syd", "it is off")), "mel", ISLANDS)


def test_the_statement_of_an_override() -> None:
    shard = view(
        syd_db1=silent("syd-db1", "syd", "it is off"),
        syd_db2=silent("syd-db2", "syd", "it is off"),
        mel_db1=said(
            "mel-db1",
            facts(witness_age=300.0, why="stands by: its copy lacks 2000 commits, more than max_lag (1000)"),
            wish={"paused": True},
        ),
        mel_db2=said("mel-db2", facts(commits=130)),
    )
    statement = plan_override(shard, "mel-db1")
    assert (statement.epoch, statement.clears) == (7, ("paused",))
    assert "\n".join(statement.sentences) == (
        """\
syd would be opened on mel-db1 as epoch 8, without the protocol's proof.
Epoch 7 belongs to syd-db1, which gives no answer (it is off).
The witness last answered mel-db1 300 s ago; its keeper says: stands by: its copy lacks 2000 commits, more than \
max_lag (1000).
mel-db1 has 100 commits, in epoch 7.
What can be lost:
- mel-db2 has 30 commits more: they are lost, and would not be with --on mel-db2
- syd-db1 and syd-db2 cannot be asked: whatever they acknowledged after commit 100 is lost. How many commits that is, \
nobody knows; their reports will say when they return
- if syd-db1 is alive and serves clients where you cannot see it, two hosts accept writes until the witness answers; \
then one of them loses all it accepted. Make sure that it is off
mel-db1 is paused; that ends with this."""
    )


def test_an_override_that_loses_nothing_says_so() -> None:
    shard = view(syd_db1=said("syd-db1", owner(open=False, open_for=0.0, why="owns the item, but cannot prove it")))
    statement = plan_override(shard, "syd-db1")
    assert statement.sentences[-2:] == (
        "What can be lost:",
        "- nothing that any copy has: every one answers, and none has more than syd-db1",
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, "saguire db move syd --to mel-db1"),
        ({"mel_db1": silent("mel-db1", "mel", "it is off")}, "mel-db1 gives no answer: it is off"),
        (
            {"syd_db1": silent("syd-db1", "syd", "off"), "mel_db1": said("mel-db1", facts(commits=None))},
            "database down",
        ),
        ({"syd_db1": silent("syd-db1", "syd", "off"), "mel_db1": said("mel-db1", facts(rebuilding=True))}, "not whole"),
        ({"syd_db1": silent("syd-db1", "syd", "off"), "mel_db1": said("mel-db1", facts(owner=None))}, "has not read"),
    ],
)
def test_an_override_that_cannot_be(changed: dict[str, object], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        plan_override(view(**changed), "mel-db1")


def test_an_override_of_nowhere_and_of_who_is_open() -> None:
    with pytest.raises(Refused, match="per-db1 has no copy"):
        plan_override(view(), "per-db1")
    with pytest.raises(Refused, match="is open already"):
        plan_override(view(), "syd-db1")
