"""A shard as the operator sees it, from what its keepers say."""

from __future__ import annotations

from fixtures.keepers_at_hand import facts, owner
from fixtures.shard_views import HOSTS, said, view

from titanicarus.shards import silent


def test_a_healthy_shard_has_no_remark() -> None:
    shard = view()
    assert shard.remarks() == []
    assert (shard.holder, shard.owner, shard.epoch) == ("syd", "syd-db1", 7)
    assert shard.standby_words() == "syd-db2 (in sync)"
    assert shard.lease_words() == "4.8 s left, witness 0.4 s ago"
    assert [copy.state(shard.writer) for copy in shard.replicas] == ["0 s", "0 s", "0 s"]


def test_lag_in_seconds_and_commits() -> None:
    shard = view(mel_db1=said("mel-db1", facts(lag=1.5, commits=88)))
    assert shard.copies[0].state(shard.writer) == "1.5 s, 12 commits"
    assert shard.to_json()["copies"][0]["behind"] == 12


def test_what_a_host_does_is_said() -> None:
    states = {
        "no answer": silent("mel-db1", "mel", "it is off"),
        "database down": said("mel-db1", facts(commits=None)),
        "database fails": said("mel-db1", facts(failed=True)),
        "is made anew": said("mel-db1", facts(rebuilding=True)),
        "follows nobody (lag unknown)": said("mel-db1", facts(replicates=False, lag=None)),
    }
    for words, copy in states.items():
        shard = view(mel_db1=copy)
        assert shard.copies[0].state(shard.writer) == words
        assert shard.remarks()[0].startswith("mel-db1: ")


def test_a_keeper_that_says_nothing_any_more_gives_no_answer() -> None:
    copy = said("mel-db1", facts(), age=9.2)
    assert copy.silence == "its keeper has said nothing for 9 s"
    assert view(mel_db1=copy).remarks() == ["mel-db1: its keeper has said nothing for 9 s"]


def test_nobody_writes_and_the_owner_says_why() -> None:
    shut = owner(open=False, open_for=0.0, why="owns the item, but cannot prove it: the gate is shut")
    shard = view(syd_db1=said("syd-db1", shut))
    assert shard.remarks()[0] == "nobody may write: syd-db1 owns the item, but cannot prove it: the gate is shut"
    assert shard.lease_words() == "shut, witness 0.4 s ago"


def test_nobody_writes_and_the_owner_is_off() -> None:
    shard = view(syd_db1=silent("syd-db1", "syd", "it is off"))
    assert shard.remarks()[:2] == [
        "nobody may write: mel-db1 stands by for syd-db1, which renews",
        "syd-db1: it is off",
    ]
    assert (shard.owner, shard.holder, shard.lease_words()) == ("syd-db1", "syd", "-")


def test_the_highest_epoch_counts() -> None:
    taken = owner(epoch=8, owner="syd-db2", standby=None, in_sync=False, why="is open in epoch 8, without a standby")
    shard = view(syd_db1=silent("syd-db1", "syd", "it is off"), syd_db2=said("syd-db2", taken))
    assert (shard.owner, shard.epoch, shard.standby_words()) == ("syd-db2", 8, "none")
    assert shard.remarks() == ["syd-db2 goes on alone: no standby has every commit", "syd-db1: it is off"]


def test_two_who_say_that_they_are_open_come_first() -> None:
    alone = facts(open=True, open_for=5.0, why="is open by the operator's word, as epoch 8, until the witness answers")
    shard = view(mel_db1=said("mel-db1", alone))
    assert (
        shard.remarks()[0] == "mel-db1 and syd-db1 say both that they are open: was an override given? Look at it now"
    )


def test_a_witness_that_does_not_answer() -> None:
    why = "is open in epoch 7: the witness does not answer, asks mel-db1, syd-db2"
    shard = view(syd_db1=said("syd-db1", owner(witness_age=12.25, why=why)))
    assert shard.remarks() == [f"the witness has not answered syd-db1 for 12.2 s: {why}"]


def test_wishes_and_troubles_are_shown() -> None:
    paused = said("mel-db1", facts(trouble="nft: no such table"), wish={"paused": True})
    assert view(mel_db1=paused).remarks() == ["mel-db1: nft: no such table", "mel-db1: paused: takes no lease"]


def test_nobody_answers() -> None:
    copies = {host.replace("-", "_"): silent(host, host[:3], "it is off") for host in HOSTS}
    shard = view(**copies)
    assert shard.remarks()[0] == "no host that carries it gives an answer: nothing is known"
    assert (shard.epoch, shard.owner, shard.holder, shard.in_sync) == (0, None, None, False)


def test_json() -> None:
    document = view().to_json()
    assert {key: document[key] for key in ("name", "holder", "primary", "owner", "epoch", "standby", "in_sync")} == {
        "name": "syd",
        "holder": "syd",
        "primary": "syd-db1",
        "owner": "syd-db1",
        "epoch": 7,
        "standby": "syd-db2",
        "in_sync": True,
    }
