"""Databases of smaller fleets: two islands, and two of which only one has database hosts; labs beside the first one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from lab.databases import LOST_WITH_AN_ISLAND, await_whole, divergence, island_of, measure, verdict, view, writer
from lab.running import Running, Show, until

EXAMPLE = "examples/two-islands.saguirefile"
pytestmark = pytest.mark.timeout(900)


@contextmanager
def lab_of(running: Running, name: str, file: Path) -> Iterator[Running]:
    """A lab of its own, up and with nothing missing; gone afterwards."""
    fleet = Running(name, running.checkout, file)
    try:
        fleet.saguire("up")
        for shard in fleet.shards:
            await_whole(fleet, shard)
        yield fleet
    finally:
        fleet.saguire("down", "--purge", ok=False)
        fleet.lab.down()
        shutil.rmtree(fleet.lab.layout.home)


@pytest.mark.exhaustive
def test_two_islands(running: Running, show: Show) -> None:
    """Each shard is at home, and has copies in both; any host may die, and either island."""
    with lab_of(running, "lab-pair", running.checkout / EXAMPLE) as pair:
        assert {shard: island_of(pair, writer(pair, shard)) for shard in pair.shards} == {"mel": "mel", "syd": "syd"}
        assert all(len(view(pair, shard).copies) == 4 for shard in pair.shards)

        victim = writer(pair, "syd")
        # From the other island: the web server of this one may be the very host that dies.
        felt = measure(pair, "syd", lambda: pair.lab.kill(victim), islands=["mel"], last=8.0)
        verdict(show, f"two islands: {victim}, primary of syd, killed", felt, gap=10.0)
        assert island_of(pair, writer(pair, "syd")) == "syd"
        pair.put_right()
        await_whole(pair, "syd")

        felt = measure(pair, "mel", lambda: pair.lab.kill_island("mel"), islands=["syd"])
        verdict(show, "two islands: mel lost, writes to mel from syd", felt, gap=20.0, allowed=LOST_WITH_AN_ISLAND)
        assert island_of(pair, writer(pair, "mel")) == "syd"
        hosts = [host.id for host in pair.lab.fleet.islands["mel"].hosts.values()]
        with ThreadPoolExecutor(len(hosts)) as pool:
            list(pool.map(pair.lab.start, hosts))
        for shard in pair.shards:
            await_whole(pair, shard)
        assert not felt.done.verdict.lost or divergence(pair, hosts, "mel")


@pytest.mark.exhaustive
def test_an_island_without_databases(running: Running, show: Show) -> None:
    """Its tenants have theirs in the other island, by the same name and port."""
    partly = running.checkout / "examples/one-with-databases.saguirefile"
    text = (running.checkout / EXAMPLE).read_text()
    before, mel = text.split("  mel:\n")
    partly.write_text(before + "  mel:\n" + mel.replace("web, db, control", "web, control"))
    try:
        with lab_of(running, "lab-partly", partly) as fleet:
            assert {island_of(fleet, writer(fleet, shard)) for shard in fleet.shards} == {"syd"}
            assert {copy.island for copy in view(fleet, "mel").copies} == {"syd"}
            until("mel serving its sites", lambda: "Laneway" in fleet.page_of("mel", "laneway.example"), 60)

            victim = writer(fleet, "mel")
            felt = measure(fleet, "mel", lambda: fleet.lab.kill(victim), islands=["mel"], last=8.0)
            verdict(show, f"databases in one island: {victim}, primary of mel, killed; from mel", felt, gap=10.0)
            assert writer(fleet, "mel") != victim
    finally:
        partly.unlink()
