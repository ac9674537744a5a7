"""`saguire simulate`: what it says of the living fleet, and whether that is what then happens."""

from __future__ import annotations

from typing import Any

import pytest
from lab.databases import await_whole, view, writer
from lab.running import Running, Show, until


def told(fleet: Running, *lost: str) -> dict[str, Any]:
    return {f"{one['service']}/{one['about']}": one for one in fleet.json("simulate", *lost)}


@pytest.mark.exhaustive
@pytest.mark.timeout(600)
def test_who_is_said_to_take_takes(whole: Running, show: Show) -> None:
    shard = whole.shards[0]
    await_whole(whole, shard)
    victim, epoch = writer(whole, shard), view(whole, shard).epoch
    said = told(whole, victim)
    assert view(whole, shard).epoch == epoch and whole.up(), "nothing is changed by asking"
    sentence = said[f"database/{shard}"]["sentence"]
    show(whole.saguire("simulate", victim).stdout)
    whole.lab.kill(victim)
    until("another writer", lambda: view(whole, shard).epoch > epoch and view(whole, shard).writer is not None, 60)
    assert sentence.startswith(f"{writer(whole, shard)} takes, within 10 s")
    # The same again, of what is left: nobody stands by now.
    show(whole.saguire("simulate", writer(whole, shard)).stdout)
    assert "within 10 s" not in told(whole, writer(whole, shard))[f"database/{shard}"]["sentence"]


@pytest.mark.exhaustive
def test_words_that_mean_nothing_are_refused(whole: Running) -> None:
    done = whole.saguire("simulate", "syd-web", ok=False)
    assert done.returncode != 0 and "cannot be lost" in done.stdout + done.stderr
