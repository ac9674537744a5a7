"""A database host hands its leases over before it leaves, or stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fixtures.keepers_at_hand import facts, owner

from titanicarus.drain import databases, look
from titanicarus.keeper.wishes import read_wishes

SHARDS = ["mel", "syd"]


class Host:
    def __init__(self, folder: Path) -> None:
        self.document, self.wishes = folder / "shards.json", folder / "keeper" / "wishes.json"

    def says(self, **shards: dict[str, Any]) -> None:
        self.document.write_text(json.dumps({"host": "syd-db1", "island": "syd", "shards": shards}))

    def leave(self, force: bool = False) -> str:
        return databases.leave(SHARDS, 0.2, force=force, document=self.document, wishes=self.wishes)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    found = Host(tmp_path)
    found.says(syd=owner(), mel=facts(owner="mel-db1"))
    return found


def test_it_may_leave_when_somebody_is_in_step(host: Host) -> None:
    decision = databases.may_leave(host.document)
    assert (decision.allowed, decision.why) == (True, "syd-db2 takes syd")
    host.says(syd=owner(in_sync=False))
    decision = databases.may_leave(host.document)
    assert not decision.allowed and "saguire db move syd --to HOST" in decision.why
    host.says(mel=facts(owner="mel-db1"))
    assert databases.may_leave(host.document).why == "it writes nothing"
    host.document.unlink()
    assert databases.may_leave(host.document).why == "the keeper of this host says nothing"


def test_the_lease_is_handed_over(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = look.wait_for

    def keeper(condition: Any, seconds: float) -> bool:
        assert all(read_wishes(host.wishes)[shard].drained for shard in SHARDS)
        host.says(syd=facts(owner="syd-db2"), mel=facts(owner="mel-db1"))
        return waited(condition, seconds)

    monkeypatch.setattr(look, "wait_for", keeper)
    assert host.leave() == "handed syd over; takes none"
    assert databases.drained(SHARDS, host.wishes)
    assert databases.come_back(SHARDS, host.wishes).startswith("takes leases again")
    assert not databases.drained(SHARDS, host.wishes)
    assert databases.come_back(SHARDS, host.wishes) == "was not drained"


def test_a_lease_that_stays_undoes_the_drain(host: Host) -> None:
    with pytest.raises(databases.NotHandedOver, match=r"syd was not handed over within 0\.2 s"):
        host.leave()
    assert read_wishes(host.wishes) == {}


def test_force_leaves_the_wish(host: Host) -> None:
    said = host.leave(force=True)
    assert said == "had no lease to hand over; still has syd, which has no standby"
    assert databases.drained(SHARDS, host.wishes)
