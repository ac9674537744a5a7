"""What a control host wants of Route53, from its own disk: the last push, and the islands that are out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from titanicarus.control import layout
from titanicarus.gslb.declared import declared
from titanicarus.gslb.desired import UnknownIsland
from titanicarus.heal.ledger import FOLDER, Ledger
from titanicarus.heal.shares import BROUGHT_BACK, TAKEN_OUT

HOST = "syd-store1"
PILLAR = {
    "fleet": "example", "domain": "hosting.example", "ttl": 10,
    "check": {"service": "web", "path": "/healthz/web", "port": 80, "interval": 10, "threshold": 1},
    "islands": {"mel": {"address": "198.51.100.1", "weight": 50}, "syd": {"address": "198.51.100.2", "weight": 50}},
    "zones": {"harbour.example": ["harbour.example"]},
}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    deploy = layout.below(tmp_path, layout.DEPLOY)
    release = layout.Deploy(deploy).release("1")
    release.pillar.mkdir(parents=True)
    (release.pillar / f"{HOST}.json").write_text(json.dumps({"gslb": PILLAR}))
    layout.Deploy(deploy).current.symlink_to(release.path)
    return tmp_path


def weights(root: Path, changed: dict[str, int] | None = None) -> dict[str, int]:
    records = declared(HOST, changed, root).records
    return {island: records["harbour.example", island].weight for island in PILLAR["islands"]}  # type: ignore[attr-defined]


def test_islands_that_are_out_have_no_share(root: Path) -> None:
    assert weights(root) == {"mel": 50, "syd": 50}
    ledger = Ledger("mel-store1", layout.below(root, FOLDER))
    entry = {"at": 1.0, "master": "mel-store1", "island": "mel", "incident": "1"}
    ledger.add({**entry, "step": TAKEN_OUT})
    assert weights(root) == {"mel": 0, "syd": 50}
    assert weights(root, {"mel": 7}) == {"mel": 7, "syd": 50}, "what is asked for now comes first"
    ledger.add({**entry, "at": 2.0, "step": TAKEN_OUT, "island": "gone"})
    assert weights(root) == {"mel": 0, "syd": 50}, "an island that is declared no more has no share anyway"
    ledger.add({**entry, "at": 3.0, "step": BROUGHT_BACK})
    assert weights(root) == {"mel": 50, "syd": 50}, "before anybody has seen that Route53 took it"


def test_a_share_of_an_unknown_island_is_an_error(root: Path) -> None:
    with pytest.raises(UnknownIsland, match="gone"):
        weights(root, {"gone": 1})
