"""What a host does about a volume, in every situation that a fleet can be in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from titanicarus.volumes.gluster.cli import Brick, Known
from titanicarus.volumes.gluster.decide import Look, Step, decide

HOSTS = ("syd-filer1", "syd-filer2", "syd-db1")
ID = "0bd351fc-3224-4561-9f6a-ba8bbebb1202"
KNOWN = Known(ID, True, tuple(Brick(host, host, Path("/srv/bricks/syd.1")) for host in HOSTS))
UNBORN = Look(
    me="syd-filer1", members=HOSTS, bricks=HOSTS, filers=HOSTS[:2], peers={"syd-filer2": True, "syd-db1": True}
)
WELL = replace(UNBORN, known=KNOWN, online=dict.fromkeys(HOSTS, True), mark=ID, remembered=ID)


def seen_by(host: str, look: Look) -> Look:
    """The same, as another host sees it."""
    return replace(look, me=host, peers={other: True for other in HOSTS if other != host})


def test_all_is_well() -> None:
    assert all(decide(seen_by(host, WELL)) == decide(WELL) for host in HOSTS)
    assert (decide(WELL).step, decide(WELL).why) == (None, "")


def test_the_first_filer_makes_the_volume_and_nobody_else() -> None:
    assert [decide(seen_by(host, UNBORN)).step for host in HOSTS] == [Step.CREATE, None, None]


def test_it_is_made_when_all_are_there() -> None:
    decision = decide(replace(UNBORN, peers={"syd-filer2": True, "syd-db1": False}))
    assert (decision.step, "syd-db1" in decision.why) == (None, True)


@pytest.mark.parametrize("traces", [{"remembered": ID}, {"mark": ID}])
def test_files_that_were_there_are_never_replaced_by_a_new_volume(traces: dict[str, str]) -> None:
    decision = decide(replace(UNBORN, **traces))
    assert (decision.step, "no new one is made" in decision.why) == (None, True)


def test_a_glusterd_that_does_not_know_a_member_is_restarted() -> None:
    assert decide(replace(WELL, peers={"syd-filer2": True})).step is Step.RESTART


def test_a_brick_that_is_down_is_started_by_its_own_host() -> None:
    down = replace(WELL, online={**WELL.online, "syd-db1": False})
    assert decide(seen_by("syd-db1", down)).step is Step.START
    decision = decide(down)
    assert (decision.step, decision.why) == (None, "goes on without syd-db1")


def test_a_brick_is_started_where_no_other_host_is_up() -> None:
    alone = replace(WELL, peers=dict.fromkeys(HOSTS[1:], False), online={"syd-filer1": False})
    assert decide(alone).step is Step.START


def test_a_blank_machine_is_filled_from_the_others() -> None:
    blank = replace(
        seen_by("syd-filer2", WELL), mark=None, remembered=None, online={"syd-filer1": True, "syd-db1": True}
    )
    decision = decide(blank)
    assert (decision.step, decision.why) == (Step.REPLACE, "the blank brick is filled from syd-filer1")


@pytest.mark.parametrize("missing", ["syd-filer1", "syd-db1"])
def test_but_not_while_another_brick_is_missing(missing: str) -> None:
    online = {"syd-filer1": True, "syd-db1": True, missing: False}
    assert decide(replace(seen_by("syd-filer2", WELL), mark=None, remembered=None, online=online)).step is None


def test_a_disk_that_is_not_mounted_is_no_blank_machine() -> None:
    decision = decide(replace(WELL, mark=None))
    assert (decision.step, "is its disk mounted?" in decision.why) == (None, True)
    assert "saguire files refill syd-filer1" in decision.why


def test_a_folder_of_another_volume_is_left_alone() -> None:
    decision = decide(replace(WELL, mark="11111111-fc32-4561-9f6a-ba8bbebb1202"))
    assert (decision.step, "another volume" in decision.why) == (None, True)


def test_options_are_set_by_one_host_and_only_with_most_of_the_pool() -> None:
    changed = replace(WELL, options={"network.ping-timeout": "3"})
    assert [decide(seen_by(host, changed)).step for host in HOSTS] == [Step.SET, None, None]
    assert decide(replace(changed, peers={"syd-filer2": True, "syd-db1": False})).step is Step.SET
    assert decide(replace(changed, peers=dict.fromkeys(HOSTS[1:], False))).step is None
    second = replace(seen_by("syd-filer2", changed), peers={"syd-filer1": False, "syd-db1": True})
    assert decide(second).step is Step.SET


def test_a_volume_that_is_not_started_is_started_by_the_leader() -> None:
    stopped = replace(WELL, known=replace(KNOWN, started=False), online={})
    assert [decide(seen_by(host, stopped)).step for host in HOSTS] == [Step.START, None, None]


def test_bricks_elsewhere_are_told_and_left_alone() -> None:
    moved = replace(WELL, bricks=("syd-filer1", "syd-filer2", "syd-db2"), members=(*HOSTS, "syd-db2"))
    moved = replace(moved, peers={**moved.peers, "syd-db2": True})
    decision = decide(moved)
    assert (decision.step, "should have them on" in decision.why) == (None, True)


def test_who_is_away_is_told() -> None:
    decision = decide(replace(WELL, peers={"syd-filer2": False, "syd-db1": True}))
    assert (decision.step, decision.why) == (None, "goes on without syd-filer2")
