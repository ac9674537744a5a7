"""Databases of smaller fleets: two islands, and two of which only one has database hosts; labs beside the first one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest
from lab.databases import (
    LOST_WITH_AN_ISLAND,
    await_whole,
    divergence,
    island_of,
    measure,
    start,
    verdict,
    view,
    writer,
)
from lab.running import Running, Show, until

from titanicarus.checker.plan import now

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


THIRD = """
  per:
    lan: {network: 10.73.3.0/24, vip: 10.73.3.10, gateway: 10.73.3.1}
    wan: {network: 198.19.13.0/24, vip: 198.19.13.10, gateway: 198.19.13.4, router: 198.19.13.1}
    hosts:
      c1: {lan: 10.73.3.11, wan: 198.19.13.11, roles: [lb, web, db, directory, control]}
      c2: {lan: 10.73.3.12, wan: 198.19.13.12, roles: [lb, web, db, directory, control]}
"""


@pytest.mark.exhaustive
@pytest.mark.timeout(1800)
def test_an_island_is_added(running: Running, show: Show) -> None:
    """By the Saguirefile and `up`, while users are served: its copies are filled, and it gets users when it is well."""
    grown = running.checkout / "examples/grown.saguirefile"
    grown.write_text((running.checkout / EXAMPLE).read_text())
    try:
        with lab_of(running, "lab-grown", grown) as pair:
            felt = start(pair, "syd", ["syd"])
            try:
                felt.moment = now()
                grown.write_text(grown.read_text() + THIRD)
                took = monotonic()
                pair.saguire("up")
                trio = Running("lab-grown", running.checkout, grown)
                await_whole(trio, "syd")
                until("per serving its sites", lambda: "Laneway" in trio.page_of("per", "laneway.example"), 120)
                took = monotonic() - took
                felt.report = felt.workload.judged()
            finally:
                felt.workload.kill()
            assert len(view(trio, "syd").copies) == 6
            until("per having users", lambda: shares(trio).get("per", 0.0) > 0.0, 120, poll=2.0)
            verdict(show, f"an island is added in {took:.0f} s, writes to syd at home", felt, gap=4.0)
            show(f"shares of new users: {shares(trio)}")
    finally:
        grown.unlink()


def shares(fleet: Running) -> dict[str, float]:
    """Each island's share of new users."""
    return {one["island"]: one["share"] or 0.0 for one in fleet.json("status")["islands"]}
